import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BALLOT_ZERO, ballotAbove, compareBallots } from '../../../src/consensus/index.ts';
import { ballots } from './synod-arbitraries.ts';

test('ballots are ordered by counter first and by proposer among equals', () => {
  fc.assert(
    fc.property(ballots, ballots, (a, b) => {
      const byPlace = (ballot: typeof a) => ballot.counter * 1_000 + ballot.proposer;
      expect(Math.sign(compareBallots(a, b))).toBe(Math.sign(byPlace(a) - byPlace(b)));
    }),
  );
});

test('a ballot above another one is above it for every proposer, and nothing is below ballot 0', () => {
  fc.assert(
    fc.property(ballots, fc.nat(65_535), (seen, proposer) => {
      const above = ballotAbove(seen, proposer);
      expect(above === null ? 0 : compareBallots(above, seen)).toBeGreaterThan(0);
      expect(compareBallots(seen, BALLOT_ZERO)).toBeGreaterThan(0);
    }),
  );
});

test('there is no ballot above the last one that a message holds', () => {
  const last = { counter: Number.MAX_SAFE_INTEGER, proposer: 3 };
  expect(ballotAbove({ ...last, counter: last.counter - 1 }, 3)).toEqual(last);
  expect(ballotAbove(last, 65_535)).toBeNull();
});
