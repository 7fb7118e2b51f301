import { hasCode, invariant } from '../src/foundation/index.ts';
import type { Clock, Transport } from '../src/ports/index.ts';
import type { FlagEntry, MessageContext, Operation, Outcome } from '../src/protocol/index.ts';
import { limits, operations } from '../src/protocol/index.ts';
import type { NodeId, Partition } from '../src/ring/index.ts';
import { partitionOf } from '../src/ring/index.ts';
import { callOperation } from '../src/rounds/call-operation.ts';
import type { Batch } from './batch.ts';
import { openBatch } from './batch.ts';
import type { Request } from './jobs.ts';
import { REQUEST_MS_MAX } from './limits.ts';

export type FlagOperation = 'CREATE' | 'SET' | 'GET';

/** The paper's operations for one reading; readings of one partition under way together share requests. */
export interface FlagCalls {
  flag(node: NodeId, operation: FlagOperation, context: MessageContext, entry: FlagEntry): Promise<Outcome>;
  /** @param index place of the share's domain in the stream document. */
  upload(
    node: NodeId,
    context: MessageContext,
    index: number,
    row: { readonly entry: FlagEntry; readonly share: Uint8Array },
  ): Promise<'STORED' | 'CONFLICT'>;
}

export interface FlagCallsOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  /** A request is not one reading's to stop: it ends with the sensor. */
  readonly request: Request;
}

/** Bytes of a row besides its share: entry and length. */
const ROW_BYTES = 64;
/** Bytes of an UPLOAD body before its rows, rounded up. */
const HEAD_BYTES = 256;

export function createFlagCalls({ transport, clock, request }: FlagCallsOptions): FlagCalls {
  const linger = () => request((signal) => clock.sleep(0, signal));
  const call = <Q, R>(node: NodeId, operation: Operation<Q, R>, message: Q) =>
    request((signal) =>
      callOperation(transport, node, operation, message, { timeoutMs: REQUEST_MS_MAX, signal }),
    );
  const flagBatches = new Map<string, Batch<FlagEntry, Outcome>>();
  const shareBatches = new Map<string, Batch<Row, 'STORED' | 'CONFLICT'>>();

  async function sendFlags(
    node: NodeId,
    operation: FlagOperation,
    context: MessageContext,
    partition: Partition,
    entries: readonly FlagEntry[],
  ): Promise<readonly Outcome[]> {
    if (operation === 'SET') {
      const flags = entries.map((entry) => ({ entry, receipts: [] }));
      return (await call(node, operations.SET, { context, partition, flags })).outcomes;
    }
    return (await call(node, operations[operation], { context, partition, flags: [...entries] })).outcomes;
  }

  return {
    flag(node, operation, context, entry) {
      const partition = partitionOf(entry.readingId);
      const key = [node, operation, context.epoch, context.window, partition].join();
      return joinBatch(flagBatches, key, entry, () =>
        openBatch({
          itemsMax: limits.FLAGS_PER_REQUEST_MAX,
          linger,
          concernsOneItem,
          send: (entries) => sendFlags(node, operation, context, partition, entries),
        }),
      );
    },
    upload(node, context, index, row) {
      const partition = partitionOf(row.entry.readingId);
      const key = [node, index, context.epoch, context.window, partition].join();
      return joinBatch(shareBatches, key, row, () =>
        openBatch({
          itemsMax: rowsMax(row.share.length),
          linger,
          concernsOneItem,
          async send(rows) {
            return (await call(node, operations.UPLOAD, { context, partition, index, rows: [...rows] })).rows;
          },
        }),
      );
    },
  };
}

type Row = Parameters<FlagCalls['upload']>[3];

function rowsMax(shareBytes: number): number {
  const room = limits.SENSOR_BODY_BYTES_MAX - HEAD_BYTES;
  return Math.max(1, Math.min(limits.FLAGS_PER_REQUEST_MAX, Math.floor(room / (shareBytes + ROW_BYTES))));
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
