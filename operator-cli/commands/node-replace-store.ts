import { resolve } from 'node:path';
import type { Command } from 'commander';
import { replaceStore } from '../cluster/index.ts';
import type { CliEnvironment } from '../environment.ts';
import { examples, exits } from '../help.ts';
import { nodeOption } from '../option-values.ts';
import { renderTable } from '../output.ts';
import { createSession } from '../session.ts';

export function addNodeReplaceStore(parent: Command, environment: CliEnvironment): void {
  const command = parent
    .command('replace-store')
    .description("declare a node's store lost and give it a new, empty one; on its domain's own computer")
    .argument('<dir>', 'the folder that "domain init" made')
    .argument('<node>', 'the node, which must not be running', nodeOption);
  examples(command, [['m-cloud node replace-store ./cloud-a cloud-a-1', '']]);
  exits(command, ['FAILED', 'REFUSED']);
  command.action(async (dir: string, node: ReturnType<typeof nodeOption>) => {
    const session = createSession(command, environment);
    const folder = resolve(environment.workingFolder, dir);
    const replaced = await replaceStore(folder, node, environment.randomBytes);
    const { section, lost, storeId, dataFolder } = replaced;
    session.say(
      'send section.jws to the operator, who assembles it with --placement-from and publishes it; then join the ' +
        'new ring document and start the node. It votes in windows from then on; older ones settle without its vote.',
    );
    const answer = { node, version: section.version, lost, storeId, dataFolder };
    session.answer(answer, () =>
      renderTable([
        ['node', node],
        ['section', `version ${section.version}`],
        ['store declared lost', lost],
        ['new store', storeId],
        ['its data folder', dataFolder],
      ]),
    );
  });
}
