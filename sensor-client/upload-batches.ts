import { hasCode } from '../src/foundation/index.ts';
import type { Partition } from '../src/ring/index.ts';
import { partitionOf } from '../src/ring/index.ts';
import type { Reading } from '../src/sharing/index.ts';
import type { SignalFan } from './jobs.ts';
import { untilAborted } from './jobs.ts';
import { uploadBatch } from './upload-batch.ts';
import type { ManyOptions, UploadSummary } from './upload-many.ts';
import type { UploaderContext, UploadOptions } from './upload-reading.ts';
import { createTally } from './upload-tally.ts';

/** Uploads readings in batches, each under one flag; a batch is of one sensor, window and group. */
export async function uploadBatches(
  context: UploaderContext,
  readingsOf: Iterable<Reading> | AsyncIterable<Reading>,
  options: ManyOptions & { readonly batch: number },
  fan: SignalFan,
): Promise<UploadSummary> {
  const tally = createTally(options);
  const underWay = new Set<Promise<unknown>>();
  const faults: unknown[] = [];
  let partition: Partition | undefined;
  const { window, at, group, measurement, deadlineMs, keys } = options;
  const own: UploadOptions = {
    ...(window === undefined ? {} : { window }),
    ...(at === undefined ? {} : { at }),
    ...(group === undefined ? {} : { group }),
    ...(measurement === undefined ? {} : { measurement }),
    ...(deadlineMs === undefined ? {} : { deadlineMs }),
    ...(keys === undefined ? {} : { keys }),
  };

  const uploadOne = async ({ readings, places }: Unit, near: Partition | undefined) => {
    const [place] = places;
    if (place === undefined) return;
    try {
      await fan.run((signal) => uploadBatch(context, readings, own, signal, near));
      tally.committed(readings.length);
    } catch (error) {
      const refused = refusedIn(readings, error);
      tally.failed(places[refused] ?? place, refused < 0 ? readings.length : 1, error);
      if (refused < 0) return;
      const others = <T>(all: readonly T[]): readonly T[] => all.filter((_, i) => i !== refused);
      await uploadOne({ readings: others(readings), places: others(places) }, near);
    }
  };

  try {
    let begun = 0;
    for await (const readings of inUnits(readingsOf, options.batch, fan)) {
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
