import type { ExitName } from '../../src/foundation/index.ts';
import type { UploadFailure, UploadSummary } from '../upload-many.ts';
import { isOpen } from '../upload-tally.ts';

/** Failures told one by one on standard error; the rest are counted. */
const FAILURES_TOLD_MAX = 10;

/** What `upload --json` prints. */
export interface UploadReport {
  readonly stream: string;
  readonly readings: number;
  readonly committed: number;
  readonly undecided: number;
  readonly failed: number;
  readonly failuresByCode: UploadSummary['failuresByCode'];
  readonly failures: readonly {
    readonly place: string;
    /** More than one where a batch failed, from its place on. */
    readonly readings: number;
    readonly code: string;
    readonly message: string;
    /** To ask with `m-cloud-sensor outcome` where the outcome is not known. */
    readonly flagKey: string | null;
  }[];
}

export function uploadReport(
  stream: string,
  summary: UploadSummary,
  placeOf: (index: number) => string,
): UploadReport {
  return {
    stream,
    readings: summary.taken,
    committed: summary.committed,
    undecided: summary.undecided,
    failed: summary.failed,
    failuresByCode: summary.failuresByCode,
    failures: summary.failures.map(({ index, count, code, message, details }) => ({
      place: placeOf(index),
      readings: count,
      code,
      message,
      flagKey: typeof details.flagKey === 'string' ? details.flagKey : null,
    })),
  };
}

/** The same for people. */
export function reportText({ readings, committed, undecided, failed }: UploadReport): string {
  const rest = failed === 0 ? '' : `, ${failed - undecided} not, ${undecided} undecided`;
  return `committed ${committed} of ${readings} ${readings === 1 ? 'reading' : 'readings'}${rest}\n`;
}

/** Tells the first failures as they happen. */
export function failureTeller(
  err: (text: string) => void,
  placeOf: (index: number) => string,
): (failure: UploadFailure) => void {
  let told = 0;
  return ({ index, count, code, message, details }) => {
    told += 1;
    if (told > FAILURES_TOLD_MAX + 1) return;
    const key = isOpen({ code, details }) ? ` (flag key ${details.flagKey})` : '';
    err(
      told > FAILURES_TOLD_MAX
        ? 'more failures follow; --json lists them\n'
        : `${placeOf(index)}${count === 1 ? '' : ` and the ${count - 1} behind it`}: ${code}: ${message}${key}\n`,
    );
  };
}

/** An unknown outcome comes first: the person still has something to ask. */
export function exitOfSummary({ failed, undecided }: UploadReport): ExitName {
  if (undecided > 0) return 'UNDECIDED';
  return failed > 0 ? 'NOT_COMMITTED' : 'OK';
}
