import { expect, test } from 'vitest';
import { EngineError } from '../../../src/foundation/index.ts';
import { limits, settlementCodec } from '../../../src/protocol/index.ts';
import { READINGS_MAX } from '../../../src/protocol/stream-limits.ts';
import { epoch, partition, storeId } from '../../../src/ring/identifiers.ts';
import type { SealCall, SealReply } from '../../../src/rounds/index.ts';
import { sealRound } from '../../../src/rounds/index.ts';
import { driveRound } from './driven-round.ts';
import { digestAt, flagEntries, flagEntry, SET_HASH_KEY } from './flag-entries.ts';
import type { FrozenFlag, FrozenFlags } from './sealed-world.ts';
import { sealedWorld } from './sealed-world.ts';

const OPTIONS = {
  nodes: 3,
  acceptorsOf: (_: number): readonly number[] => [0, 1, 2],
  quorumOf: (acceptors: number) => Math.floor(acceptors / 2) + 1,
  maxReadings: READINGS_MAX,
  setHashKey: SET_HASH_KEY,
  listsAtOnce: 8,
};

const seal = (own: Partial<typeof OPTIONS> = {}) => driveRound(sealRound({ ...OPTIONS, ...own }));
const trues = (numbers: readonly number[], at = 0): FrozenFlag[] =>
  flagEntries(numbers, at).map((entry) => ({ entry, value: 'TRUE', counter: 0 }));
const kindsOf = (calls: readonly SealCall[]) => calls.map(({ kind, node }) => `${kind} ${node}`);

function sealOver(flags: FrozenFlags, own: Partial<typeof OPTIONS> = {}) {
  const world = sealedWorld(flags);
  const round = seal(own);
  const calls = round.answerAll(world.answer);
  return { out: round.out(), calls, kept: world.kept };
}

test('equal digests need no lists', () => {
  const flags = { 0: trues([1, 2]), 700: trues([5], 700) };
  const { out, calls } = sealOver([flags, flags, flags]);
  expect(kindsOf(calls)).toEqual(['freeze 0', 'freeze 1', 'freeze 2']);
  expect(out).toEqual({
    kind: 'sealed',
    partitions: [digestAt(0, flagEntries([1, 2])), digestAt(700, flagEntries([5], 700))],
  });
});

test('two equal digests of three need no lists either, nor do votes for ERROR', () => {
  const error: FrozenFlag = { entry: flagEntry(9), value: 'ERROR', counter: 1 };
  const { out, calls } = sealOver([{ 0: [...trues([1]), error] }, { 0: trues([1]) }, { 0: trues([1, 2]) }]);
  expect(calls).toHaveLength(3);
  expect(out).toEqual({ kind: 'sealed', partitions: [digestAt(0, flagEntries([1]))] });
});

test('differing digests: T is made from the lists of all frozen acceptors and kept at a majority', () => {
  const { out, calls, kept } = sealOver([{ 3: trues([1], 3) }, { 3: trues([2], 3) }, null]);
  expect(kindsOf(calls).slice(3)).toEqual(['list 0', 'list 1', 'keep 0', 'keep 1']);
  const t = digestAt(3, flagEntries([1, 2], 3));
  expect(out).toEqual({ kind: 'sealed', partitions: [t] });
  expect(kept).toEqual([0, 1].map((node) => ({ node, ...t })));
});

test('a flag whose highest vote is ERROR is not in T, and a partition that ends empty is not named', () => {
  const resolved: FrozenFlag = { entry: flagEntry(1), value: 'ERROR', counter: 2 };
  const { out } = sealOver([{ 0: trues([1]) }, { 0: [resolved] }, null]);
  expect(out).toEqual({ kind: 'sealed', partitions: [] });
});

test('a node that does not answer is no matter where a majority of every partition is frozen', () => {
  const flags = { 0: trues([1]) };
  expect(sealOver([flags, null, flags]).out).toMatchObject({ kind: 'sealed' });
});

test('the window stays open while one partition has no majority, whatever the nodes as a whole have', () => {
  const unlucky = partition(17);
  const acceptorsOf = (at: number) => (at === unlucky ? [2, 3, 4] : [0, 1, 2]);
  const flags = { 0: trues([1]) };
  const { out } = sealOver([flags, flags, flags, null, null], { nodes: 5, acceptorsOf });
  expect(out).toMatchObject({ kind: 'open', partitionsOpen: 1, error: { code: 'UNREACHABLE' } });
});

test.each([
  ['more flags and readings than a window has', { count: 2 ** 32 - 1, readings: 2 ** 32 - 1 }, [0, 1]],
  ['fewer readings than flags', { count: 2, readings: 1 }, [0]],
])('reports of %s seal nothing, however many acceptors agree', (_, counts, partitions) => {
  const round = seal();
  const digest = { ...counts, hash: new Uint8Array(32) };
  const report = {
    storeId: storeId('00'.repeat(16)),
    commitSeq: 1,
    partitions: partitions.map((at) => ({ partition: partition(at), digest })),
  };
  for (const node of [0, 1, 2]) round.reply(`freeze/${node}`, { kind: 'freeze', report });
  expect(round.out()).toMatchObject({ kind: 'open', error: { code: 'MALFORMED_BODY' } });
});

test('as many readings as a stream may have are sealed, and their settlement is what a message holds', () => {
  const round = seal();
  const digest = { count: READINGS_MAX, readings: READINGS_MAX, hash: new Uint8Array(32) };
  const partitions = [{ partition: partition(0), digest }];
  const report = { storeId: storeId('00'.repeat(16)), commitSeq: 1, partitions };
  for (const node of [0, 1, 2]) round.reply(`freeze/${node}`, { kind: 'freeze', report });
  expect(round.out()).toEqual({ kind: 'sealed', partitions });
  const counts = { flags: digest.count, readings: digest.readings };
  const value = { placementEpoch: epoch(1), partitions, ...counts };
  expect(settlementCodec.decode(settlementCodec.encode(value))).toEqual(value);
});

test('the reason of an open window is the last refusal it met', () => {
  const round = seal();
  const early = new EngineError('SEAL_TOO_EARLY', 'too early');
  for (const node of [0, 1, 2]) round.fail(`freeze/${node}`, early);
  expect(round.out()).toEqual({ kind: 'open', partitionsOpen: 1_024, error: early });
});

test('an acceptor of another partition has no say in this one', () => {
  const acceptorsOf = (at: number) => (at === 0 ? [0, 1, 2] : [1, 2, 3]);
  const flags = { 0: trues([1]) };
  const { out } = sealOver([flags, flags, flags, { 0: trues([1, 2, 3]) }], { nodes: 4, acceptorsOf });
  expect(out).toEqual({ kind: 'sealed', partitions: [digestAt(0, flagEntries([1]))] });
});

test('a single acceptor seals alone', () => {
  const { out } = sealOver([{ 0: trues([1]) }], { nodes: 1, acceptorsOf: () => [0] });
  expect(out).toEqual({ kind: 'sealed', partitions: [digestAt(0, flagEntries([1]))] });
});

test('lists and kept lists longer than a page travel in pages', () => {
  const many = Array.from({ length: limits.PAGE_ENTRIES_MAX + 3 }, (_, n) => n);
  const { out, calls, kept } = sealOver([{ 0: trues(many) }, { 0: trues([...many, many.length]) }, null]);
  expect(kindsOf(calls).slice(3)).toEqual([
    ...['list 0', 'list 1', 'list 0', 'list 1'],
    ...['keep 0', 'keep 1', 'keep 0', 'keep 1'],
  ]);
  const [, second] = calls.filter((call) => call.kind === 'list' && call.node === 0);
  expect(second).toMatchObject({ after: flagEntry(limits.PAGE_ENTRIES_MAX - 1) });
  const pages = calls.flatMap((call) => (call.kind === 'keep' && call.node === 0 ? [call] : []));
  expect(pages.map(({ entries, last }) => [entries.length, last])).toEqual([
    [limits.PAGE_ENTRIES_MAX, false],
    [4, true],
  ]);
  expect(out).toEqual({ kind: 'sealed', partitions: [digestAt(0, flagEntries([...many, many.length]))] });
  expect(kept.map(({ node }) => node)).toEqual([0, 1]);
});

test('a list of exactly one page is kept with one call', () => {
  const many = Array.from({ length: limits.PAGE_ENTRIES_MAX }, (_, n) => n);
  const { calls } = sealOver([{ 0: trues(many) }, { 0: trues([1]) }, null]);
  expect(kindsOf(calls).slice(3)).toEqual(['list 0', 'list 1', 'keep 0', 'keep 1']);
});

test('reads no more partitions at once than allowed, and all of them in the end', () => {
  const [left, right]: Record<number, FrozenFlag[]>[] = [{}, {}];
  for (let at = 0; at < 5; at++) {
    left![at] = trues([1], at);
    right![at] = trues([2], at);
  }
  const world = sealedWorld([left!, right!, null]);
  const round = seal({ listsAtOnce: 2 });
  round.answerAll((call) => {
    const listings = Object.keys(round.state().listings).length;
    expect(listings).toBeLessThanOrEqual(2);
    return world.answer(call);
  });
  const t = [0, 1, 2, 3, 4].map((at) => digestAt(at, flagEntries([1, 2], at)));
  expect(round.out()).toEqual({ kind: 'sealed', partitions: t });
});

test('a list or a keep that is lost leaves the window to the next coordinator', () => {
  for (const lost of ['list', 'keep'] as const) {
    const world = sealedWorld([{ 0: trues([1]) }, { 0: trues([2]) }, null]);
    const round = seal();
    round.answerAll((call) => (call.kind === lost ? null : world.answer(call)));
    expect(round.out()).toMatchObject({ kind: 'open', error: { code: 'UNREACHABLE' } });
  }
});

test('an acceptor that could not keep a list under its digest ends the round', () => {
  const world = sealedWorld([{ 0: trues([1]) }, { 0: trues([2]) }, null]);
  const round = seal();
  round.answerAll((call) => (call.kind === 'keep' ? { kind: 'keep', kept: false } : world.answer(call)));
  expect(round.out()).toMatchObject({ kind: 'open', error: { code: 'INTERNAL' }, liar: 0 });
});

test('an acceptor that promises more but lists nothing is not asked for ever', () => {
  const world = sealedWorld([{ 0: trues([1]) }, { 0: trues([2]) }, null]);
  const empty: SealReply = { kind: 'list', list: { flags: [], more: true } };
  const round = seal();
  const calls = round.answerAll((call) => {
    if (call.kind !== 'list') return world.answer(call);
    expect(round.out()).toBeUndefined();
    return empty;
  });
  expect(calls.length).toBeLessThan(10);
  expect(round.out()).toMatchObject({ kind: 'open', error: { code: 'MALFORMED_BODY' } });
});

const listed = (numbers: readonly number[], at = 0, more = false): SealReply => ({
  kind: 'list',
  list: { flags: trues(numbers, at).map((flag) => ({ ...flag, ballot: { counter: 0, proposer: 0 } })), more },
});

test.each([
  ['a flag twice', [listed([1, 1])]],
  ['flags in another order', [listed([2, 1])]],
  ['flags of another partition', [listed([1], 3)]],
  ['a page that begins before the end of the one before', [listed([1, 2], 0, true), listed([2])]],
  ['more readings than the window has', [listed([1, 2], 0, true), listed([3, 4])]],
])('an acceptor that lists %s is named, so that its answer counts as none', (_, pages) => {
  const world = sealedWorld([{ 0: trues([1]) }, { 0: trues([2]) }, null]);
  const round = seal({ maxReadings: 3 });
  const left = [...pages];
  round.answerAll((call) =>
    call.kind === 'list' && call.node === 1 ? (left.shift() ?? null) : world.answer(call),
  );
  expect(left).toEqual([]);
  expect(round.out()).toMatchObject({ kind: 'open', error: { code: 'MALFORMED_BODY' }, liar: 1 });
});

test('an acceptor that lists more readings over its partitions than the window has is named', () => {
  const world = sealedWorld([{ 0: trues([1]) }, { 0: trues([2, 3]), 1: trues([2, 3], 1) }, null]);
  const round = seal({ maxReadings: 4 });
  const more: SealReply = listed([2, 3, 4], 1);
  round.answerAll((call) =>
    call.kind === 'list' && call.node === 1 && call.partition === 1 ? more : world.answer(call),
  );
  expect(round.out()).toMatchObject({ kind: 'open', liar: 1 });
});

test('an acceptor that reports more readings than the window has counts as one that does not answer', () => {
  const flags = { 0: trues([1]) };
  const { out } = sealOver([flags, { 0: trues([1, 2, 3]) }, flags], { maxReadings: 2 });
  expect(out).toEqual({ kind: 'sealed', partitions: [digestAt(0, flagEntries([1]))] });
  const { out: open } = sealOver([flags, { 0: trues([1, 2, 3]) }, null], { maxReadings: 2 });
  expect(open).toMatchObject({ kind: 'open', partitionsOpen: 1_024, error: { code: 'UNREACHABLE' } });
});

test('a wake-up is a mistake in the program', () => {
  expect(() => seal().wake('freeze/0')).toThrow('waits for nothing');
});
