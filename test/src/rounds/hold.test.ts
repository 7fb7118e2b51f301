import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { HeldResponse } from '../../../src/protocol/index.ts';
import { partition } from '../../../src/ring/identifiers.ts';
import { holdRound } from '../../../src/rounds/index.ts';
import { driveRound } from './driven-round.ts';
import { digestAt, flagEntries } from './flag-entries.ts';

/** T: flags 0 to 3 in partition 0, flags 0 and 1 in partition 9. */
const T = [digestAt(0, flagEntries([0, 1, 2, 3])), digestAt(9, flagEntries([0, 1], 9))];

/** Asks node 0 first. */
const hold = (nodes: number, excluded: readonly number[] = []) =>
  driveRound(holdRound({ nodes, partitions: T, excluded: flagEntries(excluded), firstOf: () => 0 }));
/** The same past that: node 0 has said nothing. */
const holdAll = (nodes: number, excluded: readonly number[] = []) => {
  const round = hold(nodes, excluded);
  round.reply('first/0', { partitions: [] });
  return round;
};
const lacking = (first: readonly number[], second: readonly number[] = []): HeldResponse => ({
  partitions: [
    { partition: partition(0), missing: flagEntries(first) },
    { partition: partition(9), missing: flagEntries(second, 9) },
  ],
});

test('one node is asked first, and where it holds all of a partition nobody else is asked about it', () => {
  const round = hold(3);
  expect(round.calls()).toEqual([{ node: 0, partitions: T }]);
  round.reply('first/0', lacking([1]));
  expect(round.calls()).toEqual([0, 1, 2].map((node) => ({ node, partitions: [T[0]] })));
  round.reply('all/2', lacking([]));
  round.reply('all/0', lacking([1]));
  round.reply('all/1', lacking([1]));
  expect(round.out()).toEqual({
    kind: 'held',
    standing: [
      { node: 2, partitions: [T[0]] },
      { node: 0, partitions: [T[1]] },
    ],
    missing: [],
    scattered: [],
  });
});

test('the node that is asked first is one for each partition', () => {
  const firstOf = (at: number) => (at === 9 ? 1 : 2);
  const round = driveRound(holdRound({ nodes: 3, partitions: T, excluded: [], firstOf }));
  expect(round.calls()).toEqual([
    { node: 2, partitions: [T[0]] },
    { node: 1, partitions: [T[1]] },
  ]);
  round.reply('first/1', lacking([]));
  round.reply('first/2', lacking([]));
  expect(round.out()).toMatchObject({
    standing: [
      { node: 2, partitions: [T[0]] },
      { node: 1, partitions: [T[1]] },
    ],
  });
});

test('nodes that were asked first and hold all still stand for it where another one lacks a row', () => {
  const firstOf = (at: number) => (at === 9 ? 1 : 2);
  const round = driveRound(holdRound({ nodes: 3, partitions: T, excluded: [], firstOf }));
  round.reply('first/1', { partitions: [{ partition: partition(9), missing: [] }] });
  round.reply('first/2', { partitions: [{ partition: partition(0), missing: flagEntries([1]) }] });
  expect(round.calls().map(({ partitions }) => partitions)).toEqual([[T[0]], [T[0]], [T[0]]]);
  for (const node of [0, 1, 2]) {
    round.reply(`all/${node}`, {
      partitions: [{ partition: partition(0), missing: flagEntries(node === 0 ? [] : [1]) }],
    });
  }
  expect(round.out()).toMatchObject({
    standing: [
      { node: 0, partitions: [T[0]] },
      { node: 1, partitions: [T[1]] },
    ],
    missing: [],
  });
});

test('a node that answers about other partitions than it was asked first stands for none', () => {
  const round = hold(2);
  round.reply('first/0', {
    partitions: [
      { partition: partition(0), missing: [] },
      { partition: partition(1), missing: [] },
    ],
  });
  expect(round.calls().map(({ partitions }) => partitions)).toEqual([[T[1]], [T[1]]]);
});

test('a node that was asked first and lacks a row is asked again with all others, because rows may have come', () => {
  const round = hold(2);
  round.reply('first/0', lacking([2]));
  round.reply('all/0', lacking([]));
  round.reply('all/1', lacking([2]));
  expect(round.out()).toMatchObject({ kind: 'held', missing: [] });
});

test('a node that was asked first and does not answer is not asked again, and may hold what the others lack', () => {
  const round = hold(2);
  round.fail('first/0');
  expect(round.calls()).toEqual([{ node: 1, partitions: T }]);
  round.reply('all/1', lacking([2]));
  expect(round.out()).toMatchObject({ kind: 'waiting' });
});

test('the first node that holds all of a partition stands for it', () => {
  const round = holdAll(3);
  expect(round.calls().map(({ node }) => node)).toEqual([0, 1, 2]);
  round.reply('all/2', lacking([]));
  round.reply('all/0', lacking([1]));
  expect(round.out()).toBeUndefined();
  round.reply('all/1', lacking([], [0]));
  expect(round.out()).toEqual({
    kind: 'held',
    standing: [
      { node: 1, partitions: [T[0]] },
      { node: 0, partitions: [T[1]] },
    ],
    missing: [],
    scattered: [],
  });
});

test('a row is missing only when every node says so, and once more after all of them have', () => {
  const round = holdAll(2);
  round.reply('all/0', lacking([2, 1]));
  round.reply('all/1', lacking([2]));
  expect(round.out()).toBeUndefined();
  // Of partition 9 no row is missing, so that it is as it was.
  expect(round.calls()).toEqual([0, 1].map((node) => ({ node, partitions: [T[0]] })));
  round.reply('again/0', lacking([2, 1]));
  round.reply('again/1', lacking([2]));
  expect(round.out()).toMatchObject({ kind: 'held', missing: flagEntries([2]), scattered: [] });
});

test('a row that has moved behind the answers of all nodes shows where it is then', () => {
  const round = holdAll(2);
  for (const node of [0, 1]) round.reply(`all/${node}`, lacking([2]));
  round.reply('again/0', lacking([]));
  round.reply('again/1', lacking([2]));
  expect(round.out()).toMatchObject({
    missing: [],
    standing: [{ node: 0, partitions: [T[0], T[1]] }],
  });
});

test('who does not answer once more may hold the row by then', () => {
  const round = holdAll(2);
  for (const node of [0, 1]) round.reply(`all/${node}`, lacking([2]));
  round.fail('again/0');
  round.reply('again/1', lacking([2]));
  expect(round.out()).toMatchObject({ kind: 'waiting' });
});

test('a node that does not answer may hold the row, so the domain waits', () => {
  const round = holdAll(2);
  round.fail('all/0');
  round.reply('all/1', lacking([2]));
  expect(round.out()).toEqual({
    kind: 'waiting',
    reason: '1 of 2 nodes of the domain do not answer for partition 0',
  });
});

test('a node that does not answer is no matter where another one holds all', () => {
  const round = holdAll(2);
  round.fail('all/0');
  round.reply('all/1', lacking([]));
  expect(round.out()).toMatchObject({ kind: 'held', missing: [] });
});

test('an answer that leaves a partition out says nothing about it, and what it says of others counts', () => {
  const round = holdAll(1);
  round.reply('all/0', { partitions: [{ partition: partition(0), missing: [] }] });
  expect(round.out()).toMatchObject({ kind: 'waiting', reason: expect.stringContaining('partition 9') });
});

test('a partition that is complete only over several nodes is to be united first', () => {
  const round = holdAll(2);
  round.reply('all/0', lacking([1]));
  round.reply('all/1', lacking([3]));
  expect(round.out()).toMatchObject({ kind: 'held', missing: [], scattered: [partition(0)] });
});

test('an excluded row is not needed and not missing again', () => {
  const round = hold(2, [2]);
  round.reply('first/0', lacking([2]));
  expect(round.out()).toMatchObject({ kind: 'held', missing: [], standing: [{ node: 0, partitions: T }] });
});

test('a window without flags is held by whoever asks', () => {
  const round = driveRound(holdRound({ nodes: 2, partitions: [], excluded: [], firstOf: () => 0 }));
  expect(round.out()).toEqual({ kind: 'held', standing: [], missing: [], scattered: [] });
});

test('whatever the nodes hold: what one stands for is complete there, and what is missing is held by none', () => {
  const held = fc.array(fc.option(fc.subarray([0, 1, 2, 3])), { minLength: 1, maxLength: 3 });
  fc.assert(
    fc.property(held, fc.subarray([0, 1, 2, 3]), (lacks, excluded) => {
      const round = hold(lacks.length, excluded);
      round.answerAll(({ node }) => {
        const missing = lacks[node] ?? null;
        return missing === null ? null : lacking(missing);
      });
      const out = round.out();
      const needed = lacks.map((missing) => missing?.filter((flag) => !excluded.includes(flag)));
      const whole = needed.some((missing) => missing?.length === 0);
      if (whole) expect(out).toMatchObject({ kind: 'held', missing: [], scattered: [] });
      else if (lacks.includes(null)) expect(out?.kind).toBe('waiting');
      else {
        const nowhere = [0, 1, 2, 3].filter((flag) => needed.every((missing) => missing?.includes(flag)));
        expect(out).toMatchObject({ kind: 'held', missing: flagEntries(nowhere) });
      }
    }),
  );
});

test('a partition that no node holds any row of may be larger than a call takes arguments', () => {
  const round = holdAll(2);
  const all = flagEntries(Array.from({ length: 130_000 }, (_, i) => i));
  for (const node of ['all/0', 'all/1', 'again/0', 'again/1']) {
    round.reply(node, {
      partitions: [
        { partition: partition(0), missing: all },
        { partition: partition(9), missing: [] },
      ],
    });
  }
  const out = round.out();
  expect(out?.kind === 'held' && out.missing.length).toBe(130_000);
});
