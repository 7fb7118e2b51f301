import { resolve } from 'node:path';
import type { Command } from 'commander';
import { joinRing } from '../cluster/index.ts';
import { readText } from '../config.ts';
import type { CliEnvironment } from '../environment.ts';
import { examples, exits } from '../help.ts';
import { renderTable } from '../output.ts';
import { createSession } from '../session.ts';

export function addDomainJoin(parent: Command, environment: CliEnvironment): void {
  const command = parent
    .command('join')
    .description("check an assembled ring document and put it into the domain's node folders")
    .argument('<dir>', 'the folder that "domain init" made')
    .argument('<ring>', 'the ring document');
  examples(command, [['m-cloud domain join ./cloud-a ring.jws', '']]);
  exits(command, ['FAILED', 'INPUT', 'REFUSED']);
  command.action(async (dir: string, file: string) => {
    const session = createSession(command, environment);
    const folder = resolve(environment.workingFolder, dir);
    const jws = await readText(resolve(environment.workingFolder, file), 'the ring document');
    const { ring, section } = await joinRing(folder, jws.trim());
    session.say('compare the keys of the other domains with what they publish themselves');
    const domains = ring.domains.map(({ domain, operatorName, provider, key }) => ({
      domain,
      operatorName,
      provider,
      key,
    }));
    const nodes = section.nodes.map(({ id }) => id);
    session.answer({ epoch: ring.epoch, hash: ring.hash, nodes, domains }, () => {
      const table = renderTable([
        ['domain', 'operator', 'provider', 'key'],
        ...domains.map(({ domain, operatorName, provider, key }) => [domain, operatorName, provider, key]),
      ]);
      const starts = nodes.map((id) => `  m-cloud-node --config ${dir}/${id}/node.json\n`);
      return `${table}\n${starts.join('')}`;
    });
  });
}
