import { expect, test } from 'vitest';
import { createErasing, type ErasingComponents } from '../../../node/services/erasing.ts';
import { openUnopenedVotes, type UnopenedVotesComponents } from '../../../node/services/unopened-votes.ts';
import type { WindowRecord } from '../../../node/services/windows.ts';
import { EngineError } from '../../../src/foundation/index.ts';
import { expectCode } from '../../support/bad-input.ts';
import { createManualClock } from '../../support/manual-clock.ts';
import { isPending } from '../../support/pending.ts';
import { context } from '../../vectors/generate/message-samples.ts';

/** As many as a stream with a window a minute opens in a day and a half. */
const WINDOWS = 2_000;
/** Across a continent, there and back. */
const ANSWER_MS = 50;
const LENGTH_MS = 60_000;
const RETENTION_MS = 3_600_000;
const FIRST = 1_700_000_000_000;

type StreamWindow = WindowRecord['stream']['window'];

/** A node that has voted for many windows which are over, and heard of none that it is open. */
async function scene(window: StreamWindow, refused?: number) {
  const clock = createManualClock(FIRST);
  const learnt = new Set<number>();
  const components = {
    journal: { synced: async () => {} },
    tables: { scan: async function* () {}, peekMany: async () => [null] },
    keys: { list: async () => [] },
    windows: {
      findOpen: () => undefined,
      async learn({ scope }: WindowRecord) {
        if (scope.window === refused)
          throw new EngineError('OVERLOADED', 'no room for a window of its stream');
        learnt.add(scope.window);
      },
    },
    erased: { find: async () => null },
    clock,
  } as unknown as UnopenedVotesComponents;
  const votes = await openUnopenedVotes(components);
  const stream = { window, graceMs: 0, retentionMs: RETENTION_MS };
  for (let i = 0; i < WINDOWS; i++) {
    const scope = { ...context, window: FIRST + i * LENGTH_MS };
    votes.note({ scope, stream, terms: null } as unknown as WindowRecord);
  }
  await clock.advance(WINDOWS * LENGTH_MS + RETENTION_MS);
  return { clock, votes, learnt, from: clock.now() };
}

test('thousands of windows that a node was not told of are asked for side by side', async () => {
  const { clock, votes, learnt, from } = await scene({ kind: 'fixed', durationMs: LENGTH_MS });
  const decisions = {
    async read() {
      await clock.sleep(ANSWER_MS);
      return new Uint8Array(0);
    },
  };
  await clock.until(votes.learnEnded(decisions, new AbortController().signal));
  expect(learnt.size).toBe(WINDOWS);
  expect(clock.now() - from).toBeLessThan(5_000);
});

test('whether thousands are erased is asked side by side, and those found are kept where a question fails', async () => {
  const { clock, votes, from } = await scene({ kind: 'manual' });
  let asked = 0;
  const isErased = async () => {
    asked += 1;
    const fails = asked === 100;
    await clock.sleep(ANSWER_MS);
    if (fails) throw new EngineError('STORE_FAILED', 'no disk');
    return true;
  };
  await expect(clock.until(votes.due(isErased))).rejects.toMatchObject({ code: 'STORE_FAILED' });
  // Not again within a moment.
  await clock.advance(15_000);
  const due = await clock.until(votes.due(isErased));
  expect(due.length).toBe(WINDOWS);
  expect(clock.now() - from - 15_000).toBeLessThan(10_000);
});

test('what the disk had no room to erase, and what stands behind it, is erased in the next round', async () => {
  const { clock, votes } = await scene({ kind: 'fixed', durationMs: LENGTH_MS });
  const erased: number[] = [];
  let full = true;
  const erasing = createErasing({
    unopened: votes,
    clock,
    decisions: { isErased: async () => false },
    windows: {
      all: () => [],
      async erase({ scope }: WindowRecord) {
        if (full && erased.length > 0) throw new EngineError('OVERLOADED', 'too much waits for the disk');
        erased.push(scope.window);
      },
    },
    erased: { unfinished: async () => [], finish: async () => {} },
    keys: { destroy: async () => {} },
    journal: { range: async () => [], compact: async () => {} },
    log: { info: () => {} },
  } as unknown as ErasingComponents);
  await expectCode(erasing.run(), 'OVERLOADED');
  full = false;
  await erasing.run();
  await erasing.run();
  expect([erased.length, new Set(erased).size]).toEqual([WINDOWS, WINDOWS]);
});

test('a window that there is no room for keeps back itself, and none behind it', async () => {
  const { clock, votes, learnt } = await scene({ kind: 'fixed', durationMs: LENGTH_MS }, FIRST);
  const read = async () => new Uint8Array(0);
  await clock.until(votes.learnEnded({ read }, new AbortController().signal));
  expect(learnt.size).toBe(WINDOWS - 1);
});

test('an erasure that ends waits for nobody who is asked whether a window is erased', async () => {
  const { clock, votes } = await scene({ kind: 'manual' });
  const ending = new AbortController();
  const ended = new Promise<never>((_resolve, reject) => {
    ending.signal.addEventListener('abort', () => reject(ending.signal.reason));
  });
  const erasing = createErasing({
    unopened: votes,
    clock,
    decisions: {
      isErased: (_: WindowRecord, signal: AbortSignal) =>
        signal === ending.signal ? ended : new Promise(() => {}),
    },
    windows: { all: () => [] },
    erased: { unfinished: async () => [] },
  } as unknown as ErasingComponents);
  const run = erasing.run(ending.signal);
  run.catch(() => {});
  expect(await isPending(run)).toBe(true);
  ending.abort(new Error('the node closes'));
  await expect(run).rejects.toThrow('the node closes');
});
