import type { ErrorCode, ErrorDetails } from '../src/foundation/index.ts';
import { EngineError } from '../src/foundation/index.ts';
import type { Reading } from '../src/sharing/index.ts';
import type { SensorKeys } from './identity.ts';
import { withFan } from './jobs.ts';
import { BATCHES_DEFAULT, CONCURRENCY_DEFAULT, CONCURRENCY_MAX } from './limits.ts';
import { uploadBatches } from './upload-batches.ts';
import { uploadFlushes } from './upload-flushes.ts';
import type { UploaderContext, UploadOptions } from './upload-reading.ts';

export interface UploadManyOptions extends UploadOptions {
  /** Readings under way at once, 64 where it is not given; with `batch` the batches, 8. */
  readonly concurrency?: number;
  /**
   * Readings of one flag, where the stream takes batches: all of one sensor, window and group, so that none of the
   * options for single readings goes with it. A reading that is refused is left out, and the others of its batch go.
   */
  readonly batch?: number;
  /** Who made the reading of an index, where a gateway uploads for many sensors; the same object for the same sensor. */
  readonly keysOf?: (index: number) => SensorKeys | Promise<SensorKeys>;
  /** When the reading of an index was measured, Unix milliseconds, where they have times of their own. */
  readonly atOf?: (index: number) => number;
  /** The label of the reading of an index, where the stream declares some. */
  readonly groupOf?: (index: number) => string;
  /** The caller's own name of what the reading of an index measured. */
  readonly measurementOf?: (index: number) => string;
  /** Called after every reading that ended. */
  readonly onProgress?: (progress: UploadProgress) => void;
  /** Called with every failure, also those beyond what the summary lists. */
  readonly onFailure?: (failure: UploadFailure) => void;
}

/** With the concurrency that holds. */
export interface ManyOptions extends UploadManyOptions {
  readonly concurrency: number;
}

export interface UploadProgress {
  /** Readings taken so far. */
  readonly taken: number;
  readonly committed: number;
  readonly failed: number;
}

/** Readings that were not committed: one, or what was sent of a batch. */
export interface UploadFailure {
  /** Place of the reading among those handed over, from 0. */
  readonly index: number;
  /** How many they are. */
  readonly count: number;
  readonly code: ErrorCode;
  readonly message: string;
  readonly details: ErrorDetails;
}

export interface UploadSummary extends UploadProgress {
  /** Failures whose outcome is not known yet; part of `failed`. */
  readonly undecided: number;
  /** How many failures have which code; adds up to `failed`. */
  readonly failuresByCode: Readonly<Partial<Record<ErrorCode, number>>>;
  /** The first failures, at most 1,000. */
  readonly failures: readonly UploadFailure[];
}

/**
 * Uploads readings, at most `concurrency` at a time, and reads no further ahead. Readings that are under way
 * together lie in one partition, so that they share requests.
 * @throws what the source throws, after everything under way has ended; `onProgress` has the counts. EngineError
 * `INVALID_ARGUMENT` for a concurrency out of range
 */
export function uploadMany(
  context: UploaderContext,
  readings: Iterable<Reading> | AsyncIterable<Reading>,
  options: UploadManyOptions,
  signal: AbortSignal,
): Promise<UploadSummary> {
  const concurrency = readConcurrency(options);
  const { batch } = options;
  return withFan(signal, (fan) =>
    batch === undefined
      ? uploadFlushes(context, readings, { ...options, concurrency }, fan)
      : uploadBatches(context, readings, { ...options, concurrency, batch }, fan),
  );
}

function readConcurrency(options: UploadManyOptions): number {
  const { batch, concurrency = batch === undefined ? CONCURRENCY_DEFAULT : BATCHES_DEFAULT } = options;
  if (!Number.isInteger(concurrency) || concurrency < 1 || concurrency > CONCURRENCY_MAX) {
    throw new EngineError(
      'INVALID_ARGUMENT',
      `expected a concurrency from 1 to ${CONCURRENCY_MAX}, got ${concurrency}`,
    );
  }
  const { keysOf, atOf, groupOf, measurementOf } = options;
  if (batch === undefined) return concurrency;
  if ([keysOf, atOf, groupOf, measurementOf].some((of) => of !== undefined)) {
    throw new EngineError(
      'INVALID_ARGUMENT',
      'expected batches without options for single readings, got one',
    );
  }
  if (!Number.isInteger(batch) || batch < 1) {
    throw new EngineError('INVALID_ARGUMENT', `expected a number of readings for a batch, got ${batch}`);
  }
  return concurrency;
}
