import type { ErrorCode } from '../src/foundation/index.ts';
import { EngineError } from '../src/foundation/index.ts';
import { FAILURES_KEPT_MAX } from './limits.ts';
import type { UploadFailure, UploadManyOptions, UploadSummary } from './upload-many.ts';

export interface Tally {
  /** Counts a reading that was handed over. @returns its place */
  take(): number;
  /** Readings taken that have not ended. */
  underWay(): number;
  committed(count: number): void;
  /** @throws what is no operating error */
  failed(index: number, count: number, error: unknown): void;
  summary(): UploadSummary;
}

/**
 * Counts what became of readings.
 * @param ended is called behind the caller's own functions.
 */
export function createTally(
  { onProgress, onFailure }: UploadManyOptions,
  ended: () => void = () => {},
): Tally {
  const failures: UploadFailure[] = [];
  const failuresByCode: Partial<Record<ErrorCode, number>> = {};
  let taken = 0;
  let committed = 0;
  let failed = 0;
  let undecided = 0;
  const progress = () => ({ taken, committed, failed });
  return {
    take: () => taken++,
    underWay: () => taken - committed - failed,
    committed(count: number) {
      committed += count;
      onProgress?.(progress());
      ended();
    },
    failed(index: number, count: number, error: unknown) {
      // Counting a fault of this program as a reading's would hide it.
      if (!(error instanceof EngineError)) throw error;
      const { code, message, details } = error;
      failed += count;
      if (isOpen(error)) undecided += count;
      failuresByCode[code] = (failuresByCode[code] ?? 0) + count;
      if (failures.length < FAILURES_KEPT_MAX) failures.push({ index, count, code, message, details });
      onFailure?.({ index, count, code, message, details });
      onProgress?.(progress());
      ended();
    },
    summary: (): UploadSummary => ({ ...progress(), undecided, failuresByCode, failures }),
  };
}

/** Whether the reading may still turn out to be committed. */
export function isOpen({ code, details }: Pick<EngineError, 'code' | 'details'>): boolean {
  return code === 'READING_UNDECIDED' || (code === 'READING_ABORTED' && details.setSent === true);
}
