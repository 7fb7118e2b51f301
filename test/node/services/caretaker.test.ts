import { expect, test } from 'vitest';
import { CARE_EVERY_MS, type CaretakerComponents, runCaretaker } from '../../../node/services/caretaker.ts';
import type { OpenWindowRecord } from '../../../node/services/windows.ts';
import { EngineError } from '../../../src/foundation/index.ts';
import { createManualClock } from '../../support/manual-clock.ts';
import { isPending } from '../../support/pending.ts';

const SELF = 'a1';

/** A caretaker whose every step succeeds at once, but for a seal that never ends. */
function hangingScene() {
  const clock = createManualClock();
  const erased: number[] = [];
  const done = { run: async () => {} };
  const overdue = { scope: {}, stream: { domains: [] }, settlement: null, terms: { value: { latest: 0 } } };
  let seals = 0;
  const components = {
    census: { olderThan: () => [] },
    decisions: {},
    erasing: { run: async () => void erased.push(clock.now()) },
    exchange: done,
    missed: done,
    opening: done,
    repair: done,
    retirements: done,
    rosterSpread: done,
    spread: done,
    votedReleases: done,
    unopened: { learnEnded: async () => {} },
    windows: { all: () => [overdue] },
    settling: {
      settle: () => {
        seals += 1;
        return new Promise<void>(() => {});
      },
    },
    rings: { of: () => ({ placement: { registerAcceptors: () => [SELF] } }) },
    self: { nodeId: SELF },
    clock,
    randomBytes: (length: number) => new Uint8Array(length),
    log: { debug: () => {} },
  } as unknown as CaretakerComponents;
  return { clock, components, erased, seals: () => seals };
}

test('a seal that waits for a node that hangs keeps nothing else waiting', async () => {
  const { clock, components, erased, seals } = hangingScene();
  const ending = new AbortController();
  void runCaretaker(components, ending.signal);
  for (let rounds = 0; rounds < 5; rounds++) await clock.advance(CARE_EVERY_MS);
  ending.abort();
  expect(seals()).toBe(1);
  expect(erased.length).toBeGreaterThanOrEqual(5);
});

test('a window that cannot be settled is sealed less and less often, and still', async () => {
  const { clock, components } = hangingScene();
  const sealedMs: number[] = [];
  const own = {
    ...components,
    settling: {
      async settle() {
        sealedMs.push(clock.now());
        throw new EngineError('INCOMPLETE', 'no majority of the acceptors answers');
      },
    },
  } as unknown as CaretakerComponents;
  const ending = new AbortController();
  void runCaretaker(own, ending.signal);
  for (let rounds = 0; rounds < 2 * 120; rounds++) await clock.advance(CARE_EVERY_MS / 2);
  ending.abort();
  const pauses = sealedMs.slice(1).map((at, place) => at - (sealedMs[place] ?? 0));
  expect(pauses.slice(0, 5)).toEqual([1_000, 2_000, 4_000, 8_000, 16_000]);
  expect(Math.max(...pauses)).toBe(16_000);
  expect(pauses.length).toBeGreaterThan(8);
});

test('a repair of a large store keeps neither flags nor erasures waiting', async () => {
  const { clock, components, erased } = hangingScene();
  const asked: number[] = [];
  const own = {
    ...components,
    repair: { run: () => new Promise<void>(() => {}) },
    census: {
      olderThan() {
        asked.push(clock.now());
        return [];
      },
    },
  } as unknown as CaretakerComponents;
  const ending = new AbortController();
  void runCaretaker(own, ending.signal);
  for (let rounds = 0; rounds < 5; rounds++) await clock.advance(CARE_EVERY_MS);
  ending.abort();
  expect(asked.length).toBeGreaterThanOrEqual(5);
  expect(erased.length).toBeGreaterThanOrEqual(5);
});

test('a row on one disk too few waits for nothing else that a node does by itself', async () => {
  const { clock, components } = hangingScene();
  const hangs = { run: () => new Promise<void>(() => {}) };
  const spread: number[] = [];
  const own = {
    ...components,
    ...{
      exchange: hangs,
      retirements: hangs,
      opening: hangs,
      votedReleases: hangs,
      repair: hangs,
      missed: hangs,
    },
    spread: { run: async () => void spread.push(clock.now()) },
  } as unknown as CaretakerComponents;
  const ending = new AbortController();
  void runCaretaker(own, ending.signal);
  for (let rounds = 0; rounds < 5; rounds++) await clock.advance(CARE_EVERY_MS);
  ending.abort();
  expect(spread.length).toBeGreaterThanOrEqual(5);
});

test('flags over their timeout are resolved partition by partition, all of one together', async () => {
  const { clock, components } = hangingScene();
  const record = { scope: {}, stream: { flagTimeoutMs: 0 } };
  const overdue = [7, 9, 7, 7, 9].map((partition, place) => ({ record, partition, entry: { place } }));
  const resolved: (readonly [number, readonly number[]])[] = [];
  const own = {
    ...components,
    census: { olderThan: () => (resolved.length === 0 ? overdue : []), learned: () => {} },
    flags: {
      read: async (_: unknown, __: number, entries: readonly unknown[]) => entries.map(() => 'UNDECIDED'),
      resolve: async (_: unknown, partition: number, entries: readonly { readonly place: number }[]) => {
        resolved.push([partition, entries.map(({ place }) => place)]);
        return entries.map(() => 'ERROR');
      },
    },
    rings: { ...components.rings, proposer: () => 0 },
  } as unknown as CaretakerComponents;
  const ending = new AbortController();
  void runCaretaker(own, ending.signal);
  for (let rounds = 0; rounds < 3; rounds++) await clock.advance(CARE_EVERY_MS);
  ending.abort();
  expect(resolved).toEqual([
    [7, [0, 2, 3]],
    [9, [1, 4]],
  ]);
});

test('two resolvers of one flag do not meet at every turn', async () => {
  const firstOf = async (byte: number) => {
    const { clock, components } = hangingScene();
    const record = { scope: {}, stream: { flagTimeoutMs: 0 } };
    const askedMs: number[] = [];
    const fromMs = clock.now();
    const own = {
      ...components,
      census: { olderThan: () => [{ record, partition: 7, entry: {} }], learned: () => {} },
      flags: {
        read: async () => ['UNDECIDED'],
        resolve: async () => {
          askedMs.push(clock.now() - fromMs);
          return ['UNDECIDED'];
        },
      },
      rings: { ...components.rings, proposer: () => 0 },
      randomBytes: (length: number) => new Uint8Array(length).fill(byte),
    } as unknown as CaretakerComponents;
    const ending = new AbortController();
    void runCaretaker(own, ending.signal);
    for (let rounds = 0; rounds < 40; rounds++) await clock.advance(CARE_EVERY_MS / 10);
    ending.abort();
    return askedMs[0] ?? Number.POSITIVE_INFINITY;
  };
  expect(await firstOf(0)).toBe(CARE_EVERY_MS / 2);
  expect(await firstOf(255)).toBeGreaterThan(1.4 * CARE_EVERY_MS);
});

test('an acceptor that hangs keeps its own partitions’ flags waiting, and neither others nor copies', async () => {
  const { clock, components } = hangingScene();
  const spread: number[] = [];
  const read: number[] = [];
  const record = { scope: {}, stream: { flagTimeoutMs: 0 } };
  const own = {
    ...components,
    spread: { run: async () => void spread.push(clock.now()) },
    census: { olderThan: () => [1, 2, 3].map((partition) => ({ record, partition, entry: {} })) },
    flags: {
      read: (_record: unknown, partition: number) => {
        read.push(partition);
        return new Promise<never>(() => {});
      },
    },
  } as unknown as CaretakerComponents;
  const ending = new AbortController();
  void runCaretaker(own, ending.signal);
  for (let rounds = 0; rounds < 5; rounds++) await clock.advance(CARE_EVERY_MS);
  ending.abort();
  expect(read).toEqual([1, 2, 3]);
  expect(spread.length).toBeGreaterThanOrEqual(5);
});

test('flags of a partition that are refused keep back those of no other', async () => {
  const { clock, components } = hangingScene();
  const read = new Set<number>();
  const record = { scope: {}, stream: { flagTimeoutMs: 0 } };
  const partitions = Array.from({ length: 40 }, (_, partition) => partition);
  const own = {
    ...components,
    census: {
      olderThan: () => partitions.map((partition) => ({ record, partition, entry: {} })),
      learned() {},
    },
    flags: {
      read: (_record: unknown, partition: number) => {
        read.add(partition);
        return partition === 0
          ? Promise.reject(new EngineError('WINDOW_ERASED', 'its rows are gone'))
          : Promise.resolve(['TRUE']);
      },
    },
  } as unknown as CaretakerComponents;
  const ending = new AbortController();
  void runCaretaker(own, ending.signal);
  for (let rounds = 0; rounds < 2; rounds++) await clock.advance(CARE_EVERY_MS);
  ending.abort();
  expect([...read]).toEqual(partitions);
});

test('a window that cannot be settled keeps back no other', async () => {
  const { clock, components } = hangingScene();
  const [overdue] = components.windows.all();
  // More than are sealed at once.
  const lost = Array.from({ length: 20 }, () => ({ ...overdue }) as OpenWindowRecord);
  const sealed: OpenWindowRecord[] = [];
  const ending = new AbortController();
  const settle = async (record: OpenWindowRecord) => {
    sealed.push(record);
    if (record !== overdue) throw new EngineError('INCOMPLETE', 'votes of it are lost');
  };
  runCaretaker(
    {
      ...components,
      windows: { all: () => [...lost, overdue] },
      settling: { settle },
    } as unknown as CaretakerComponents,
    ending.signal,
  ).catch(() => {});
  for (let rounds = 0; rounds < 2; rounds++) await clock.advance(CARE_EVERY_MS);
  ending.abort();
  expect(sealed).toContain(overdue);
});

test('windows that cannot be settled while a node hangs make one behind them wait for few of them', async () => {
  const { clock, components } = hangingScene();
  const [overdue] = components.windows.all();
  const stuck = Array.from({ length: 100 }, () => ({ ...overdue }) as OpenWindowRecord);
  const begun = clock.now();
  let sealedAfterMs = 0;
  const settle = async (record: OpenWindowRecord) => {
    if (record === overdue && sealedAfterMs === 0) sealedAfterMs = clock.now() - begun;
    // As long as it takes to give a node up.
    await clock.sleep(3_000);
    throw new EngineError('INCOMPLETE', 'too few acceptors answer');
  };
  const ending = new AbortController();
  void runCaretaker(
    {
      ...components,
      windows: { all: () => [...stuck, overdue] },
      settling: { settle },
    } as unknown as CaretakerComponents,
    ending.signal,
  );
  await clock.advance(400_000);
  ending.abort();
  expect(sealedAfterMs).toBeGreaterThan(0);
  expect(sealedAfterMs).toBeLessThan(60_000);
});

test('a disk that refuses to destroy a key ends the care, and so the node', async () => {
  const { clock, components } = hangingScene();
  const refusal = new EngineError('STORE_FAILED', 'expected to remove a key, got EROFS');
  const erasing = { run: () => Promise.reject(refusal) };
  const ending = new AbortController();
  // Without the seal that never ends, so that the care can.
  const own = { ...components, erasing, windows: { all: () => [] } } as unknown as CaretakerComponents;
  const care = runCaretaker(own, ending.signal);
  const ended = care.then(
    () => null,
    (error: unknown) => error,
  );
  for (let rounds = 0; rounds < 2; rounds++) await clock.advance(CARE_EVERY_MS);
  ending.abort();
  expect(await ended).toBe(refusal);
});

test('care that ends waits for no acceptor that hangs while flags are resolved', async () => {
  const { clock, components } = hangingScene();
  const record = { scope: {}, stream: { flagTimeoutMs: 0 } };
  const own = {
    ...components,
    windows: { all: () => [] },
    census: { olderThan: () => [{ record, partition: 7, entry: {} }], learned: () => {} },
    flags: {
      read: async () => ['UNDECIDED'],
      resolve: (_: unknown, __: unknown, ___: unknown, signal: AbortSignal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason));
        }),
    },
  } as unknown as CaretakerComponents;
  const ending = new AbortController();
  const care = runCaretaker(own, ending.signal);
  for (let rounds = 0; rounds < 2; rounds++) await clock.advance(CARE_EVERY_MS);
  expect(await isPending(care)).toBe(true);
  ending.abort();
  expect(await isPending(care)).toBe(false);
});
