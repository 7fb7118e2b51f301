import { EngineError, ERROR_TABLE, hasCode, invariant } from '../src/foundation/index.ts';
import type { Clock, Transport } from '../src/ports/index.ts';
import type {
  CreatePacket,
  FlagAnswer,
  FlagEntry,
  MessageContext,
  Operation,
  Outcome,
  Refusal,
  SetPacket,
  SharePacket,
  UploadResponse,
} from '../src/protocol/index.ts';
import { limits, operations, REFUSALS } from '../src/protocol/index.ts';
import type { NodeId, Partition } from '../src/ring/index.ts';
import { partitionOf } from '../src/ring/index.ts';
import { callOperation } from '../src/rounds/call-operation.ts';
import type { Batch } from './batch.ts';
import { openBatch } from './batch.ts';
import type { SensorIdentity } from './identity.ts';
import type { Request } from './jobs.ts';
import { REQUEST_MS_MAX } from './limits.ts';
import type { PacketMaker } from './packet-maker.ts';

/** A flag and the sensor that speaks about it. */
export interface SensorFlag {
  readonly sensor: SensorIdentity;
  readonly entry: FlagEntry;
}

/** A share and the sensor that it comes from. */
export interface SensorShare extends SensorFlag {
  readonly share: Uint8Array;
}

/** A flag to be set, with the receipt of every domain of the stream, in its order. */
export interface ReceivedFlag extends SensorFlag {
  readonly receipts: readonly Uint8Array[];
}

/** What became of a share: stored, with the receipt for it, or in conflict with another one. */
export type ShareAnswer =
  | { readonly answer: 'STORED'; readonly receipt: Uint8Array }
  | { readonly answer: 'CONFLICT' };

/**
 * The paper's operations for one reading; readings of one partition under way together share requests. All but
 * GET throw an EngineError with the code of a {@link Refusal} where the node refuses the sensor's packet.
 */
export interface FlagCalls {
  create(node: NodeId, context: MessageContext, flag: SensorFlag): Promise<Outcome>;
  set(node: NodeId, context: MessageContext, flag: ReceivedFlag): Promise<Outcome>;
  get(node: NodeId, context: MessageContext, entry: FlagEntry): Promise<Outcome>;
  /** @param index place of the share's domain in the stream document. */
  upload(node: NodeId, context: MessageContext, index: number, row: SensorShare): Promise<ShareAnswer>;
}

export interface FlagCallsOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly packets: PacketMaker;
  /** A request is not one reading's to stop: it ends with the sensor. */
  readonly request: Request;
}

/** Bytes of a row besides its share where every row has a packet of its own. */
const ROW_BYTES = 256;
/** Bytes of an UPLOAD body before its packets, rounded up. */
const HEAD_BYTES = 256;

export function createFlagCalls({ transport, clock, packets, request }: FlagCallsOptions): FlagCalls {
  const linger = () => request((signal) => clock.sleep(0, signal));
  const call = <Q, R>(node: NodeId, operation: Operation<Q, R>, message: Q) =>
    request((signal) =>
      callOperation(transport, node, operation, message, { timeoutMs: REQUEST_MS_MAX, signal }),
    );

  /** Collects the items of one request and sends them as packets, one of each sensor. */
  function packed<Item extends SensorFlag, P, A>(
    itemsMax: (item: Item) => number,
    pack: (to: Target, sensor: SensorIdentity, items: readonly Item[]) => Promise<P>,
    send: (to: Target, partition: Partition, packets: readonly P[]) => Promise<readonly A[]>,
  ): (to: Target, item: Item) => Promise<A> {
    const batches = new Map<string, Batch<Item, A>>();
    return (to, item) => {
      const partition = partitionOf(item.entry.readingId);
      return joinBatch(batches, keyOf(to, partition), item, () =>
        openBatch({
          itemsMax: itemsMax(item),
          linger,
          concernsOneItem,
          async send(items) {
            const groups = bySensor(items);
            const made = await Promise.all(groups.map((group) => pack(to, group.sensor, group.items)));
            return inOrderOf(items, groups, await send(to, partition, made));
          },
        }),
      );
    };
  }

  const create = packed<SensorFlag, CreatePacket, FlagAnswer>(
    () => limits.PACKETS_PER_REQUEST_MAX,
    ({ node, context }, sensor, flags) =>
      packets.create(
        sensor,
        node,
        context,
        flags.map(({ entry }) => entry),
      ),
    async ({ node, context }, partition, made) =>
      (await call(node, operations.CREATE, { context, partition, packets: made })).outcomes,
  );
  const set = packed<ReceivedFlag, SetPacket, FlagAnswer>(
    () => limits.PACKETS_PER_REQUEST_MAX,
    ({ node, context }, sensor, flags) => packets.set(sensor, node, context, flags),
    async ({ node, context }, partition, made) =>
      (await call(node, operations.SET, { context, partition, packets: made })).outcomes,
  );
  const upload = packed<SensorShare, SharePacket, UploadResponse['rows'][number]>(
    ({ share }) => rowsMax(share.length),
    ({ node, context, index = 0 }, sensor, rows) => packets.shares(sensor, node, context, index, rows),
    async ({ node, context, index = 0 }, partition, made) =>
      (await call(node, operations.UPLOAD, { context, partition, index, packets: made })).rows,
  );
  const questions = new Map<string, Batch<FlagEntry, Outcome>>();

  return {
    create: async (node, context, flag) => outcomeIn(await create({ node, context }, flag)),
    set: async (node, context, flag) => outcomeIn(await set({ node, context }, flag)),
    get(node, context, entry) {
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
    upload: async (node, context, index, row) => shareAnswerIn(await upload({ node, context, index }, row)),
  };
}

/** Where a request goes and what it is about. */
interface Target {
  readonly node: NodeId;
  readonly context: MessageContext;
  /** Of an UPLOAD. */
  readonly index?: number;
}

function keyOf({ node, context, index }: Target, partition: Partition): string {
  return [node, index, context.epoch, context.window, context.group, partition].join();
}

function outcomeIn(answer: FlagAnswer): Outcome {
  if (isRefusal(answer)) throw refusedWith(answer);
  return answer;
}

function shareAnswerIn({ answer, receipt }: UploadResponse['rows'][number]): ShareAnswer {
  if (isRefusal(answer)) throw refusedWith(answer);
  if (answer === 'CONFLICT') return { answer };
  if (receipt !== null) return { answer, receipt };
  throw new EngineError('MALFORMED_BODY', 'expected a receipt with every stored share, got none');
}

/** Readings of one sensor in a request, which become one packet. */
interface Group<Item> {
  readonly sensor: SensorIdentity;
  readonly items: Item[];
}

function bySensor<Item extends { readonly sensor: SensorIdentity }>(items: readonly Item[]): Group<Item>[] {
  const groups = new Map<SensorIdentity['keys'], Group<Item>>();
  for (const item of items) {
    const group = groups.get(item.sensor.keys);
    if (group === undefined) groups.set(item.sensor.keys, { sensor: item.sensor, items: [item] });
    else group.items.push(item);
  }
  return [...groups.values()];
}

/** Answers come packet after packet; each goes back to the place of its item. */
function inOrderOf<Item, Answer>(
  items: readonly Item[],
  groups: readonly Group<Item>[],
  answers: readonly Answer[],
): readonly Answer[] {
  const answerOf = new Map(groups.flatMap((group) => group.items).map((item, i) => [item, answers[i]]));
  return items.flatMap((item) => answerOf.get(item) ?? []);
}

function isRefusal(answer: string): answer is Refusal {
  return REFUSALS.some((code) => code === answer);
}

function refusedWith(code: Refusal): EngineError {
  return new EngineError(code, `the node refuses the reading: ${ERROR_TABLE[code].meaning}`);
}

function rowsMax(shareBytes: number): number {
  const room = limits.SENSOR_BODY_BYTES_MAX - HEAD_BYTES;
  return Math.max(1, Math.min(limits.PACKETS_PER_REQUEST_MAX, Math.floor(room / (shareBytes + ROW_BYTES))));
}

/** A full window refuses the whole request though some of its readings would still fit. */
function concernsOneItem(error: unknown): boolean {
  return hasCode(error, 'WINDOW_FULL', 'SHARE_CONFLICT', 'BODY_TOO_LARGE');
}

function joinBatch<Item, Answer>(
  batches: Map<string, Batch<Item, Answer>>,
  key: string,
  item: Item,
  open: () => Batch<Item, Answer>,
): Promise<Answer> {
  const joined = batches.get(key)?.add(item);
  if (joined !== undefined) return joined;
  const batch = open();
  batches.set(key, batch);
  const answer = batch.add(item);
  invariant(answer !== undefined, 'a fresh batch has room');
  const forget = () => {
    if (batches.get(key) === batch) batches.delete(key);
  };
  answer.then(forget, forget);
  return answer;
}
