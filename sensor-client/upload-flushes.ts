import { ELEMENT_BYTES } from '../src/arithmetic/index.ts';
import { untilAborted } from '../src/foundation/index.ts';
import type { StreamDocument } from '../src/protocol/stream-document.ts';
import type { Reading } from '../src/sharing/index.ts';
import { readingsMax, rowsMax } from './flag-calls.ts';
import type { FlushEnds, FlushItem } from './flush.ts';
import { commitFlush } from './flush.ts';
import { createFlushes } from './flushes.ts';
import type { SignalFan } from './jobs.ts';
import type { Prepared } from './prepare-reading.ts';
import { createPreparer } from './prepare-reading.ts';
import type { ManyOptions, UploadSummary } from './upload-many.ts';
import type { UploaderContext } from './upload-reading.ts';
import { createTally } from './upload-tally.ts';

/** A reading that was taken: its place among all, and whoever else waits for its end. */
interface TakenItem extends FlushItem {
  readonly index: number;
  readonly waits: { readonly resolve: () => void; readonly reject: (error: unknown) => void } | null;
}

/** Uploads readings in flushes: those of one window and group that are under way together, under a flag each. */
export async function uploadFlushes(
  context: UploaderContext,
  readings: Iterable<Reading> | AsyncIterable<Reading>,
  options: ManyOptions,
  fan: SignalFan,
): Promise<UploadSummary> {
  const { clock, directory } = context;
  const { concurrency } = options;
  const { document, domains } = await fan.run((signal) => untilAborted(directory.stream(), signal));
  const faults: unknown[] = [];
  const fault = (reason: unknown) => {
    faults.push(reason);
    room.open();
  };
  const room = createRoom(() => tally.underWay() < concurrency || faults.length > 0 || fan.aborted);
  const tally = createTally(options, room.open);
  // One for all readings: functions of its own would cost each of them more than its encoding.
  const ends: FlushEnds<TakenItem> = {
    committed: ({ waits }) => (waits === null ? tally.committed(1) : waits.resolve()),
    failed: ({ index, waits }, error) =>
      waits === null ? tally.failed(index, 1, error) : waits.reject(error),
  };
  const flushes = createFlushes<Prepared['place'], TakenItem>({
    size: flushSize(document, options),
    linger: () => fan.run((signal) => clock.sleep(0, signal)),
    send: (place, items, alone) =>
      commitFlush(context, { document, domains, ...place }, items, ends, fan, alone),
    fault,
  });
  const prepare = createPreparer(context, document, options, fan);
  const preparing = new Set<Promise<void>>();

  function join(index: number, { place, measured, sensor, measurement }: Prepared): void {
    const name = `${place.window}/${place.group}`;
    if (measurement === undefined) {
      flushes.add(name, place, { index, measured, sensor, waits: null });
      return;
    }
    const upload = () =>
      new Promise<void>((resolve, reject) => {
        flushes.add(name, place, { index, measured, sensor, waits: { resolve, reject } });
      });
    context.measurements
      .once(measurement, context.stream, upload)
      .then(
        () => tally.committed(1),
        (error: unknown) => tally.failed(index, 1, error),
      )
      .catch(fault);
  }

  /** Takes a reading into a flush, at once where nothing has to be waited for. */
  function take(reading: Reading, index: number): void {
    let prepared: ReturnType<typeof prepare>;
    try {
      prepared = prepare(reading, index);
    } catch (error) {
      tally.failed(index, 1, error);
      return;
    }
    if (prepared instanceof Promise) takeLater(prepared, index);
    else join(index, prepared);
  }

  function takeLater(prepared: Promise<Prepared>, index: number): void {
    const work: Promise<void> = prepared
      .then(
        (ready) => join(index, ready),
        (error: unknown) => tally.failed(index, 1, error),
      )
      .catch(fault)
      .then(() => void preparing.delete(work));
    preparing.add(work);
  }

  const source =
    Symbol.asyncIterator in readings ? readings[Symbol.asyncIterator]() : readings[Symbol.iterator]();
  let ended = false;

  async function pull(): Promise<void> {
    while (!fan.aborted && faults.length === 0) {
      if (!room.hasRoom()) await room.wait();
      if (fan.aborted || faults.length > 0) return;
      const step = source.next();
      const next = step instanceof Promise ? await step : step;
      ended = next.done === true;
      if (ended || fan.aborted) return;
      take(next.value, tally.take());
    }
  }

  try {
    const pulling = pull();
    await fan
      .run((signal) => untilAborted(pulling, signal))
      .catch((error: unknown) => {
        if (!fan.aborted) throw error;
      });
  } catch (error) {
    // A source that failed has nothing to return from.
    ended = true;
    faults.unshift(error);
  }
  // Not awaited: a source that is waiting itself would never come back.
  if (!ended) Promise.resolve(source.return?.()).catch(() => undefined);
  await Promise.all(preparing);
  await flushes.end();
  // No operating error gets here, only faults of this program, of the source or of the caller's callbacks.
  if (faults.length > 0) throw faults[0];
  return tally.summary();
}

/**
 * What may be under way, in as few flushes of one size as requests hold. Smaller ones could be made while others are out,
 * but what a flush costs beside its readings is the larger part of it for every node.
 */
function flushSize({ elements, countMode }: StreamDocument, { concurrency, keysOf }: ManyOptions): number {
  const shareBytes = elements.length * ELEMENT_BYTES + (countMode === 'batch' ? 4 : 0);
  const most = keysOf === undefined ? readingsMax(shareBytes) : rowsMax(shareBytes);
  return Math.ceil(concurrency / Math.ceil(concurrency / most));
}

/** Lets the source go on when readings have ended. */
function createRoom(hasRoom: () => boolean) {
  let go = () => {};
  return {
    hasRoom,
    open: () => go(),
    async wait(): Promise<void> {
      while (!hasRoom()) {
        await new Promise<void>((resolve) => {
          go = resolve;
        });
      }
    },
  };
}
