import { expect, test } from 'vitest';
import { FULL_SIZES } from '../sizes.ts';
import { partitionsFilled } from './growth.ts';

test('flushes that draw a partition each fill as many as chance says', () => {
  expect([0, 1, 2].map(partitionsFilled)).toEqual([0, 1, 2]);
  expect(partitionsFilled(489)).toBe(389);
  expect(partitionsFilled(100_000)).toBe(1_024);
});

test('the wide window has readings in all partitions at full size, the other one does not', () => {
  const { sealMany, sealWideInFlight, manyInFlight } = FULL_SIZES;
  expect(partitionsFilled(sealMany / sealWideInFlight)).toBe(1_024);
  expect(partitionsFilled(sealMany / manyInFlight)).toBeLessThan(512);
});
