import { encodeElements } from '../src/arithmetic/index.ts';
import { EngineError, toHex, untilAborted } from '../src/foundation/index.ts';
import type { Clock } from '../src/ports/index.ts';
import type { FlagKey, ReadingId } from '../src/protocol/index.ts';
import { readingId } from '../src/protocol/index.ts';
import type { StreamDocument } from '../src/protocol/stream-document.ts';
import { groupNamed } from '../src/protocol/stream-groups.ts';
import type { DomainId, Partition, StreamHash, WindowId } from '../src/ring/index.ts';
import { windowId } from '../src/ring/index.ts';
import type { UploadOut } from '../src/rounds/upload.ts';
import type { Reading } from '../src/sharing/index.ts';
import { encodeReading } from '../src/sharing/index.ts';
import { commitRelayed } from './commit-relayed.ts';
import type { Split, SplitContext } from './commit-split.ts';
import { commitSplit } from './commit-split.ts';
import { flagKeyText } from './flag-key-text.ts';
import type { Home, Homes } from './homes.ts';
import type { SensorIdentity, SensorKeys } from './identity.ts';
import { identityOf } from './identity.ts';
import { withFan } from './jobs.ts';
import { DEADLINE_MS_DEFAULT, DEADLINE_MS_MAX, SPLITS_MAX } from './limits.ts';
import { drawAnswering } from './live-partitions.ts';
import type { Measurements } from './measurements.ts';
import type { Measured, SplitShares } from './split-shares.ts';
import { splitShares } from './split-shares.ts';
import type { Standing } from './standing.ts';
import { abortedError, failureOf } from './upload-failures.ts';

export interface UploadOptions {
  readonly signal?: AbortSignal;
  /** Start of the reading's window, Unix milliseconds; else the sensor's, else the one of its time. */
  readonly window?: number;
  /** When it was measured, Unix milliseconds: decides its window, and no retry moves it to another. Else now. */
  readonly at?: number;
  /** The reading's label, one of those that the stream declares; else the sensor's. */
  readonly group?: string;
  /** Time until the reading is given up, milliseconds; 60,000 where it is not given. */
  readonly deadlineMs?: number;
  /** Who made the reading, where a gateway uploads for others. */
  readonly keys?: SensorKeys;
  /** The caller's own name of what was measured; it goes to one stream, once. See `Measurements` for what is known. */
  readonly measurement?: string;
}

/** A reading that is part of the window's result. */
export interface Committed {
  /** Everything public about the reading, as one word. */
  readonly flagKey: string;
  /** 32 hex digits. */
  readonly readingId: string;
}

export interface UploaderContext extends Omit<SplitContext, 'domains'>, SplitShares {
  readonly stream: StreamHash;
  readonly sensor: SensorIdentity;
  readonly homes: Homes;
  /** Whether its home is handed a lone reading as a whole where its standing is good. */
  readonly relay: boolean;
  readonly standing: Standing;
  readonly window?: number;
  readonly group?: string;
  readonly measurements: Measurements;
}

/**
 * Uploads one reading, if need be under several reading ids, one after the other.
 * @throws EngineError as `Sensor.upload` says
 */
export function uploadReading(
  context: UploaderContext,
  reading: Reading,
  options: Omit<UploadOptions, 'signal'>,
  signal: AbortSignal,
): Promise<Committed> {
  const measure = (stream: StreamDocument) => {
    return { vectors: encodeElements(encodeReading(stream, reading)), vectorCount: 1, count: 1 };
  };
  return uploadMeasured(context, measure, options, signal);
}

/** Commits what was measured at its place. */
export type Commit<T> = (place: UploadPlace, measured: Measured, signal: AbortSignal) => Promise<T>;

/**
 * The same for anything that one flag may stand for.
 * @param measure says what it is, once the stream is known; what it throws is thrown before anything is sent.
 */
export function uploadMeasured(
  context: UploaderContext,
  measure: (stream: StreamDocument) => Measured,
  options: Omit<UploadOptions, 'signal'>,
  signal: AbortSignal,
): Promise<Committed> {
  const alone: Commit<Committed> = (place, measured) => commitMeasured(context, place, measured, signal);
  return commitOnce(context, measure, options, signal, alone);
}

/** Finds out where what is measured goes, and has it committed there unless its measurement is part of a stream. */
export function commitOnce<T>(
  context: UploaderContext,
  measure: (stream: StreamDocument) => Measured,
  options: Omit<UploadOptions, 'signal'>,
  signal: AbortSignal,
  commit: Commit<T>,
): Promise<T> {
  const { directory, clock, measurements, stream } = context;
  return measurements.once(options.measurement, stream, async () => {
    const deadlineMs = readDeadline(options.deadlineMs);
    const endsAt = clock.now() + deadlineMs;
    const sensor = options.keys === undefined ? context.sensor : identityOf(options.keys);
    const inTime = <T>(work: T | Promise<T>) => beforeDeadline(clock, work, deadlineMs, signal);
    const { document, domains } = await inTime(directory.stream());
    const measured = measure(document);
    const { group } = groupNamed(document, options.group ?? context.group ?? null);
    const given = options.window ?? context.window;
    const window =
      given === undefined ? await inTime(directory.window(group, readTime(options.at))) : windowId(given);
    await inTime(directory.reach(window));
    const place = { document, domains, window, group, sensor, partition: undefined, deadlineMs, endsAt };
    return commit(place, measured, signal);
  });
}

/** Where a measured thing goes, by whom, and until when. */
export interface UploadPlace {
  readonly document: StreamDocument;
  readonly domains: readonly DomainId[];
  readonly window: WindowId;
  readonly group: number;
  readonly sensor: SensorIdentity;
  readonly partition: Partition | undefined;
  readonly deadlineMs: number;
  /** Unix milliseconds. */
  readonly endsAt: number;
}

/**
 * Commits under one reading id after the other: after a decided ERROR, or where SET was never sent because too few acceptors
 * of the id's partition answer, under one of a partition whose acceptors do.
 * @param begun a split that exists already, and what was done with it.
 */
export async function commitMeasured(
  context: UploaderContext,
  place: UploadPlace,
  measured: Measured,
  signal: AbortSignal,
  begun?: Split,
): Promise<Committed> {
  const { domains, deadlineMs, endsAt } = place;
  const { clock, standing, directory, calls, silent, randomBytes, homes } = context;
  const committing = { directory, calls, silent, clock, randomBytes, homes, domains };
  // A batch would travel twice for the few requests that it saves.
  const mayRelay = context.relay && measured.vectorCount === 1;
  let where = place;
  for (let splits = 1; ; splits++) {
    const first = splits === 1 ? begun : undefined;
    const home = first === undefined ? chooseHome(context, where) : null;
    const at = { ...where, partition: home?.partition ?? where.partition };
    const attempt = first ?? newSplit(context, at, measured);
    // A clock that was set back meanwhile must not make hours of it.
    const leftMs = () => Math.min(deadlineMs, Math.max(0, endsAt - clock.now()));
    // A reading whose first id came to nothing hears from the domains themselves why.
    const relay = mayRelay && splits === 1 && standing.isGood(place, clock.now()) ? home : null;
    const out = await commitOne(committing, attempt, relay, leftMs, splits === 1, signal);
    standing.note(place, out.kind === 'committed');
    const { key } = attempt;
    if (out.kind === 'committed') return { flagKey: flagKeyText(key), readingId: toHex(key.readingId) };
    // Only a decided ERROR, or a SET that was never sent, frees the reading for another id; after anything else both could count.
    const free = out.kind === 'errored' || out.kind === 'unset';
    if (!free || splits === SPLITS_MAX || clock.now() >= endsAt)
      throw failureOf(context, attempt, out, deadlineMs);
    if (out.kind === 'unset') where = { ...place, partition: drawAnswering(committing, place.window) };
  }
}

/** An id stays with its shares: the same id with other shares would be a conflict, or worse, a wrong sum. */
function newSplit(
  context: UploaderContext,
  { document, window, group, sensor, partition }: UploadPlace,
  measured: Measured,
): Split {
  const id = drawReadingId(context, partition);
  const { sensorId } = sensor;
  const { count } = measured;
  const key: FlagKey = { stream: context.stream, window, group, readingId: id, sensorId, count };
  const shares = splitShares(context, document, key, measured);
  const parcel = { sensor, readings: [{ readingId: id, count }], shares };
  return { key, parcel, receipts: new Map(), setSent: false };
}

/** What is at hand costs no timer; most readings find stream and window so. */
export async function beforeDeadline<T>(
  clock: Clock,
  work: T | Promise<T>,
  deadlineMs: number,
  signal: AbortSignal,
): Promise<T> {
  if (!(work instanceof Promise)) return work;
  const over = new AbortController();
  const late = clock.sleep(deadlineMs, over.signal).then(() => {
    throw new EngineError(
      'DEADLINE_EXCEEDED',
      `expected the stream and its window within ${deadlineMs} ms; nothing of the reading was sent`,
    );
  });
  try {
    return await Promise.race([untilAborted(work, signal), late]);
  } finally {
    over.abort();
  }
}

/** For what shares its requests with nothing else of this sensor. */
function chooseHome(
  { homes, directory, silent, clock }: UploaderContext,
  { domains, window, partition }: UploadPlace,
): Home | null {
  if (partition !== undefined) return null;
  return homes.choose(directory.view(window), domains, silent.now(), clock.now());
}

const RELAYED: UploadOut = { kind: 'committed' };

/** Through a relay where there is one, and by the sensor itself where that does not prove the flag TRUE. */
async function commitOne(
  context: SplitContext & Pick<UploaderContext, 'homes'>,
  attempt: Split,
  relay: Home | null,
  leftMs: () => number,
  movable: boolean,
  signal: AbortSignal,
): Promise<UploadOut> {
  try {
    if (relay === null) return await commitSplit(context, attempt, leftMs(), movable, signal);
    const { by, later } = await commitRelayed(context, attempt, relay.node, leftMs, signal);
    if (by !== null) {
      if (by !== relay.node) context.homes.move(relay.node, by);
      return RELAYED;
    }
    // A node that is only late, because it waits for another one, is listened to all the same.
    return await withFan(signal, async (fan) => {
      const own = fan.run((over) => commitSplit(context, attempt, leftMs(), movable, over));
      const out = await Promise.race([own, later.then((by) => (by === null ? own : RELAYED))]);
      if (out === RELAYED) fan.abort(RELAYED);
      else if (out.kind === 'committed') context.homes.move(relay.node, null);
      return out;
    });
  } catch (error) {
    if (!signal.aborted) throw error;
    throw abortedError(attempt);
  }
}

function drawReadingId({ randomBytes }: UploaderContext, partition: Partition | undefined): ReadingId {
  return readingIdIn(randomBytes(16), partition);
}

/** @param bytes 16 random ones; the first ten bits become those of the partition, where one is named. */
export function readingIdIn(bytes: Uint8Array, partition: Partition | undefined): ReadingId {
  if (partition !== undefined) {
    bytes[0] = partition >> 2;
    bytes[1] = ((partition & 3) << 6) | ((bytes[1] ?? 0) & 63);
  }
  return readingId(bytes);
}

/** @throws EngineError `INVALID_ARGUMENT` */
export function readTime(at: number | undefined): number | undefined {
  if (at === undefined || (Number.isSafeInteger(at) && at >= 0)) return at;
  throw new EngineError('INVALID_ARGUMENT', `expected a time in whole Unix milliseconds, got ${at}`);
}

export function readDeadline(deadlineMs = DEADLINE_MS_DEFAULT): number {
  if (!(deadlineMs > 0 && deadlineMs <= DEADLINE_MS_MAX)) {
    throw new EngineError(
      'INVALID_ARGUMENT',
      `expected a deadline of 1 to ${DEADLINE_MS_MAX} ms, got ${deadlineMs}`,
    );
  }
  return deadlineMs;
}
