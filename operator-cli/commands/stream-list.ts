import type { Command } from 'commander';
import type { CliEnvironment } from '../environment.ts';
import { examples, exits } from '../help.ts';
import { renderTable } from '../output.ts';
import { createSession } from '../session.ts';

export function addStreamList(parent: Command, environment: CliEnvironment): void {
  const command = parent.command('list').description('the streams that the nodes know');
  examples(command, [['m-cloud stream list', '']]);
  exits(command, ['FAILED', 'REFUSED', 'TRY_AGAIN']);
  command.action(async () => {
    const session = createSession(command, environment);
    await session.withOperator(async ({ operator }) => {
      const streams = await operator.listStreams({ signal: environment.signal });
      if (streams.length === 0) session.say('no streams yet; `m-cloud stream create` makes one');
      const rows = streams.map(({ stream, name, retired }) => [
        name,
        stream,
        retired === true ? 'retired' : '',
      ]);
      session.answer(
        streams.map((stream) => ({ ...stream, retired: stream.retired === true })),
        () => (rows.length === 0 ? '' : renderTable([['name', 'hash', ''], ...rows])),
      );
    });
  });
}
