import type { Command } from 'commander';
import { EngineError } from '../../src/foundation/index.ts';
import type { CliEnvironment } from '../environment.ts';
import { defaultTexts, examples, exits } from '../help.ts';
import { waitOption } from '../option-values.ts';
import { shownTime } from '../output.ts';
import { createSession } from '../session.ts';
import { type WindowChoice, windowChoice, windowOf } from '../window-choice.ts';

interface SealOptions {
  readonly window: WindowChoice;
  readonly wait: number;
}

export function addWindowSeal(parent: Command, environment: CliEnvironment): void {
  const command = parent
    .command('seal')
    .description('freeze a window for ever: it takes no reading any more')
    .argument('<stream>', 'name or hash of the stream')
    .option('--window <start>', 'start of the window, or latest', windowChoice, { kind: 'latest' })
    .addOption(waitOption('how long to wait for enough acceptors'));
  defaultTexts(command, { window: 'latest' });
  examples(command, [['m-cloud window seal temperature', '']]);
  exits(command, ['FAILED', 'REFUSED', 'TRY_AGAIN', 'INCOMPLETE']);
  command.action(async (name: string, options: SealOptions) => {
    const session = createSession(command, environment);
    const { signal } = environment;
    await session.withOperator(async ({ operator }) => {
      const wait = { waitMs: options.wait * 1_000, signal };
      const state = await operator.findStream(name, wait);
      const window = windowOf(state, options.window);
      const answer = await operator.seal(state.stream, window, wait);
      if (session.json || answer.sealed) {
        session.answer(
          { stream: state.stream.hash, window, ...answer },
          () => `  sealed  ${window}  ${shownTime(window)}\n`,
        );
      }
      if (!answer.sealed) {
        throw new EngineError(
          'INCOMPLETE',
          `expected every partition frozen at a majority of its acceptors, got ${answer.partitionsOpen} that are not: ${answer.reason}`,
        );
      }
    });
  });
}
