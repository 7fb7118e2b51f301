import { resolve } from 'node:path';
import type { Command } from 'commander';
import { EngineError, inFile, printable } from '../../src/foundation/index.ts';
import { nodeVerifier } from '../../src/platform/index.ts';
import type { Published } from '../../src/protocol/ring-messages.ts';
import { openRingDocument } from '../../src/ring/index.ts';
import { replaceFile } from '../cluster/index.ts';
import { readOperatorKey, readText } from '../config.ts';
import type { CliEnvironment } from '../environment.ts';
import { examples, exits } from '../help.ts';
import { renderTable, shownTime } from '../output.ts';
import { createSession } from '../session.ts';

export function addRingPublish(parent: Command, environment: CliEnvironment): void {
  const command = parent
    .command('publish')
    .description('give the nodes a new ring document; again, to see how far it has come')
    .argument('<ring>', 'the ring document');
  examples(command, [['m-cloud ring publish ring-2.jws', '']]);
  exits(command, ['FAILED', 'REFUSED', 'TRY_AGAIN']);
  command.action(async (file: string) => {
    const session = createSession(command, environment);
    const { config } = command.optsWithGlobals<{ readonly config?: string }>();
    const text = await readText(resolve(environment.workingFolder, file), 'the ring document');
    const ring = await inFile(file, () => openRingDocument(text.trim(), nodeVerifier));
    const { ringPath } = await readOperatorKey(environment, config);
    const { signal } = environment;
    const published = await session.withOperator(({ operator }) =>
      operator.publishRing(ring.jws, { signal }),
    );
    if (published.epoch > ring.epoch) {
      throw new EngineError(
        'RING_REFUSED',
        `expected the newest ring document, got epoch ${ring.epoch}; the nodes have ${published.epoch}`,
      );
    }
    // From here on the operator's other commands find nodes where the new document says.
    await replaceFile(ringPath, `${ring.jws}\n`);
    session.say(`${file} is now the ring document of the operator, ${ringPath}`);
    session.answer(published, () =>
      [
        renderTable([
          ['epoch', String(published.epoch)],
          ['nodes that have it', `${published.stored} of ${published.nodes}`],
          ['places windows from', shownTime(published.placementFrom)],
          ['in force', published.inForce ? 'yes' : 'not yet: its windows do not open; publish again to see'],
        ]),
        missingText(published.missing),
      ].join(''),
    );
  });
}

/** A node that is away fetches it when it is back; what refuses it needs a person. */
function missingText(missing: Published['missing']): string {
  if (missing.length === 0) return '';
  return `\nMissing:\n${renderTable(missing.map(({ node, code, message }) => [printable(node), printable(`${code}: ${message}`)]))}`;
}
