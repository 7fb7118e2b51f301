import { bigEndian, concat, utf8 } from '../../src/foundation/index.ts';
import type { Store, StoreOperation } from '../../src/ports/index.ts';
import type { JournalStart, RecordCounts } from './journal.ts';
import type { RowSeal } from './row-seal.ts';

/**
 * Commit records kept. The store beneath loses records only from its log, which it starts anew every few MiB;
 * this many records are more bytes than two of its logs, so a lost group leaves a gap among those kept.
 */
export const COMMIT_RECORDS_MAX = 65_536;
const PAGE_RECORDS_MAX = 4_096;
const RECORD = utf8('C');
const RECORD_BYTES = 24;

/** What the commit records on disk say, and what is wrong with them. */
export interface CommitLog extends JournalStart {
  readonly doubt: string | null;
}

/**
 * Reads the commit records: one per commit group, numbered without a gap. A group that the store dropped
 * without an error takes its record along, so a gap is the trace of acknowledged rows that are gone.
 */
export async function readCommitLog(
  store: Store,
  rowSeal: RowSeal,
  storeKey: Uint8Array,
): Promise<CommitLog> {
  let log: CommitLog = { seq: 0, counts: { flags: 0, values: 0 }, doubt: null };
  let first: number | null = null;
  let from = RECORD;
  for (;;) {
    const page = await store.range('meta', { from, to: utf8('D'), limit: PAGE_RECORDS_MAX });
    for (const [key, sealed] of page) {
      const seq = seqOf(key);
      const plain = rowSeal.open(storeKey, 'meta', key, sealed);
      const counts = plain === null ? log.counts : countsOf(plain);
      let { doubt } = log;
      if (plain === null) doubt ??= `commit record ${seq} does not authenticate`;
      else if (first !== null && seq !== log.seq + 1)
        doubt ??= `commit records ${log.seq + 1} to ${seq - 1} are missing`;
      log = { seq, counts, doubt };
      first ??= seq;
    }
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE_RECORDS_MAX) break;
    from = concat(last[0], Uint8Array.of(0));
  }
  const expected = Math.max(1, log.seq - COMMIT_RECORDS_MAX + 1);
  if (first === null || first <= expected || log.doubt !== null) return log;
  return { ...log, doubt: `commit records ${expected} to ${first - 1} are missing` };
}

/** The rows that number commit group `seq`: its own record, and the deletion of one that is no longer kept. */
export function commitRecords(
  rowSeal: RowSeal,
  storeKey: Uint8Array,
  seq: number,
  counts: RecordCounts,
): readonly StoreOperation[] {
  const key = recordKey(seq);
  const plain = concat(bigEndian(seq, 8), bigEndian(counts.flags, 8), bigEndian(counts.values, 8));
  const operations: StoreOperation[] = [
    { kind: 'put', table: 'meta', key, value: rowSeal.seal(storeKey, 'meta', key, plain) },
  ];
  if (seq > COMMIT_RECORDS_MAX) {
    operations.push({ kind: 'delete', table: 'meta', key: recordKey(seq - COMMIT_RECORDS_MAX) });
  }
  return operations;
}

function recordKey(seq: number): Uint8Array {
  return concat(RECORD, bigEndian(seq, 8));
}

function seqOf(key: Uint8Array): number {
  return Number(new DataView(key.buffer, key.byteOffset, key.byteLength).getBigUint64(RECORD.length));
}

function countsOf(plain: Uint8Array): RecordCounts {
  const view = new DataView(plain.buffer, plain.byteOffset, RECORD_BYTES);
  return { flags: Number(view.getBigUint64(8)), values: Number(view.getBigUint64(16)) };
}
