import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareBallots } from '../../../src/consensus/index.ts';
import { compareBytes } from '../../../src/foundation/index.ts';
import type { FlagEntry, FlagValue, FrozenList } from '../../../src/protocol/index.ts';
import { digestOf, entryKey, entryName } from '../../../src/protocol/index.ts';
import { agreedDigest, candidateOf, sortEntries } from '../../../src/rounds/index.ts';
import { flagEntries, flagEntry, SET_HASH_KEY } from './flag-entries.ts';

type Item = FrozenList['flags'][number];

/** Votes as a correct acceptor can have them: ballot 0 carries TRUE, every other ballot one value. */
const votes = fc.nat(4).map((counter): Omit<Item, 'entry'> => {
  const value: FlagValue = counter % 2 === 0 ? 'TRUE' : 'ERROR';
  return { ballot: { counter, proposer: 0 }, value };
});
const lists = fc.array(fc.uniqueArray(fc.record({ n: fc.nat(6), vote: votes }), { selector: ({ n }) => n }), {
  minLength: 2,
  maxLength: 3,
});

test('T holds the flags whose highest vote is TRUE, sorted by key', () => {
  fc.assert(
    fc.property(lists, (held) => {
      const items = held.map((list) => list.map(({ n, vote }): Item => ({ entry: flagEntry(n), ...vote })));
      const expected: FlagEntry[] = [];
      for (let n = 0; n <= 6; n++) {
        const seen = held.flatMap((list) => list.filter((item) => item.n === n).map(({ vote }) => vote));
        const highest = seen.sort((a, b) => compareBallots(a.ballot, b.ballot)).at(-1);
        if (highest?.value === 'TRUE') expected.push(flagEntry(n));
      }
      expect(candidateOf(items)).toEqual(expected);
    }),
  );
});

test('flags that differ in sensor or count are different flags', () => {
  const vote = { ballot: { counter: 0, proposer: 0 }, value: 'TRUE' as const };
  const once = { entry: flagEntry(1, 0, 1), ...vote };
  const twice = { entry: flagEntry(1, 0, 2), ...vote };
  expect(candidateOf([[once], [twice]])).toEqual([once.entry, twice.entry]);
});

test('a digest is agreed when a quorum of reports has it, wherever they stand', () => {
  const sets = fc.array(fc.nat(2), { minLength: 1, maxLength: 3 });
  fc.assert(
    fc.property(sets, (kinds) => {
      const digest = (kind: number) => digestOf(SET_HASH_KEY, flagEntries([...Array(kind).keys()]));
      const agreed = agreedDigest(kinds.map(digest), 2);
      const common = [0, 1, 2].find((kind) => kinds.filter((other) => other === kind).length >= 2);
      expect(agreed).toEqual(common === undefined ? null : digest(common));
    }),
  );
});

test('entries sort by their key and keep what they are', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(1_000)), (numbers) => {
      const sorted = sortEntries(flagEntries(numbers));
      expect(sorted.map(entryName).sort()).toEqual(flagEntries(numbers).map(entryName).sort());
      for (const [n, entry] of sorted.entries()) {
        const before = sorted[n - 1];
        if (before !== undefined)
          expect(compareBytes(entryKey(before), entryKey(entry))).toBeLessThanOrEqual(0);
      }
    }),
  );
});
