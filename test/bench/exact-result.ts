import { plainStatistics } from '../../operator-cli/embedded/index.ts';
import type { ComputeOutcome } from '../../operator-cli/operator/index.ts';
import { resultDocument } from '../../src/statistics/index.ts';

const DIGITS = 30;

/** Whether an outcome is the plain statistics of these readings, digit by digit. */
export function isExactResult(outcome: ComputeOutcome, readings: readonly string[]): boolean {
  if (outcome.kind !== 'result' || outcome.readings !== readings.length) return false;
  const [field] = outcome.fields;
  if (field === undefined) return false;
  const result = resultDocument(field.statistics, { digits: DIGITS });
  return JSON.stringify(result) === JSON.stringify(plainStatistics(readings, DIGITS));
}
