import type { ErrorCode } from '../src/foundation/index.ts';
import { concat, EngineError, invariant } from '../src/foundation/index.ts';
import type { FlagKey, PacketReading } from '../src/protocol/index.ts';
import { shareContentBytes } from '../src/protocol/index.ts';
import type { StreamDocument } from '../src/protocol/stream-document.ts';
import type { DomainId, Partition, WindowId } from '../src/ring/index.ts';
import { majority } from '../src/ring/index.ts';
import type { FlushCall, FlushReply, PacketOut } from '../src/rounds/flush.ts';
import { flushRound } from '../src/rounds/flush.ts';
import { runRound } from '../src/rounds/run-round.ts';
import { splitEncoded } from '../src/sharing/index.ts';
import type { Split } from './commit-split.ts';
import { domainOf, messageContext, onNewestRing, pick, unopenedMsOf } from './commit-split.ts';
import type { Parcel, ReceivedParcel } from './flag-calls.ts';
import type { SensorIdentity } from './identity.ts';
import type { SignalFan } from './jobs.ts';
import { BACK_OFF } from './limits.ts';
import { drawAnswering, drawLive, isStuck } from './live-partitions.ts';
import { silentLast } from './silent-nodes.ts';
import type { Measured } from './split-shares.ts';
import { splitSharesInto } from './split-shares.ts';
import { abortedError } from './upload-failures.ts';
import type { UploaderContext } from './upload-reading.ts';
import { commitMeasured, readingIdIn } from './upload-reading.ts';

/** One reading of a flush. */
export interface FlushItem {
  readonly measured: Measured;
  readonly sensor: SensorIdentity;
}

/** Hears what became of each reading of a flush. */
export interface FlushEnds<Item> {
  committed(item: Item): void;
  failed(item: Item, error: unknown): void;
}

/** Where the readings of a flush go. */
export interface FlushPlace {
  readonly document: StreamDocument;
  readonly domains: readonly DomainId[];
  readonly window: WindowId;
  readonly group: number;
  readonly deadlineMs: number;
}

/** The readings of one sensor in a flush, and what is known of their packet. */
interface Sent<Item = FlushItem> {
  readonly items: readonly Item[];
  readonly parcel: Parcel;
  /** Of each domain, once it has stored the packet whole. */
  readonly receipts: (Uint8Array | null)[];
  setSent: boolean;
  lastFailure: ErrorCode | null;
}

const READING_ID_BYTES = 16;

/**
 * Commits readings of one window and group together, in one partition: one packet of each sensor, one request to every
 * domain and one to every acceptor. Tells what became of each, and goes on with those that are left one by one.
 * @param alone is given the work on those that are left; it rejects only where `ends` does.
 * @param moved whether they were in another partition before, whose acceptors do not answer.
 */
export async function commitFlush<Item extends FlushItem>(
  context: UploaderContext,
  place: FlushPlace,
  items: readonly Item[],
  ends: FlushEnds<Item>,
  fan: SignalFan,
  alone: (work: Promise<void>) => void,
  moved = false,
): Promise<void> {
  const known = { ...context, domains: place.domains };
  const partition = (moved ? drawAnswering : drawLive)(known, place.window);
  const endsAt = context.clock.now() + place.deadlineMs;
  const sent = bySensor(items).map((own) => splitParcel(context, place, own, partition));
  let out: readonly PacketOut[];
  try {
    fan.throwIfAborted();
    out = await fan.run((signal) => runFlush(context, place, partition, sent, !moved, signal));
  } catch (error) {
    if (!fan.aborted) throw error;
    for (const one of sent) {
      const splitAt = splitsOf(context, place, one);
      one.items.forEach((item, at) => void ends.failed(item, abortedError(splitAt(at))));
    }
    return;
  }
  // A clock that was set back meanwhile must not make hours of it.
  const leftMs = Math.min(place.deadlineMs, endsAt - context.clock.now());
  const unset = sent.every(({ setSent }) => !setSent);
  if (!moved && unset && leftMs > 0 && isStuck(known, place.window, partition))
    return commitFlush(context, { ...place, deadlineMs: leftMs }, items, ends, fan, alone, true);
  const left: (readonly [Item, Split])[] = [];
  for (const [packet, one] of sent.entries()) {
    const places = new Set(out[packet]?.left);
    if (places.size === 0) {
      for (const item of one.items) ends.committed(item);
      continue;
    }
    const splitAt = splitsOf(context, place, one);
    one.items.forEach((item, at) => {
      if (places.has(at)) left.push([item, splitAt(at)]);
      else ends.committed(item);
    });
  }
  for (const [item, begun] of left) {
    const { sensor, measured } = item;
    const own = { ...place, sensor, partition, endsAt };
    const work = fan.run((signal) => commitMeasured(context, own, measured, signal, begun));
    alone(
      work.then(
        () => ends.committed(item),
        (error: unknown) => ends.failed(item, error),
      ),
    );
  }
}

async function runFlush(
  context: UploaderContext,
  { domains, window, group, deadlineMs }: FlushPlace,
  partition: Partition,
  sent: readonly Sent[],
  movable: boolean,
  signal: AbortSignal,
): Promise<readonly PacketOut[]> {
  const { directory, silent, calls, clock, randomBytes } = context;
  const acceptors = directory.view(window).placement.acceptors(domains, partition).length;
  const last = silent.now();
  const round = flushRound({
    packets: sent.map(({ items }) => items.length),
    acceptors,
    quorum: majority(acceptors),
    domains: domains.length,
    backOff: BACK_OFF,
    deadlineMs,
    unopenedMs: unopenedMsOf(window, clock.now(), deadlineMs),
  });
  const scope = { stream: context.stream, window, group };
  const ask = (call: FlushCall): Promise<FlushReply> =>
    onNewestRing(
      directory,
      window,
      ({ placement }) =>
        call.kind === 'upload'
          ? pick(silentLast(placement.owners(domainOf(domains, call.domain), partition), last), call.owner)
          : pick(placement.acceptors(domains, partition), call.acceptor),
      async (node, view) => {
        const to = { node, context: messageContext(scope, view) };
        if (call.kind === 'upload') {
          const parcels = sent.map(({ parcel }) => parcel);
          const asked = calls.uploadAll(to, call.domain, parcels);
          const receipts = await silent.wait(node, asked, call.owner);
          sent.forEach((one, packet) => {
            one.receipts[call.domain] = receipts[packet] ?? null;
          });
          return { kind: 'stored', whole: sent.map((_, packet) => receipts[packet] != null) };
        }
        // Nothing of it is sent, so that its readings may go under other ids.
        if (movable && isStuck({ directory, domains, silent }, window, partition))
          throw new EngineError('UNREACHABLE', 'too few acceptors answer to decide a flag');
        const voters = view.placement.acceptors(domains, partition);
        // The round counts votes of as many as there were: its readings go on alone, or one vote could pass for all.
        if (voters.length !== acceptors)
          throw new EngineError('STALE_EPOCH', `expected ${acceptors} acceptors, got ${voters.length}`);
        const others = await silent.wait(
          node,
          calls.acceptAll(to, voters, receivedOf(sent, call.packets)),
          0,
        );
        return { kind: 'voted', others };
      },
    );
  const perform = (call: FlushCall) =>
    ask(call).catch((error: unknown) => {
      if (error instanceof EngineError) for (const one of sent) one.lastFailure = error.code;
      throw error;
    });
  return runRound(round, { perform, clock, randomBytes }, signal);
}

/** The packets that are to be set; from here on their readings may be TRUE, whatever is heard of it. */
function receivedOf(sent: readonly Sent[], packets: readonly number[]): ReceivedParcel[] {
  return packets.map((packet) => {
    const one = sent[packet];
    invariant(one !== undefined, 'a packet of the flush');
    one.setSent = true;
    const receipts = one.receipts.flatMap((receipt) => receipt ?? []);
    return { parcel: one.parcel, receipts };
  });
}

function bySensor<Item extends FlushItem>(items: readonly Item[]): Item[][] {
  const groups = new Map<SensorIdentity['keys'], Item[]>();
  for (const item of items) {
    const group = groups.get(item.sensor.keys);
    if (group === undefined) groups.set(item.sensor.keys, [item]);
    else group.push(item);
  }
  return [...groups.values()];
}

/** Draws an id for each reading and splits them all at once. */
function splitParcel<Item extends FlushItem>(
  context: UploaderContext,
  place: FlushPlace,
  items: readonly Item[],
  partition: Partition,
): Sent<Item> {
  const [first] = items;
  invariant(first !== undefined, 'a sensor with readings');
  const ids = context.randomBytes(READING_ID_BYTES * items.length);
  const readings = items.map(({ measured }, at) => {
    const id = ids.slice(READING_ID_BYTES * at, READING_ID_BYTES * (at + 1));
    return { readingId: readingIdIn(id, partition), count: measured.count };
  });
  const { sensor } = first;
  const shares = splitTogether(context, place, sensor, readings, items);
  return {
    items,
    parcel: { sensor, readings, shares },
    receipts: place.domains.map(() => null),
    setSent: false,
    lastFailure: null,
  };
}

/** For each domain the shares of all readings, one after another. */
function splitTogether(
  context: UploaderContext,
  { document, domains, window, group }: FlushPlace,
  { sensorId }: SensorIdentity,
  readings: readonly PacketReading[],
  items: readonly FlushItem[],
): readonly Uint8Array[] {
  // Vectors that follow one another have shares that follow one another.
  if (document.countMode === 'single' && !document.seeds) {
    return splitEncoded(
      concat(...items.map(({ measured }) => measured.vectors)),
      domains.length,
      context.pool,
    );
  }
  const places = domains.map((_, domain) => contentPlaces(document, domain, items));
  const all = places.map((ends) => new Uint8Array(ends.at(-1) ?? 0));
  readings.forEach(({ readingId, count }, at) => {
    const item = items[at];
    invariant(item !== undefined, 'an item of every reading');
    const key: FlagKey = { stream: context.stream, window, group, readingId, sensorId, count };
    const contents = all.map((content, domain) =>
      content.subarray(places[domain]?.[at], places[domain]?.[at + 1]),
    );
    splitSharesInto(context, document, key, item.measured, contents);
  });
  return all;
}

/** Where what a domain gets of each item begins, and where the last one ends. */
function contentPlaces(document: StreamDocument, domain: number, items: readonly FlushItem[]): number[] {
  let end = 0;
  const ends = items.map(({ measured }) => {
    end += shareContentBytes(document, domain, measured.vectorCount);
    return end;
  });
  return [0, ...ends];
}

/** Each reading of a packet by itself, under its own id and with its own shares. */
function splitsOf(
  context: UploaderContext,
  { document, window, group }: FlushPlace,
  { items, parcel, setSent, lastFailure }: Sent,
): (at: number) => Split {
  const { sensor } = parcel;
  // Once for all: where a domain refuses the packet, every reading goes on alone.
  const places = parcel.shares.map((_, domain) => contentPlaces(document, domain, items));
  return (at) => {
    const reading = parcel.readings[at];
    invariant(reading !== undefined, 'a reading of the packet');
    return {
      key: { stream: context.stream, window, group, sensorId: sensor.sensorId, ...reading },
      parcel: {
        sensor,
        readings: [reading],
        shares: parcel.shares.map((share, domain) =>
          share.subarray(places[domain]?.[at], places[domain]?.[at + 1]),
        ),
      },
      receipts: new Map(),
      setSent,
      lastFailure,
    };
  };
}
