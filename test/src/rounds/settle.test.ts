import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { SettleReply } from '../../../src/rounds/index.ts';
import { settleRound } from '../../../src/rounds/index.ts';
import { driveRound } from './driven-round.ts';
import { flagEntries } from './flag-entries.ts';

const settle = (nodesOf: readonly number[], excludedMax = 100, readings = 1_000) =>
  driveRound(settleRound({ nodesOf, excludedMax, readings }));
const ready = (numbers: readonly number[]): SettleReply => ({ kind: 'ready', missing: flagEntries(numbers) });
const waiting = (reason: string): SettleReply => ({ kind: 'waiting', reason });

test('asks one node of every domain and excludes what any domain lacks, sorted and once', () => {
  const round = settle([2, 2, 2]);
  expect(round.calls()).toEqual([0, 1, 2].map((domain) => ({ domain, node: 0 })));
  round.reply('1/0', ready([5, 2]));
  round.reply('0/0', ready([]));
  expect(round.out()).toBeUndefined();
  round.reply('2/0', ready([2, 1]));
  expect(round.out()).toEqual({ kind: 'ready', excluded: flagEntries([1, 2, 5]) });
});

test('X is the union of what the domains lack, in whatever order they answer', () => {
  const lists = fc.array(fc.array(fc.nat(9), { maxLength: 4 }), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(lists, fc.infiniteStream(fc.nat(99)), (missing, order) => {
      const round = settle(missing.map(() => 1));
      const domains = [...missing.keys()].map((domain) => [order.next().value ?? 0, domain] as const).sort();
      for (const [, domain] of domains) round.reply(`${domain}/0`, ready(missing[domain]!));
      const union = [...new Set(missing.flat())].sort((a, b) => a - b);
      expect(round.out()).toEqual({ kind: 'ready', excluded: flagEntries(union) });
    }),
  );
});

test('a node that fails or waits is followed by the next one of its domain', () => {
  const round = settle([3, 1]);
  round.reply('1/0', ready([]));
  round.fail('0/0');
  expect(round.calls()).toEqual([{ domain: 0, node: 1 }]);
  round.reply('0/1', waiting('a node is away'));
  expect(round.calls()).toEqual([{ domain: 0, node: 2 }]);
  round.reply('0/2', ready([4]));
  expect(round.out()).toEqual({ kind: 'ready', excluded: flagEntries([4]) });
});

test('a domain of which no node is READY leaves the window incomplete and says why', () => {
  const round = settle([1, 2]);
  round.fail('1/0');
  round.reply('1/1', waiting('a node is away'));
  expect(round.out()).toMatchObject({ kind: 'incomplete' });
  expect(JSON.stringify(round.out())).toContain('a node is away');
});

test('more exclusions than the stream allows leave the window incomplete', () => {
  const round = settle([1, 1], 2);
  round.reply('0/0', ready([1, 2]));
  round.reply('1/0', ready([3]));
  expect(round.out()).toMatchObject({ kind: 'incomplete' });
  const enough = settle([1, 1], 2);
  enough.reply('0/0', ready([1, 2]));
  enough.reply('1/0', ready([2]));
  expect(enough.out()).toMatchObject({ kind: 'ready' });
});

test('a wake-up is a mistake in the program', () => {
  expect(() => settle([1]).wake('0/0')).toThrow('waits for nothing');
});

test('a domain that misses more readings than T has leaves the window incomplete, and nobody encodes less than none', () => {
  const lying = settle([1, 1], 100, 2);
  lying.reply('0/0', ready([]));
  lying.reply('1/0', ready([1, 2, 3]));
  expect(lying.out()).toEqual({
    kind: 'incomplete',
    reason: 'a domain misses readings that were never committed: 3 of 2',
  });
  const honest = settle([1, 1], 100, 3);
  honest.reply('0/0', ready([]));
  honest.reply('1/0', ready([1, 2, 3]));
  expect(honest.out()).toMatchObject({ kind: 'ready' });
});
