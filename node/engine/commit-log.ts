import { bigEndian, concat, utf8 } from '../../src/foundation/index.ts';
import type { Store, StoreOperation } from '../../src/ports/index.ts';
import type { CommitRecord, JournalStart, RecordCounts } from './journal.ts';
import type { RowSeal } from './row-seal.ts';
import { pagesOf } from './tables.ts';

/**
 * What the newest commit groups whose records stay have written at least. The store beneath loses groups only from its
 * log and the one before, each of 16 MiB and its last group; these are more, so a lost group leaves a gap among those kept.
 */
export const COMMIT_BYTES_KEPT_MIN = 64 * 1_048_576;
/** Records that go with one commit group: as many come with as many groups, and no batch grows by thousands of deletes. */
export const COMMIT_RECORDS_DROPPED_MAX = 16;
const PAGE_RECORDS_MAX = 4_096;
/** More commit groups than a store comes to; numbers of rows, 8,192 for each group, stay exact up to twice as many. */
const COMMIT_SEQ_END = 2 ** 39;
const RECORD = utf8('C');
const RECORD_BYTES = 32;

/** What the commit records on disk say, what is wrong with them, and how they go on. */
export interface CommitLog extends JournalStart {
  readonly doubt: string | null;
  /** The rows that number a commit group: its own record, and the deletion of those that are no longer kept. */
  readonly record: CommitRecord;
}

/** A commit group whose record is on disk, and what all groups up to it have written, bytes. */
interface KeptRecord {
  readonly seq: number;
  readonly bytes: number;
}

/**
 * Reads the commit records: one per commit group, numbered without a gap. A group that the store dropped
 * without an error takes its record along, so a gap is the trace of acknowledged rows that are gone.
 */
export async function openCommitLog(
  store: Store,
  rowSeal: RowSeal,
  storeKey: Uint8Array,
): Promise<CommitLog> {
  const kept: KeptRecord[] = [];
  let counts: RecordCounts = { flags: 0, values: 0 };
  let doubt: string | null = null;
  const records = { from: RECORD, to: utf8('D'), limit: PAGE_RECORDS_MAX };
  for await (const page of pagesOf(store, 'meta', records)) {
    for (const [key, sealed] of page) {
      const seq = seqOf(key);
      if (seq === null) {
        doubt ??= 'a commit record has a damaged number';
        continue;
      }
      const last = kept.at(-1);
      const plain = rowSeal.open(storeKey, 'meta', key, sealed);
      if (plain === null) doubt ??= `commit record ${seq} does not authenticate`;
      else if (last !== undefined && seq !== last.seq + 1)
        doubt ??= `commit records ${last.seq + 1} to ${seq - 1} are missing`;
      if (plain !== null) counts = countsOf(plain);
      kept.push({ seq, bytes: plain === null ? (last?.bytes ?? 0) : bytesOf(plain) });
    }
  }
  const first = kept[0];
  if (first !== undefined && first.seq > 1 && !spans(kept, first)) {
    doubt ??= `commit records before ${first.seq} are missing`;
  }
  return { seq: kept.at(-1)?.seq ?? 0, counts, doubt, record: recorder(rowSeal, storeKey, kept) };
}

/** Whether the groups behind one have written so much that the records up to it are not needed. */
function spans(kept: readonly KeptRecord[], { bytes }: KeptRecord): boolean {
  return (kept.at(-1)?.bytes ?? 0) - bytes >= COMMIT_BYTES_KEPT_MIN;
}

/** @param kept the records on disk, oldest first; grows with every commit. */
function recorder(rowSeal: RowSeal, storeKey: Uint8Array, kept: KeptRecord[]): CommitRecord {
  let dropped = 0;

  /** The oldest record goes where the one behind it is old enough. */
  function dropOldest(): StoreOperation | null {
    const [oldest, next] = [kept[dropped], kept[dropped + 1]];
    if (oldest === undefined || next === undefined || !spans(kept, next)) return null;
    dropped += 1;
    if (2 * dropped > kept.length) {
      kept.splice(0, dropped);
      dropped = 0;
    }
    return { kind: 'delete', table: 'meta', key: recordKey(oldest.seq) };
  }

  return (seq, counts, written) => {
    const bytes = (kept.at(-1)?.bytes ?? 0) + sizeOf(written);
    kept.push({ seq, bytes });
    const key = recordKey(seq);
    const plain = concat(...[seq, counts.flags, counts.values, bytes].map((one) => bigEndian(one, 8)));
    const operations: StoreOperation[] = [
      { kind: 'put', table: 'meta', key, value: rowSeal.seal(storeKey, 'meta', key, plain) },
    ];
    while (operations.length <= COMMIT_RECORDS_DROPPED_MAX) {
      const operation = dropOldest();
      if (operation === null) break;
      operations.push(operation);
    }
    return operations;
  };
}

/** Less than what the store's log takes for them. */
function sizeOf(operations: readonly StoreOperation[]): number {
  return operations.reduce(
    (sum, one) => sum + one.key.length + (one.kind === 'put' ? one.value.length : 0),
    0,
  );
}

function recordKey(seq: number): Uint8Array {
  return concat(RECORD, bigEndian(seq, 8));
}

/** The number in a record's key; null for a damaged one, which is no number that a store has come to. */
function seqOf(key: Uint8Array): number | null {
  if (key.length !== RECORD.length + 8) return null;
  const seq = Number(new DataView(key.buffer, key.byteOffset, key.byteLength).getBigUint64(RECORD.length));
  return seq < COMMIT_SEQ_END ? seq : null;
}

function countsOf(plain: Uint8Array): RecordCounts {
  return { flags: numberAt(plain, 8), values: numberAt(plain, 16) };
}

function bytesOf(plain: Uint8Array): number {
  return numberAt(plain, 24);
}

function numberAt(plain: Uint8Array, at: number): number {
  return Number(new DataView(plain.buffer, plain.byteOffset, RECORD_BYTES).getBigUint64(at));
}
