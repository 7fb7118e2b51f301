import { EngineError, ERROR_TABLE, hasCode, invariant } from '../src/foundation/index.ts';
import type { Clock, Transport, TransportOptions } from '../src/ports/index.ts';
import type {
  FlagAnswer,
  FlagEntry,
  MessageContext,
  Operation,
  Outcome,
  PacketReading,
  Refusal,
  SetRequest,
  UploadResponse,
} from '../src/protocol/index.ts';
import { limits, operations, REFUSALS } from '../src/protocol/index.ts';
import type { NodeId, Partition } from '../src/ring/index.ts';
import { partitionOf } from '../src/ring/index.ts';
import type { Batch } from '../src/rounds/batch.ts';
import { joinBatch, openBatch } from '../src/rounds/batch.ts';
import { callOperation } from '../src/rounds/call-operation.ts';
import type { SensorIdentity } from './identity.ts';
import type { Request, Wait } from './jobs.ts';
import { REQUEST_MS_MAX } from './limits.ts';
import type { PacketMaker } from './packet-maker.ts';

/** Readings of one sensor in one partition, whose shares and flags travel together: each of their packets names them all. */
export interface Parcel {
  readonly sensor: SensorIdentity;
  readonly readings: readonly PacketReading[];
  /** For each domain of the stream the shares of the readings, one after another. */
  readonly shares: readonly Uint8Array[];
}

/** A parcel whose shares are stored, with the receipt of every domain of the stream, in its order. */
export interface ReceivedParcel {
  readonly parcel: Parcel;
  readonly receipts: readonly Uint8Array[];
}

/** What a node did with a packet of shares: stored, with the receipt for it, or in conflict with others. */
export type ShareAnswer =
  | { readonly answer: 'STORED'; readonly receipt: Uint8Array }
  | { readonly answer: 'CONFLICT' };

/** Where a request goes and what it is about. */
export interface Target {
  readonly node: NodeId;
  readonly context: MessageContext;
}

/**
 * The paper's operations for parcels of one reading; those of one partition under way together share requests. All but
 * GET throw an EngineError with the code of a {@link Refusal} where the node refuses the sensor's packet.
 */
export interface FlagCalls {
  /** @param index place of the shares' domain in the stream document. */
  upload(to: Target, index: number, parcel: Parcel): Promise<ShareAnswer>;
  /** @param acceptors of the flags, whom the node hands the packet on to. */
  set(to: Target, acceptors: readonly NodeId[], parcel: ReceivedParcel): Promise<Outcome>;
  get(to: Target, entry: FlagEntry): Promise<Outcome>;
  /** UPLOAD of several parcels of one partition in one request; per parcel the receipt, null where it is not stored whole. */
  uploadAll(to: Target, index: number, parcels: readonly Parcel[]): Promise<readonly (Uint8Array | null)[]>;
  /**
   * The votes of one acceptor for several parcels of one partition; per parcel the places of the readings that it does
   * not vote TRUE, null where it votes for none.
   */
  acceptAll(
    to: Target,
    acceptors: readonly NodeId[],
    parcels: readonly ReceivedParcel[],
  ): Promise<readonly (readonly number[] | null)[]>;
  /**
   * Hands everything to one node, in a request of its own.
   * @param owners a node of every domain of the stream, in its order.
   * @param onNeverSent called before it throws where nothing has left.
   * @returns whether the domains themselves say that the flags are TRUE.
   */
  relay(
    to: Target,
    owners: readonly NodeId[],
    acceptors: readonly NodeId[],
    parcel: Parcel,
    onNeverSent: () => void,
  ): Promise<boolean>;
}

export interface FlagCallsOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly packets: PacketMaker;
  readonly request: Request;
  /** A request is not one reading's to stop: it ends with the sensor. */
  readonly wait: Wait;
}

/** Bytes of a row besides its share where every row has a packet of its own. */
const ROW_BYTES = 256;
/** Bytes of a reading in a packet besides its share: id and count. */
const READING_BYTES = 20;
/** Bytes of an UPLOAD body before its packets, rounded up. */
const HEAD_BYTES = 256;

export function createFlagCalls({ transport, clock, packets, request, wait }: FlagCallsOptions): FlagCalls {
  const linger = () => request((signal) => clock.sleep(0, signal));
  const call = <Q, R>(
    node: NodeId,
    operation: Operation<Q, R>,
    message: Q,
    own: Pick<TransportOptions, 'onNeverSent'> = {},
  ) => wait(() => callOperation(transport, node, operation, message, { timeoutMs: REQUEST_MS_MAX, ...own }));
  const uploads = new Map<string, Batch<Parcel, UploadResponse['packets'][number]>>();
  const sets = new Map<string, Batch<ReceivedParcel, FlagAnswer>>();
  const questions = new Map<string, Batch<FlagEntry, Outcome>>();

  async function sendShares({ node, context }: Target, index: number, parcels: readonly Parcel[]) {
    const made = parcels.map(({ sensor, readings, shares }) =>
      packets.shares(sensor, node, context, index, readings, shareOf(shares, index)),
    );
    const body = { context, partition: partitionIn(parcels), index, packets: await Promise.all(made) };
    return (await call(node, operations.UPLOAD, body)).packets;
  }

  async function setRequest(
    context: MessageContext,
    acceptors: readonly NodeId[],
    parcels: readonly ReceivedParcel[],
  ): Promise<SetRequest> {
    const made = parcels.map(({ parcel: { sensor, readings }, receipts }) =>
      packets.set(sensor, acceptors, context, readings, receipts),
    );
    const partition = partitionIn(parcels.map(({ parcel }) => parcel));
    return { context, partition, packets: await Promise.all(made) };
  }

  return {
    async uploadAll(to, index, parcels) {
      return (await sendShares(to, index, parcels)).map(({ receipt }) => receipt);
    },
    async acceptAll({ node, context }, acceptors, parcels) {
      const body = await setRequest(context, acceptors, parcels);
      const answer = await call(node, operations.ACCEPT, body);
      return answer.packets.map((one) =>
        one.answer === 'ACCEPTED' ? one.others.map(({ place }) => place) : null,
      );
    },
    async upload({ node, context }, index, parcel) {
      const partition = partitionIn([parcel]);
      const answer = await joinBatch(uploads, keyOf({ node, context }, partition, index), parcel, () =>
        openBatch({
          itemsMax: limits.PACKETS_PER_REQUEST_MAX,
          bytesOf: parcelBytes,
          bytesMax: limits.SENSOR_BODY_BYTES_MAX - HEAD_BYTES,
          linger,
          concernsOneItem,
          send: (parcels) => sendShares({ node, context }, index, parcels),
        }),
      );
      return shareAnswerIn(answer);
    },
    async set({ node, context }, acceptors, received) {
      const partition = partitionIn([received.parcel]);
      const answer = await joinBatch(sets, keyOf({ node, context }, partition), received, () =>
        openBatch({
          itemsMax: limits.PACKETS_PER_REQUEST_MAX,
          linger,
          concernsOneItem,
          send: async (parcels) =>
            (await call(node, operations.SET, await setRequest(context, acceptors, parcels))).outcomes,
        }),
      );
      if (isRefusal(answer)) throw refusedWith(answer);
      return answer;
    },
    async relay({ node, context }, owners, acceptors, parcel, onNeverSent) {
      const { sensor, readings, shares } = parcel;
      const { packet, judge } = await packets.relay(sensor, owners, context, readings, shares);
      const body = { context, partition: partitionIn([parcel]), ...packet };
      return judge(await call(node, operations.RELAY, body, { onNeverSent }), acceptors);
    },
    get({ node, context }, entry) {
      const partition = partitionOf(entry.readingId);
      return joinBatch(questions, keyOf({ node, context }, partition), entry, () =>
        openBatch({
          itemsMax: limits.FLAGS_PER_REQUEST_MAX,
          linger,
          concernsOneItem,
          send: async (flags) =>
            (await call(node, operations.GET, { context, partition, flags: [...flags] })).outcomes,
        }),
      );
    },
  };
}

/** @param index of an UPLOAD. */
function keyOf({ node, context }: Target, partition: Partition, index?: number): string {
  return [node, index, context.epoch, context.window, context.group, partition].join();
}

function partitionIn([first]: readonly Parcel[]): Partition {
  const [reading] = first?.readings ?? [];
  invariant(reading !== undefined, 'a parcel holds readings');
  return partitionOf(reading.readingId);
}

function shareOf(shares: readonly Uint8Array[], index: number): Uint8Array {
  const share = shares[index];
  invariant(share !== undefined, 'a parcel holds shares of every domain');
  return share;
}

function shareAnswerIn({ answer, receipt }: UploadResponse['packets'][number]): ShareAnswer {
  if (isRefusal(answer)) throw refusedWith(answer);
  if (answer === 'CONFLICT') return { answer };
  if (receipt !== null) return { answer, receipt };
  throw new EngineError('MALFORMED_BODY', 'expected a receipt with stored shares, got none');
}

function isRefusal(answer: string): answer is Refusal {
  return REFUSALS.some((code) => code === answer);
}

function refusedWith(code: Refusal): EngineError {
  return new EngineError(code, `the node refuses the reading: ${ERROR_TABLE[code].meaning}`);
}

/** How many readings fit into one UPLOAD where each has a packet of its own. */
export function rowsMax(shareBytes: number): number {
  const room = limits.SENSOR_BODY_BYTES_MAX - HEAD_BYTES;
  return Math.max(1, Math.min(limits.PACKETS_PER_REQUEST_MAX, Math.floor(room / (shareBytes + ROW_BYTES))));
}

/** What a parcel takes of an UPLOAD, at most: a seed is short and stands for as much as the longest share. */
function parcelBytes({ readings, shares }: Parcel): number {
  return ROW_BYTES + readings.length * READING_BYTES + Math.max(...shares.map(({ length }) => length));
}

/** How many readings of one sensor fit into one UPLOAD as one packet. */
export function readingsMax(shareBytes: number): number {
  const room = limits.SENSOR_BODY_BYTES_MAX - HEAD_BYTES - ROW_BYTES;
  return Math.max(1, Math.min(limits.FLAGS_PER_REQUEST_MAX, Math.floor(room / (shareBytes + READING_BYTES))));
}

/** A full window refuses the whole request though some of its readings would still fit. */
function concernsOneItem(error: unknown): boolean {
  return hasCode(error, 'WINDOW_FULL', 'SHARE_CONFLICT', 'BODY_TOO_LARGE');
}
