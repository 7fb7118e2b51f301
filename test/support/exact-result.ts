import { expect } from 'vitest';
import { plainStatistics } from '../../operator-cli/embedded/plain-statistics.ts';
import type { ComputeOutcome, WindowResult } from '../../operator-cli/operator/index.ts';
import { resultDocument } from '../../src/statistics/index.ts';

const DIGITS = 30;

/** Proves that an outcome is exactly the plain statistics of these readings. */
export function expectExact(outcome: ComputeOutcome, readings: readonly string[]): WindowResult {
  if (outcome.kind !== 'result') throw new Error(`expected a result, got ${JSON.stringify(outcome)}`);
  const [field] = outcome.fields;
  if (field === undefined) throw new Error('expected the statistics of one field');
  expect(resultDocument(field.statistics, { digits: DIGITS })).toEqual(plainStatistics(readings, DIGITS));
  return outcome;
}
