import type { ErrorCode, ErrorDetails } from '../src/foundation/index.ts';
import { EngineError, hasCode } from '../src/foundation/index.ts';
import type { Partition } from '../src/ring/index.ts';
import { partitionOf } from '../src/ring/index.ts';
import type { Reading } from '../src/sharing/index.ts';
import type { SensorKeys } from './identity.ts';
import type { SignalFan } from './jobs.ts';
import { untilAborted, withFan } from './jobs.ts';
import { BATCHES_DEFAULT, CONCURRENCY_DEFAULT, CONCURRENCY_MAX, FAILURES_KEPT_MAX } from './limits.ts';
import { uploadBatch } from './upload-batch.ts';
import type { UploaderContext, UploadOptions } from './upload-reading.ts';
import { uploadReading } from './upload-reading.ts';

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
  return withFan(signal, (fan) => uploadAll(context, readings, { ...options, concurrency }, fan));
}

async function uploadAll(
  context: UploaderContext,
  readingsOf: Iterable<Reading> | AsyncIterable<Reading>,
  options: UploadManyOptions & { readonly concurrency: number },
  fan: SignalFan,
): Promise<UploadSummary> {
  const tally = createTally(options);
  const underWay = new Set<Promise<unknown>>();
  const faults: unknown[] = [];
  let partition: Partition | undefined;

  const uploadOne = async ({ readings, places }: Unit, near: Partition | undefined) => {
    const [reading] = readings;
    const [place] = places;
    if (reading === undefined || place === undefined) return;
    try {
      await fan.run(async (signal) => {
        const own = await optionsOf(options, place);
        if (options.batch === undefined) await uploadReading(context, reading, own, signal, near);
        else await uploadBatch(context, readings, own, signal, near);
      });
      tally.committed(readings.length);
    } catch (error) {
      const refused = options.batch === undefined ? -1 : refusedIn(readings, error);
      tally.failed(places[refused] ?? place, refused < 0 ? readings.length : 1, error);
      if (refused < 0) return;
      const others = <T>(all: readonly T[]): readonly T[] => all.filter((_, i) => i !== refused);
      await uploadOne({ readings: others(readings), places: others(places) }, near);
    }
  };

  try {
    let begun = 0;
    for await (const readings of inUnits(readingsOf, options.batch ?? 1, fan)) {
      if (begun++ % options.concurrency === 0) partition = partitionOf(context.randomBytes(2));
      const unit = { readings, places: readings.map(tally.take) };
      const one: Promise<unknown> = uploadOne(unit, partition)
        .catch((fault: unknown) => faults.push(fault))
        .then(() => underWay.delete(one));
      underWay.add(one);
      if (underWay.size >= options.concurrency) await Promise.race(underWay);
      if (faults.length > 0) break;
    }
  } finally {
    await Promise.all(underWay);
  }
  // No operating error gets here, only faults of this program or of the caller's callbacks.
  if (faults.length > 0) throw faults[0];
  return tally.summary();
}

/** Readings that share a flag, and the place of each among those handed over. */
interface Unit {
  readonly readings: readonly Reading[];
  readonly places: readonly number[];
}

/** Which reading of a batch all of it was refused for, before anything was sent; -1 for any other failure. */
function refusedIn(readings: readonly Reading[], error: unknown): number {
  if (!hasCode(error, 'READING_NOT_A_NUMBER', 'READING_TOO_PRECISE', 'READING_OUT_OF_BOUNDS')) return -1;
  const index = Number(error.details.index);
  return readings[index] === undefined ? -1 : index;
}

/** The readings in pieces of `size`, the last one as long as what is left; none after the fan has aborted. */
async function* inUnits(
  readings: Iterable<Reading> | AsyncIterable<Reading>,
  size: number,
  fan: SignalFan,
): AsyncGenerator<readonly Reading[]> {
  let unit: Reading[] = [];
  if (Symbol.asyncIterator in readings) {
    for await (const reading of untilStopped(readings, fan)) {
      if (unit.push(reading) < size) continue;
      yield unit;
      unit = [];
    }
  } else {
    // Nothing to wait for: a signal and a promise for each of a thousand readings would cost more than sending them.
    for (const reading of readings) {
      if (fan.aborted) return;
      if (unit.push(reading) < size) continue;
      yield unit;
      unit = [];
    }
  }
  if (unit.length > 0 && !fan.aborted) yield unit;
}

async function optionsOf(options: UploadManyOptions, index: number): Promise<UploadOptions> {
  const { window, deadlineMs } = options;
  const keys = (await options.keysOf?.(index)) ?? options.keys;
  const at = options.atOf?.(index) ?? options.at;
  const group = options.groupOf?.(index) ?? options.group;
  const measurement = options.measurementOf?.(index) ?? options.measurement;
  return {
    ...(window === undefined ? {} : { window }),
    ...(at === undefined ? {} : { at }),
    ...(group === undefined ? {} : { group }),
    ...(measurement === undefined ? {} : { measurement }),
    ...(deadlineMs === undefined ? {} : { deadlineMs }),
    ...(keys === undefined ? {} : { keys }),
  };
}

/** The readings until the fan aborts, also while the source makes us wait for its next one. */
async function* untilStopped(readings: AsyncIterable<Reading>, fan: SignalFan): AsyncGenerator<Reading> {
  const source = readings[Symbol.asyncIterator]();
  let ended = false;
  try {
    while (!fan.aborted) {
      const next = await fan
        .run((signal) => untilAborted(source.next(), signal))
        .catch((error: unknown) => {
          if (fan.aborted) return undefined;
          throw error;
        });
      if (next === undefined) return;
      ended = next.done === true;
      if (next.done) return;
      yield next.value;
    }
  } finally {
    // Not awaited: a source that is waiting itself would never come back.
    if (!ended) Promise.resolve(source.return?.()).catch(() => undefined);
  }
}

function createTally({ onProgress, onFailure }: UploadManyOptions) {
  const failures: UploadFailure[] = [];
  const failuresByCode: Partial<Record<ErrorCode, number>> = {};
  let taken = 0;
  let committed = 0;
  let failed = 0;
  let undecided = 0;
  const progress = () => ({ taken, committed, failed });
  return {
    take: () => taken++,
    committed(count: number) {
      committed += count;
      onProgress?.(progress());
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
    },
    summary: (): UploadSummary => ({ ...progress(), undecided, failuresByCode, failures }),
  };
}

/** Whether the reading may still turn out to be committed. */
function isOpen({ code, details }: EngineError): boolean {
  return code === 'READING_UNDECIDED' || (code === 'READING_ABORTED' && details.setSent === true);
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
