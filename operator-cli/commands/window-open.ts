import type { Command } from 'commander';
import { EngineError } from '../../src/foundation/index.ts';
import type { WindowSummary } from '../../src/protocol/index.ts';
import { windowId } from '../../src/ring/index.ts';
import type { CliEnvironment } from '../environment.ts';
import { defaultTexts, examples, exits } from '../help.ts';
import { type TimeOption, timeOf, timeOption } from '../option-values.ts';
import { renderTable, shownTime } from '../output.ts';
import { createSession } from '../session.ts';

interface OpenOptions {
  readonly window: TimeOption;
  readonly notBefore: TimeOption;
  readonly latest: TimeOption;
}

export function addWindowOpen(parent: Command, environment: CliEnvironment): void {
  const command = parent
    .command('open')
    .description('open a window of a stream, so that sensors can upload into it')
    .argument('<stream>', 'name or hash of the stream')
    .option('--window <start>', 'its start, which is also its name', timeOption, { kind: 'now' })
    .option('--not-before <time>', 'it cannot be sealed before', timeOption, { kind: 'after', ms: 0 })
    .option('--latest <time>', 'it is sealed by itself', timeOption, { kind: 'after', ms: 86_400_000 });
  defaultTexts(command, { window: 'now', notBefore: 'its start', latest: '+1d' });
  examples(command, [
    ['m-cloud window open temperature', 'from now, for a day or until it is sealed'],
    ['m-cloud window open temperature --not-before +1h --latest +2h', ''],
  ]);
  exits(command, ['FAILED', 'REFUSED', 'TRY_AGAIN']);
  command.action(async (name: string, options: OpenOptions) => {
    const session = createSession(command, environment);
    const now = environment.clock.now();
    const start = timeOf(options.window, { now, from: now });
    const terms = {
      window: windowId(start),
      notBefore: timeOf(options.notBefore, { now, from: start }),
      latest: timeOf(options.latest, { now, from: start }),
    };
    if (terms.latest < terms.notBefore) {
      throw new EngineError(
        'INVALID_ARGUMENT',
        `expected --latest not to be before --not-before, got ${shownTime(terms.latest)} and ${shownTime(terms.notBefore)}`,
      );
    }
    await session.withOperator(async ({ operator }) => {
      const { stream, windows } = await operator.findStream(name, { signal: environment.signal });
      await operator.openWindow(stream, terms, { signal: environment.signal });
      session.answer({ stream: stream.hash, name: stream.name, ...terms }, () =>
        renderTable([
          ['window', String(terms.window), shownTime(terms.window)],
          ['not sealed before', String(terms.notBefore), shownTime(terms.notBefore)],
          ['sealed at the latest', String(terms.latest), shownTime(terms.latest)],
        ]),
      );
      const beside = openBeside(windows, terms);
      if (beside.length > 0) {
        session.say(
          `also open at that time: ${beside.join(', ')}; until all but one are sealed, sensors have to name the window they mean`,
        );
      }
    });
  });
}

/** The windows that lie open at some time of a new one. */
function openBeside(
  windows: readonly WindowSummary[],
  { window: from, latest: to }: { readonly window: number; readonly latest: number },
): readonly number[] {
  const beside = windows.filter(
    ({ state, window, latest }) => state === 'OPEN' && window !== from && window < to && from < latest,
  );
  return [...new Set(beside.map(({ window }) => window))];
}
