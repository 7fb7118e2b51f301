import { ELEMENT_BYTES } from '../src/arithmetic/index.ts';
import type { StreamDocument } from '../src/protocol/stream-document.ts';
import type { Reading } from '../src/sharing/index.ts';
import { readingsMax, rowsMax } from './flag-calls.ts';
import { commitFlush } from './flush.ts';
import { createFlushes } from './flushes.ts';
import type { SignalFan } from './jobs.ts';
import { untilAborted } from './jobs.ts';
import type { Prepared } from './prepare-reading.ts';
import { createPreparer } from './prepare-reading.ts';
import type { ManyOptions, UploadSummary } from './upload-many.ts';
import type { UploaderContext } from './upload-reading.ts';
import { createTally } from './upload-tally.ts';

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
  const flushes = createFlushes<Prepared['place']>({
    size: flushSize(document, options),
    linger: () => fan.run((signal) => clock.sleep(0, signal)),
    send: (place, items, alone) => commitFlush(context, { document, domains, ...place }, items, fan, alone),
    fault,
  });
  const prepare = createPreparer(context, document, options, fan);
  const preparing = new Set<Promise<void>>();

  /** Takes a reading into a flush, at once where nothing has to be waited for. */
  function take(reading: Reading, index: number): void {
    const committed = () => tally.committed(1);
    const failed = (error: unknown) => tally.failed(index, 1, error);
    const join = ({ place, measured, sensor, measurement }: Prepared) => {
      const add = (accepted: () => void, refused: (error: unknown) => void) => {
        const item = { measured, sensor, committed: accepted, failed: refused };
        flushes.add(`${place.window}/${place.group}`, place, item);
      };
      if (measurement === undefined) return add(committed, failed);
      const upload = () => new Promise<void>(add);
      context.measurements.once(measurement, context.stream, upload).then(committed, failed).catch(fault);
    };
    try {
      const prepared = prepare(reading, index);
      if (!(prepared instanceof Promise)) join(prepared);
      else {
        const work: Promise<void> = prepared
          .then(join, failed)
          .catch(fault)
          .then(() => void preparing.delete(work));
        preparing.add(work);
      }
    } catch (error) {
      failed(error);
    }
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

/** Half of what may be under way, so that one flush is made while another is out, and no more than a request holds. */
function flushSize({ elements, countMode }: StreamDocument, { concurrency, keysOf }: ManyOptions): number {
  const shareBytes = elements.length * ELEMENT_BYTES + (countMode === 'batch' ? 4 : 0);
  const most = keysOf === undefined ? readingsMax(shareBytes) : rowsMax(shareBytes);
  return Math.max(1, Math.min(most, Math.ceil(concurrency / 2)));
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
