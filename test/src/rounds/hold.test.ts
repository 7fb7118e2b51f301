import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { HeldResponse } from '../../../src/protocol/index.ts';
import { partition } from '../../../src/ring/identifiers.ts';
import { holdRound } from '../../../src/rounds/index.ts';
import { driveRound } from './driven-round.ts';
import { digestAt, flagEntries } from './flag-entries.ts';

/** T: flags 0 to 3 in partition 0, flags 0 and 1 in partition 9. */
const T = [digestAt(0, flagEntries([0, 1, 2, 3])), digestAt(9, flagEntries([0, 1], 9))];

const hold = (nodes: number, excluded: readonly number[] = []) =>
  driveRound(holdRound({ nodes, partitions: T, excluded: flagEntries(excluded) }));
const lacking = (first: readonly number[], second: readonly number[] = []): HeldResponse => ({
  partitions: [
    { partition: partition(0), missing: flagEntries(first) },
    { partition: partition(9), missing: flagEntries(second, 9) },
  ],
});

test('the first node that holds all of a partition stands for it', () => {
  const round = hold(3);
  expect(round.calls()).toEqual([{ node: 0 }, { node: 1 }, { node: 2 }]);
  round.reply('2', lacking([]));
  round.reply('0', lacking([1]));
  expect(round.out()).toBeUndefined();
  round.reply('1', lacking([], [0]));
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

test('a row is missing only when every node says so', () => {
  const round = hold(2);
  round.reply('0', lacking([2, 1]));
  round.reply('1', lacking([2]));
  expect(round.out()).toMatchObject({ kind: 'held', missing: flagEntries([2]), scattered: [] });
});

test('a node that does not answer may hold the row, so the domain waits', () => {
  const round = hold(2);
  round.fail('0');
  round.reply('1', lacking([2]));
  expect(round.out()).toEqual({ kind: 'waiting', reason: '1 of 2 nodes of the domain do not answer' });
});

test('a node that does not answer is no matter where another one holds all', () => {
  const round = hold(2);
  round.fail('0');
  round.reply('1', lacking([]));
  expect(round.out()).toMatchObject({ kind: 'held', missing: [] });
});

test('an answer that leaves a partition out says nothing about it', () => {
  const round = hold(1);
  round.reply('0', { partitions: [{ partition: partition(0), missing: [] }] });
  expect(round.out()).toMatchObject({ kind: 'waiting' });
});

test('a partition that is complete only over several nodes is to be united first', () => {
  const round = hold(2);
  round.reply('0', lacking([1]));
  round.reply('1', lacking([3]));
  expect(round.out()).toMatchObject({ kind: 'held', missing: [], scattered: [partition(0)] });
});

test('an excluded row is not needed and not missing again', () => {
  const round = hold(2, [2]);
  round.reply('0', lacking([2]));
  round.reply('1', lacking([1, 2]));
  expect(round.out()).toMatchObject({ kind: 'held', missing: [], standing: [{ node: 0, partitions: T }] });
});

test('whatever the nodes hold: what one stands for is complete there, and what is missing is held by none', () => {
  const held = fc.array(fc.option(fc.subarray([0, 1, 2, 3])), { minLength: 1, maxLength: 3 });
  fc.assert(
    fc.property(held, fc.subarray([0, 1, 2, 3]), (lacks, excluded) => {
      const round = hold(lacks.length, excluded);
      for (const [node, missing] of lacks.entries()) {
        if (missing === null) round.fail(String(node));
        else round.reply(String(node), lacking(missing));
      }
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
  const round = hold(2);
  const all = flagEntries(Array.from({ length: 130_000 }, (_, i) => i));
  for (const node of ['0', '1']) {
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
