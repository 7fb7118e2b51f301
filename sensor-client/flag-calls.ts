import { EngineError, ERROR_TABLE, hasCode, invariant } from '../src/foundation/index.ts';
import type { Clock, Transport } from '../src/ports/index.ts';
import type { FlagEntry, MessageContext, Operation, Outcome, Refusal } from '../src/protocol/index.ts';
import { limits, operations, REFUSALS } from '../src/protocol/index.ts';
import type { NodeId } from '../src/ring/index.ts';
import { partitionOf } from '../src/ring/index.ts';
import { callOperation } from '../src/rounds/call-operation.ts';
import type { Batch } from './batch.ts';
import { openBatch } from './batch.ts';
import type { SensorIdentity } from './identity.ts';
import type { Request } from './jobs.ts';
import { REQUEST_MS_MAX } from './limits.ts';
import type { PacketMaker } from './packet-maker.ts';

export type FlagOperation = 'CREATE' | 'SET' | 'GET';

/** A share and the sensor that it comes from. */
export interface SensorShare {
  readonly sensor: SensorIdentity;
  readonly entry: FlagEntry;
  readonly share: Uint8Array;
}

/** The paper's operations for one reading; readings of one partition under way together share requests. */
export interface FlagCalls {
  flag(node: NodeId, operation: FlagOperation, context: MessageContext, entry: FlagEntry): Promise<Outcome>;
  /**
   * @param index place of the share's domain in the stream document.
   * @throws EngineError with the code of a {@link Refusal} where the node refuses the sensor's packet
   */
  upload(
    node: NodeId,
    context: MessageContext,
    index: number,
    row: SensorShare,
  ): Promise<'STORED' | 'CONFLICT'>;
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
  const flagBatches = new Map<string, Batch<FlagEntry, Outcome>>();
  const shareBatches = new Map<string, Batch<SensorShare, 'STORED' | 'CONFLICT' | Refusal>>();

  async function sendFlags(
    node: NodeId,
    operation: FlagOperation,
    context: MessageContext,
    entries: readonly FlagEntry[],
  ): Promise<readonly Outcome[]> {
    const partition = partitionOfAll(entries);
    if (operation === 'SET') {
      const flags = entries.map((entry) => ({ entry, receipts: [] }));
      return (await call(node, operations.SET, { context, partition, flags })).outcomes;
    }
    return (await call(node, operations[operation], { context, partition, flags: [...entries] })).outcomes;
  }

  async function sendShares(
    node: NodeId,
    context: MessageContext,
    index: number,
    rows: readonly SensorShare[],
  ): Promise<readonly ('STORED' | 'CONFLICT' | Refusal)[]> {
    const partition = partitionOfAll(rows.map(({ entry }) => entry));
    const groups = bySensor(rows);
    const sealed = await Promise.all(
      groups.map(({ sensor, items }) => packets.shares(sensor, node, context, index, items)),
    );
    const answer = await call(node, operations.UPLOAD, { context, partition, index, packets: sealed });
    return inOrderOf(rows, groups, answer.rows);
  }

  return {
    flag(node, operation, context, entry) {
      const key = [
        node,
        operation,
        context.epoch,
        context.window,
        context.group,
        partitionOf(entry.readingId),
      ].join();
      return joinBatch(flagBatches, key, entry, () =>
        openBatch({
          itemsMax: limits.PACKETS_PER_REQUEST_MAX,
          linger,
          concernsOneItem,
          send: (entries) => sendFlags(node, operation, context, entries),
        }),
      );
    },
    async upload(node, context, index, row) {
      const key = [
        node,
        index,
        context.epoch,
        context.window,
        context.group,
        partitionOf(row.entry.readingId),
      ].join();
      const answer = await joinBatch(shareBatches, key, row, () =>
        openBatch({
          itemsMax: rowsMax(row.share.length),
          linger,
          concernsOneItem,
          send: (rows) => sendShares(node, context, index, rows),
        }),
      );
      if (isRefusal(answer)) throw refusedWith(answer);
      return answer;
    },
  };
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

function partitionOfAll([first]: readonly FlagEntry[]) {
  invariant(first !== undefined, 'a request is about something');
  return partitionOf(first.readingId);
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
