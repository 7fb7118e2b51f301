import type { Command } from 'commander';
import type { CliEnvironment } from '../environment.ts';
import { examples, exits } from '../help.ts';
import { createSession } from '../session.ts';
import { streamJson, streamText, windowsText } from '../stream-report.ts';

const RETIRED = '  retired: it opens no window and takes no reading any more\n';

export function addStreamShow(parent: Command, environment: CliEnvironment): void {
  const command = parent
    .command('show')
    .description('what a stream measures, its gate, and its windows')
    .argument('<stream>', 'name or hash of the stream, or the first 8 digits of the hash or more');
  examples(command, [['m-cloud stream show temperature', '']]);
  exits(command, ['FAILED', 'REFUSED', 'TRY_AGAIN']);
  command.action(async (name: string) => {
    const session = createSession(command, environment);
    await session.withOperator(async ({ operator }) => {
      const { stream, windows, retired } = await operator.findStream(name, { signal: environment.signal });
      session.answer({ ...streamJson(stream), retired, windows }, () =>
        [streamText(stream, session.palette), retired ? RETIRED : '', windowsText(windows, stream.groups)]
          .filter((text) => text !== '')
          .join('\n'),
      );
    });
  });
}
