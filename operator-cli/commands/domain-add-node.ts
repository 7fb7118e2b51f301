import { resolve } from 'node:path';
import type { Command } from 'commander';
import { addNode } from '../cluster/index.ts';
import type { CliEnvironment } from '../environment.ts';
import { examples, exits } from '../help.ts';
import { nodeOption, wholeNumber } from '../option-values.ts';
import { renderTable } from '../output.ts';
import { createSession } from '../session.ts';

interface AddNodeOptions {
  readonly publicPort: number;
  readonly peerPort: number;
  readonly listen: string;
  readonly replicas?: number;
}

export function addDomainAddNode(parent: Command, environment: CliEnvironment): void {
  const command = parent
    .command('add-node')
    .description("make the keys and settings of one more node and sign the domain's next section")
    .argument('<dir>', 'the folder that "domain init" made')
    .argument('<node>', 'the new node, unique in the ring', nodeOption)
    .argument('<host>', 'the host it is reached at')
    .option('--public-port <n>', 'port for sensors and operators', wholeNumber(1, 65_535), 7_400)
    .option('--peer-port <n>', 'port for other nodes', wholeNumber(1, 65_535), 7_401)
    .option('--listen <address>', 'address the node listens on', '0.0.0.0')
    .option('--replicas <n>', 'nodes that own each partition from then on', wholeNumber(1, 128));
  examples(command, [['m-cloud domain add-node ./cloud-a cloud-a-3 a3.example.org', '']]);
  exits(command, ['FAILED', 'REFUSED']);
  command.action(
    async (dir: string, node: ReturnType<typeof nodeOption>, host: string, options: AddNodeOptions) => {
      const session = createSession(command, environment);
      const folder = resolve(environment.workingFolder, dir);
      const { publicPort, peerPort, listen: listenHost } = options;
      const address = { host, listenHost, publicPort, peerPort };
      const source = { randomBytes: environment.randomBytes, nowMs: environment.clock.now() };
      const { section, shared, sharedWith } = await addNode(folder, node, address, options.replicas, source);
      session.say(
        `${node}/node.json took ${shared.join(', ') || 'nothing'} from ${sharedWith}/node.json in this folder: they must be as on the computers of the domain's other nodes`,
      );
      session.say(
        'send section.jws to the operator, who assembles it with --placement-from and publishes it; then join the ' +
          'new ring document and start the node',
      );
      const nodes = section.nodes.map(({ id, url, peerUrl, storeId }) => ({ id, url, peerUrl, storeId }));
      session.answer(
        { domain: section.domain, version: section.version, replicas: section.replicas, nodes },
        () =>
          renderTable([
            ['node', 'address', 'for other nodes'],
            ...nodes.map(({ id, url, peerUrl }) => [id, url, peerUrl]),
          ]),
      );
    },
  );
}
