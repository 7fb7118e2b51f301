import type { Command } from 'commander';
import { signRetirement } from '../../src/protocol/stream-retirement.ts';
import type { CliEnvironment } from '../environment.ts';
import { examples, exits } from '../help.ts';
import { counted } from '../output.ts';
import { createSession } from '../session.ts';

export function addStreamRetire(parent: Command, environment: CliEnvironment): void {
  const command = parent
    .command('retire')
    .description('end a stream for ever: no further window, no new reading; what is released stays')
    .argument('<stream>', 'name or hash of the stream, or the first 8 digits of the hash or more');
  examples(command, [['m-cloud stream retire temperature', 'cannot be undone']]);
  exits(command, ['FAILED', 'REFUSED', 'TRY_AGAIN']);
  command.action(async (name: string) => {
    const session = createSession(command, environment);
    const { signal } = environment;
    await session.withOperator(async ({ operator, signer }) => {
      const { stream } = await operator.findStream(name, { signal });
      const statement = await signRetirement(stream.hash, signer);
      const { taken, missed } = await operator.retireStream(stream, statement, { signal });
      for (const { node, code } of missed) {
        session.say(`node ${node} did not take it: ${code}; the others pass it on when it is back`);
      }
      session.answer(
        { stream: stream.hash, name: stream.name, retired: true, taken, missed },
        () => `  ${stream.name} (${stream.hash}) is retired at ${counted(taken.length, 'node')}\n`,
      );
    });
  });
}
