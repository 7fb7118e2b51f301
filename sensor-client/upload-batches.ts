import { hasCode, untilAborted } from '../src/foundation/index.ts';
import type { StreamDocument } from '../src/protocol/stream-document.ts';
import type { Reading } from '../src/sharing/index.ts';
import type { FlushEnds, FlushItem, FlushPlace } from './flush.ts';
import { commitFlush } from './flush.ts';
import type { Flushes } from './flushes.ts';
import { createFlushes } from './flushes.ts';
import type { SignalFan } from './jobs.ts';
import { batchesOfRequest, measureBatch } from './upload-batch.ts';
import type { ManyOptions, UploadSummary } from './upload-many.ts';
import type { Commit, UploaderContext, UploadOptions } from './upload-reading.ts';
import { commitOnce } from './upload-reading.ts';
import { createTally } from './upload-tally.ts';

/** A batch in a flush, and who waits for its end. */
interface BatchItem extends FlushItem {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

const ENDS: FlushEnds<BatchItem> = {
  committed: ({ resolve }) => resolve(),
  failed: ({ reject }, error) => reject(error),
};

/**
 * Uploads readings in batches, each under one flag; a batch is of one sensor, window and group. Those under way together
 * are committed as one flush.
 */
export async function uploadBatches(
  context: UploaderContext,
  readingsOf: Iterable<Reading> | AsyncIterable<Reading>,
  options: ManyOptions & { readonly batch: number },
  fan: SignalFan,
): Promise<UploadSummary> {
  const tally = createTally(options);
  const underWay = new Set<Promise<unknown>>();
  const faults: unknown[] = [];
  let flushes: Flushes<FlushPlace, BatchItem> | undefined;
  const { window, at, group, measurement, deadlineMs, keys } = options;
  const own: UploadOptions = {
    ...(window === undefined ? {} : { window }),
    ...(at === undefined ? {} : { at }),
    ...(group === undefined ? {} : { group }),
    ...(measurement === undefined ? {} : { measurement }),
    ...(deadlineMs === undefined ? {} : { deadlineMs }),
    ...(keys === undefined ? {} : { keys }),
  };

  const openFlushes = (document: StreamDocument) =>
    createFlushes<FlushPlace, BatchItem>({
      size: batchesOfFlush(document, options),
      // Also where the upload ends meanwhile: what was collected has to hear of it.
      linger: () => fan.run((signal) => context.clock.sleep(0, signal)).catch(() => {}),
      send: (place, items, alone) =>
        commitFlush(context, place, items, ENDS, fan, alone).catch((fault: unknown) => {
          for (const { reject } of items) reject(fault);
        }),
      fault: (reason) => void faults.push(reason),
    });

  const commitTogether: Commit<void> = (place, measured) =>
    new Promise((resolve, reject) => {
      flushes ??= openFlushes(place.document);
      const { sensor } = place;
      flushes.add(`${place.window}/${place.group}`, place, { measured, sensor, resolve, reject });
    });

  const uploadOne = async ({ readings, places }: Unit) => {
    const [place] = places;
    if (place === undefined) return;
    try {
      const measure = (stream: StreamDocument) => measureBatch(stream, readings);
      await fan.run((signal) => commitOnce(context, measure, own, signal, commitTogether));
      tally.committed(readings.length);
    } catch (error) {
      const refused = refusedIn(readings, error);
      tally.failed(places[refused] ?? place, refused < 0 ? readings.length : 1, error);
      if (refused < 0) return;
      const others = <T>(all: readonly T[]): readonly T[] => all.filter((_, i) => i !== refused);
      await uploadOne({ readings: others(readings), places: others(places) });
    }
  };

  try {
    for await (const readings of inUnits(readingsOf, options.batch, fan)) {
      const unit = { readings, places: readings.map(tally.take) };
      const one: Promise<unknown> = uploadOne(unit)
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

/** What may be under way, in as few flushes of one size as requests hold, as it is with single readings. */
function batchesOfFlush(
  document: StreamDocument,
  { batch, concurrency }: ManyOptions & { readonly batch: number },
): number {
  return Math.ceil(concurrency / Math.ceil(concurrency / batchesOfRequest(document, batch)));
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
