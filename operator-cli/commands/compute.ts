import type { Command } from 'commander';
import { EngineError } from '../../src/foundation/index.ts';
import type { CliEnvironment } from '../environment.ts';
import { defaultTexts, examples, exits } from '../help.ts';
import { WAIT_MS_DEFAULT, WAIT_MS_MAX } from '../operator/index.ts';
import { wholeNumber } from '../option-values.ts';
import { resultJson, resultText } from '../result-report.ts';
import { createSession } from '../session.ts';
import { type WindowChoice, windowChoice, windowOf } from '../window-choice.ts';

/** Digits a person may ask for: printing is quadratic in them, and no measurement has a thousand. */
export const DIGITS_MAX = 1_000;

interface ComputeOptions {
  readonly window: WindowChoice;
  readonly seal?: boolean;
  readonly digits: number;
  readonly wait: number;
}

export function addCompute(parent: Command, environment: CliEnvironment): void {
  const command = parent
    .command('compute')
    .description('the exact statistics of a window, from one row of every domain')
    .argument('<stream>', 'name or hash of the stream, or the first 8 digits of the hash or more')
    .option('--window <start>', 'start of the window, or latest', windowChoice, { kind: 'latest' })
    .option('--seal', 'seal through one node first; without it each domain seals an open window by itself')
    .option('--digits <n>', 'significant digits of rounded numbers', wholeNumber(1, DIGITS_MAX), 15)
    .option(
      '--wait <seconds>',
      'how long to wait until all is settled',
      wholeNumber(0, WAIT_MS_MAX / 1_000),
      WAIT_MS_DEFAULT / 1_000,
    );
  defaultTexts(command, { window: 'latest' });
  examples(command, [
    ['m-cloud compute temperature', 'close the newest window and print its statistics'],
    ['m-cloud compute temperature --seal --json', 'the same, sealed through one node first'],
    ['m-cloud compute 3f9a12c4 --window 2026-01-31T12:00Z', ''],
  ]);
  exits(command, ['FAILED', 'REFUSED', 'TRY_AGAIN', 'INCOMPLETE', 'WITHHELD', 'INEXACT']);
  command.action(async (name: string, options: ComputeOptions) => {
    const session = createSession(command, environment);
    const { signal } = environment;
    const waitMs = options.wait * 1_000;
    await session.withOperator(async ({ operator }) => {
      const state = await operator.findStream(name, { signal });
      const window = windowOf(state, options.window);
      if (options.seal === true) {
        const answer = await operator.seal(state.stream, window, { waitMs, signal });
        session.say(answer.sealed ? 'sealed' : `not sealed yet: ${answer.reason}`);
      }
      const outcome = await operator.compute(state.stream, window, { waitMs, signal });
      if (outcome.kind !== 'result') {
        if (session.json) session.answer(outcome, () => '');
        throw new EngineError(outcome.kind === 'withheld' ? 'WITHHELD' : 'INCOMPLETE', outcome.reason);
      }
      session.answer(resultJson(state.stream, outcome, options.digits), () =>
        resultText(state.stream, outcome, options.digits, session.palette),
      );
    });
  });
}
