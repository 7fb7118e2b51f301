import { encodeElements, limbSumElements } from '../src/arithmetic/index.ts';
import { EngineError, hasCode, untilAborted } from '../src/foundation/index.ts';
import type { StreamDocument } from '../src/protocol/stream-document.ts';
import { groupNamed } from '../src/protocol/stream-groups.ts';
import { windowId } from '../src/ring/index.ts';
import type { Reading } from '../src/sharing/index.ts';
import { encodeReading } from '../src/sharing/index.ts';
import { askOutcome } from './ask-outcome.ts';
import { createDoubtfulFlags } from './doubtful-flags.ts';
import { parseFlagKey } from './flag-key-text.ts';
import type { Jobs } from './jobs.ts';
import { RECORD_INTERVALS, RECORD_MS_MAX, RECORDS_KEPT_MAX } from './limits.ts';
import type { RecordedSum } from './recorded-sums.ts';
import { createRecordedSums } from './recorded-sums.ts';
import { checkTakesBatches } from './upload-batch.ts';
import type { UploaderContext, UploadOptions } from './upload-reading.ts';
import { readTime, uploadMeasured } from './upload-reading.ts';
import { isOpen } from './upload-tally.ts';

export interface RecordingOptions {
  /**
   * Time between the first reading of a sum and its upload, milliseconds. Where it is not given, an eighth of a fixed
   * window and at most a minute; a sum never waits beyond the end of a fixed window.
   */
  readonly intervalMs?: number;
  /** Hears of readings that an interval's upload left behind; `RECORDS_UNSENT` as `flush` throws it. */
  readonly onUnsent?: (error: EngineError) => void;
}

export type RecordOptions = Pick<UploadOptions, 'window' | 'at' | 'group'>;

/** Readings that the sensor adds up itself and uploads as one vector with their number. */
export interface Recorder {
  record(reading: Reading, options: RecordOptions, signal: AbortSignal): Promise<void>;
  /** Uploads what is there. @throws EngineError `RECORDS_UNSENT` with what is left behind */
  flush(): Promise<void>;
  /** Takes nothing more, and uploads what is there. @throws as `flush` */
  close(): Promise<void>;
}

/** Nothing of a window comes after these, so what was kept for it would be kept for ever. */
const OVER = ['WINDOW_SEALED', 'WINDOW_ERASED', 'STREAM_RETIRED'] as const;

export function createRecorder(uploader: UploaderContext, jobs: Jobs, options: RecordingOptions): Recorder {
  // What is certainly in no result is kept and sent again, and the direct form is certain of more.
  const context = { ...uploader, relay: false };
  const { directory, clock } = context;
  const sums = createRecordedSums();
  const underWay = new Set<Promise<void>>();
  const lost = { readings: 0 };
  const doubtful = createDoubtfulFlags(
    (flagKey) => jobs.run(undefined, (signal) => askOutcome(context, parseFlagKey(flagKey), signal)),
    (count) => {
      lost.readings += count;
    },
  );
  let lastFailure: string | undefined;
  /** The next upload that is due; sums that are due before come with it. */
  let next: { readonly at: number; readonly over: AbortController } | null = null;
  let closed = false;

  /** Uploads one sum; whatever happens, its readings are committed, kept, doubtful or counted as lost. */
  async function send(sum: RecordedSum): Promise<void> {
    const { window, group, count } = sum;
    const measured = { vectors: encodeElements(limbSumElements(sum.total)), vectorCount: 1, count };
    const own = { window, ...(group === undefined ? {} : { group }) };
    try {
      await jobs.run(undefined, (signal) => uploadMeasured(context, () => measured, own, signal));
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      lastFailure = error.code;
      if (isOpen(error)) doubtful.note(String(error.details.flagKey), count);
      else if (hasCode(error, ...OVER)) lost.readings += count;
      else sums.keep(sum);
    }
  }

  function sendAll(): Promise<unknown> {
    for (const sum of sums.takeAll()) follow(send(sum));
    return Promise.all(underWay);
  }

  function follow(work: Promise<void>): void {
    const one: Promise<void> = work.finally(() => underWay.delete(one));
    underWay.add(one);
  }

  /** What is left behind, or null; the lost ones are told once. */
  function unsent(): EngineError | null {
    const error = unsentError(sums.count(), doubtful.take(), lost.readings, lastFailure);
    lost.readings = 0;
    return error;
  }

  async function flush(): Promise<void> {
    await Promise.all(underWay);
    await sendAll();
    await doubtful.settle();
    const error = unsent();
    if (error !== null) throw error;
  }

  /** Has everything that is there sent within this time. */
  function sendWithin(stream: StreamDocument, waitMs: number): void {
    const at = clock.now() + waitMs;
    if (next !== null && next.at <= at) return;
    next?.over.abort();
    next = { at, over: new AbortController() };
    void sendAfter(stream, waitMs, next.over.signal);
  }

  async function sendAfter(stream: StreamDocument, waitMs: number, over: AbortSignal): Promise<void> {
    try {
      await jobs.run(over, (signal) => clock.sleep(waitMs, signal));
    } catch {
      // Something is due before, or the sensor is closed and has sent what was there.
      return;
    }
    // What is recorded from now on waits for nothing that is sent or asked here.
    next = null;
    await sendAll();
    await doubtful.settle();
    const error = options.onUnsent === undefined ? null : unsent();
    if (error !== null) options.onUnsent?.(error);
    const kept = sums.windows().map((window) => retryWait(stream, window - clock.now(), options.intervalMs));
    if (kept.length > 0 && !closed) sendWithin(stream, Math.min(...kept));
  }

  return {
    async record(reading, { window: given, at, group: named }, signal) {
      const { document } = await untilAborted(directory.stream(), signal);
      checkTakesBatches(document);
      const group = named ?? context.group;
      const place = groupNamed(document, group ?? null);
      const fixed = given ?? context.window;
      const window =
        fixed === undefined
          ? await untilAborted(directory.window(place.group, readTime(at)), signal)
          : windowId(fixed);
      const vector = encodeElements(encodeReading(document, reading));
      if (closed) throw new EngineError('READING_ABORTED', 'the sensor is closed');
      if (doubtful.size() >= RECORDS_KEPT_MAX) {
        throw new EngineError(
          'RECORDS_UNSENT',
          `expected at most ${RECORDS_KEPT_MAX} records of unknown outcome; the reading was not taken`,
        );
      }
      sums.add({ window, group }, vector, document.elements.length);
      sendWithin(document, firstWait(document, window - clock.now(), options.intervalMs));
    },
    flush,
    async close() {
      closed = true;
      await flush();
    },
  };
}

function unsentError(
  kept: number,
  doubtful: ReadonlyMap<string, number>,
  lost: number,
  lastFailure = 'none',
): EngineError | null {
  const undecided = [...doubtful.values()].reduce((total, count) => total + count, 0);
  const readings = kept + undecided + lost;
  if (readings === 0) return null;
  return new EngineError(
    'RECORDS_UNSENT',
    `${readings} recorded readings were not committed: ${kept} are kept, ${undecided} undecided, ${lost} in no result; last failure ${lastFailure}`,
    { readings, kept, undecided, lost, flagKeys: [...doubtful.keys()].join(' '), lastFailure },
  );
}

function intervalOf({ window }: StreamDocument, given?: number): number {
  if (given !== undefined) return given;
  return window.kind === 'fixed'
    ? Math.min(RECORD_MS_MAX, window.durationMs / RECORD_INTERVALS)
    : RECORD_MS_MAX;
}

/**
 * What waits beyond the end of its window would come too late.
 * @param startsInMs how long until the window starts, negative once it has.
 */
function firstWait(stream: StreamDocument, startsInMs: number, given?: number): number {
  const { window } = stream;
  const interval = intervalOf(stream, given);
  return window.kind === 'fixed' ? Math.max(1, Math.min(interval, startsInMs + window.durationMs)) : interval;
}

/** The same of what could not be sent: a window that has ended is over, or will be for some time yet. */
function retryWait(stream: StreamDocument, startsInMs: number, given?: number): number {
  const { window } = stream;
  const ended = window.kind === 'fixed' && startsInMs + window.durationMs <= 0;
  return ended ? intervalOf(stream, given) : firstWait(stream, startsInMs, given);
}
