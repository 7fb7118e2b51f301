import type { Log, RandomBytes, Store, TableName } from '../../src/ports/index.ts';
import { streamHash } from '../../src/ring/identifiers.ts';
import { openCommitLog } from './commit-log.ts';
import type { CorruptRows } from './corrupt-rows.ts';
import { createCorruptRows } from './corrupt-rows.ts';
import type { DamagedRows } from './damaged-rows.ts';
import { createDamagedRows } from './damaged-rows.ts';
import type { EntryHash } from './entry-hash.ts';
import { createEntryHash, ENTRY_HASH_KEY_BYTES } from './entry-hash.ts';
import type { Journal } from './journal.ts';
import { openJournal } from './journal.ts';
import { createOpenedRecords } from './opened-records.ts';
import type { PackedRows } from './packed-rows.ts';
import { createPackedRows } from './packed-rows.ts';
import type { PeerMemory } from './peer-memory.ts';
import { openPeerMemory } from './peer-memory.ts';
import type { RecallMark } from './recall-mark.ts';
import { openRecallMark } from './recall-mark.ts';
import type { RowSeal } from './row-seal.ts';
import type { StoreHealth } from './store-health.ts';
import { createStoreHealth, readDoubt } from './store-health.ts';
import type { Tables } from './tables.ts';
import { createTables } from './tables.ts';

/** The key of rows that belong to no window lives beside the windows' keys, under a name no stream can have. */
export const STORE_KEY_NAME = streamHash('0'.repeat(64));

/** A store with everything that keeps it honest: numbered commits, sealed rows, a memory of doubts. */
export interface SealedStore {
  readonly journal: Journal;
  readonly tables: Tables;
  readonly packed: PackedRows;
  readonly corrupt: CorruptRows;
  readonly health: StoreHealth;
  readonly memory: PeerMemory;
  readonly damaged: DamagedRows;
  /** For tables of entries in memory; its key is of this life only. */
  readonly entryHash: EntryHash;
  readonly recallMark: RecallMark;
}

export async function openSealedStore(options: {
  readonly store: Store;
  readonly rowSeal: RowSeal;
  readonly storeKey: Uint8Array;
  readonly randomBytes: RandomBytes;
  readonly log: Log;
}): Promise<SealedStore> {
  const { store, rowSeal, storeKey, randomBytes, log } = options;
  const commits = await openCommitLog(store, rowSeal, storeKey);
  const known = await readDoubt(store, rowSeal, storeKey);
  const memory = await openPeerMemory(store, rowSeal, storeKey);
  const recallMark = await openRecallMark(store, rowSeal, storeKey, commits.seq);
  const journal = openJournal(store, commits, (...group) => [
    ...commits.record(...group),
    ...memory.takeWrites(),
    ...recallMark.takeWrites(),
  ]);
  const health = createStoreHealth({ known, journal, rowSeal, storeKey, log });
  const doubt = commits.doubt ?? memory.doubt ?? recallMark.doubt;
  if (doubt !== null) health.raise(doubt);
  const damaged = createDamagedRows();
  const onCorrupt = (table: TableName, rowKey: Uint8Array): void => {
    // A share can be fetched again from another owner; what a vote was, nobody else knows.
    if (table === 'values') damaged.note(rowKey);
    else health.raise(`a row of the ${table} table does not authenticate`);
  };
  const corrupt = createCorruptRows(log, onCorrupt);
  const tables = createTables({ journal, rowSeal, corrupt });
  const entryHash = createEntryHash(randomBytes(ENTRY_HASH_KEY_BYTES));
  const packed = createPackedRows({
    journal,
    rowSeal,
    corrupt,
    opened: createOpenedRecords(),
    hash: entryHash,
  });
  return { journal, tables, packed, corrupt, health, memory, damaged, entryHash, recallMark };
}
