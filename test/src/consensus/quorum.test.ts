import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ledgerQuorum } from '../../../src/consensus/index.ts';

test('a majority of all nodes decides while that many remain', () => {
  expect(ledgerQuorum(1, [])).toEqual({ acceptors: [0], quorum: 1 });
  expect(ledgerQuorum(2, [])).toEqual({ acceptors: [0, 1], quorum: 2 });
  expect(ledgerQuorum(3, [1])).toEqual({ acceptors: [0, 2], quorum: 2 });
  expect(ledgerQuorum(5, [4])).toEqual({ acceptors: [0, 1, 2, 3], quorum: 3 });
});

test('all that remain decide where fewer than a majority are lost and no majority is left', () => {
  expect(ledgerQuorum(2, [0])).toEqual({ acceptors: [1], quorum: 1 });
  expect(ledgerQuorum(4, [3, 1])).toEqual({ acceptors: [0, 2], quorum: 2 });
});

test('a ledger whose majority is lost decides nothing more, for ever', () => {
  expect(ledgerQuorum(1, [0])).toBeNull();
  expect(ledgerQuorum(2, [0, 1])).toBeNull();
  expect(ledgerQuorum(3, [0, 1])).toBeNull();
});

test('a store that does not belong to the domain is a mistake in the program', () => {
  expect(() => ledgerQuorum(2, [2])).toThrow('lost stores');
  expect(() => ledgerQuorum(2, [-1])).toThrow('lost stores');
});

test('any two quorums meet, however many losses each of their proposers knows of', () => {
  const losses = fc.integer({ min: 1, max: 7 }).chain((nodes) =>
    fc.record({
      nodes: fc.constant(nodes),
      lost: fc.shuffledSubarray(Array.from({ length: nodes }, (_, node) => node)),
      known: fc.nat(nodes),
      picks: fc.array(fc.nat(1_000), { minLength: 14, maxLength: 14 }),
    }),
  );
  fc.assert(
    fc.property(losses, ({ nodes, lost, known, picks }) => {
      const [early, late] = [ledgerQuorum(nodes, lost.slice(0, known)), ledgerQuorum(nodes, lost)];
      if (early === null || late === null) return;
      const chosen = (from: readonly number[], count: number, seed: readonly number[]) =>
        from
          .map((node, n) => ({ node, rank: seed[n] ?? 0 }))
          .sort((a, b) => a.rank - b.rank)
          .slice(0, count)
          .map(({ node }) => node);
      const first = chosen(early.acceptors, early.quorum, picks.slice(0, 7));
      const second = chosen(late.acceptors, late.quorum, picks.slice(7));
      expect(first.some((node) => second.includes(node))).toBe(true);
    }),
    { numRuns: 1_000 },
  );
});
