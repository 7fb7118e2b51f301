import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { Level } from 'level';
import { EngineError, systemCode, systemReason } from '../../src/foundation/index.ts';
import type { Store, StoreOperation, TableName } from '../../src/ports/index.ts';
import { diskFailure, makeFolder, syncFolder } from './durable-file.ts';
import { refuseDoubtfulStore } from './level-recovery.ts';

/**
 * First byte of every key. Part of the disk format. The tables that grow come last, and in them a stream's newest window:
 * LevelDB merges a new file with all older ones whose keys lie between its first and its last, so rows of old windows
 * would be written again and again if anything newer sorted on both sides of them.
 */
const TABLE_PREFIX: Readonly<Record<TableName, number>> = {
  documents: 0x64,
  meta: 0x6d,
  windows: 0x77,
  flags: 0x78,
  values: 0x79,
};

/**
 * What LevelDB gathers before it writes a table file, four times its own default: it merges four such files at a time, so
 * with larger ones it merges less. Twice as much is in memory at most, and in its logs, which `COMMIT_BYTES_KEPT_MIN`
 * covers.
 */
export const WRITE_BUFFER_BYTES_MAX = 16 * 1_048_576;

/** Whether keys that begin with this byte are of the values table, whose rows are written once. */
export const isOfValues = (firstByte: number): boolean => firstByte === TABLE_PREFIX.values;

/** Bytes an iterator fetches at once: Level's 16 KiB would cross into native code for every few rows. */
const ITERATOR_FETCH_BYTES = 256 * 1024;

/** Longer than any row key behind its prefix. */
const KEY_TAIL_BYTES = 128;

/** What Level is on Node; its types are those of browsers as well, which cannot compact. */
type Database = Level<Uint8Array, Uint8Array> & {
  compactRange(start: Uint8Array, end: Uint8Array): Promise<void>;
};

export interface LevelStoreOptions {
  /** `false` refuses a folder without a database instead of starting an empty one; default `true`. */
  readonly createIfMissing?: boolean;
}

/**
 * A node's disk as one LevelDB database. Commits are synced, and take effect in the order of the calls. After
 * a failed commit the store refuses every other one: what is on disk is no longer known.
 * @throws EngineError `DATA_FOLDER_UNUSABLE`, `STORE_LOCKED`, `STORE_FAILED` (also when LevelDB dropped
 * records while it recovered)
 */
export async function openLevelStore(folder: string, options: LevelStoreOptions = {}): Promise<Store> {
  const database = await openDatabase(folder, options.createIfMissing ?? true);
  let failure: EngineError | undefined;
  let closing: Promise<void> | undefined;
  let lastCommit: Promise<void> = Promise.resolve();
  const scans = new Set<Promise<unknown>>();

  /** Every write: after one that failed LevelDB may have half of it in its log, and drops what comes behind. */
  async function writeRows(rows: readonly (readonly [Uint8Array, Uint8Array | undefined])[]): Promise<void> {
    if (failure !== undefined) throw failure;
    const batch = database.batch();
    for (const [key, value] of rows) {
      if (value === undefined) batch.del(key);
      else batch.put(key, value);
    }
    try {
      await batch.write({ sync: true });
    } catch (error) {
      failure = diskFailure(`write to the store in ${folder}`, error);
      throw failure;
    }
  }

  function write(operations: readonly StoreOperation[]): Promise<void> {
    return writeRows(
      operations.map((one) => [rowKey(one.table, one.key), one.kind === 'put' ? one.value : undefined]),
    );
  }

  /** Writes keys again as they are, in their turn among the commits; one that is not there stays so. */
  function touch(...keys: readonly Uint8Array[]): Promise<void> {
    const done = lastCommit.then(async () => {
      const rows = await database.getMany([...keys]);
      await writeRows(keys.map((key, place) => [key, rows[place]]));
    });
    lastCommit = done;
    return done;
  }

  function assertOpen(): void {
    if (closing !== undefined) throw new EngineError('NOT_READY', 'the store is closed');
  }

  return {
    async getMany(table, keys) {
      assertOpen();
      const rows = await database
        .getMany(keys.map((key) => rowKey(table, key)))
        .catch((error) => Promise.reject(diskFailure(`read from the store in ${folder}`, error)));
      return rows.map((row) => row && plainBytes(row, 0));
    },
    async range(table, { from, to, limit, backward = false }) {
      assertOpen();
      const scan = database
        .iterator({
          gte: rowKey(table, from),
          lt: rowKey(table, to),
          limit,
          reverse: backward,
          highWaterMarkBytes: ITERATOR_FETCH_BYTES,
        })
        .all();
      scans.add(scan);
      const rows = await scan
        .catch((error) => Promise.reject(diskFailure(`read from the store in ${folder}`, error)))
        .finally(() => scans.delete(scan));
      return rows.map(([key, value]) => [plainBytes(key, 1), plainBytes(value, 0)] as const);
    },
    commit(operations) {
      if (closing !== undefined) return Promise.reject(new EngineError('NOT_READY', 'the store is closed'));
      if (operations.length === 0) return lastCommit;
      // Two batches at once would reach LevelDB on two threads, in either order.
      const done = lastCommit.then(
        () => write(operations),
        () => write(operations),
      );
      lastCommit = done;
      return done;
    },
    async compact(table, { from, to }) {
      assertOpen();
      const start = rowKey(table, from);
      const end = rowKey(table, to);
      // A scan that began before the deletes still reads what they deleted, and LevelDB keeps it for the scan.
      await Promise.all(scans);
      try {
        // The first pass only brings the deletes into a table file, which may lie below every other: then it is
        // merged with nothing and keeps all versions. Touching both ends makes a file above it, of the whole
        // range, and the second pass has to merge the two.
        await database.compactRange(start, end);
        await touch(start, lastBefore(end));
        await database.compactRange(start, end);
      } catch (error) {
        throw error instanceof EngineError ? error : diskFailure(`compact the store in ${folder}`, error);
      }
    },
    close() {
      closing ??= lastCommit.catch(() => undefined).then(() => database.close());
      return closing;
    },
  };
}

async function openDatabase(folder: string, createIfMissing: boolean): Promise<Database> {
  await makeFolder(folder);
  await access(folder, constants.R_OK | constants.W_OK | constants.X_OK).catch((error) => {
    throw new EngineError(
      'DATA_FOLDER_UNUSABLE',
      `expected to write to ${folder}, got ${systemReason(error)}`,
    );
  });
  const database = new Level(folder, {
    keyEncoding: 'view',
    valueEncoding: 'view',
    createIfMissing,
    // Shares are random and do not shrink; trying costs time and makes a flipped byte spoil its whole block.
    compression: false,
    writeBufferSize: WRITE_BUFFER_BYTES_MAX,
  }) as Database;
  try {
    await database.open();
  } catch (error) {
    if (systemCode(error) === 'LEVEL_LOCKED') {
      throw new EngineError('STORE_LOCKED', `expected to be alone with ${folder}, but a process has it open`);
    }
    throw diskFailure(`open the store in ${folder}`, error);
  }
  try {
    await refuseDoubtfulStore(folder);
    // LevelDB syncs its files but not always their names.
    await syncFolder(folder);
  } catch (error) {
    await database.close();
    throw error;
  }
  return database;
}

function rowKey(table: TableName, key: Uint8Array): Uint8Array {
  const row = new Uint8Array(key.length + 1);
  row[0] = TABLE_PREFIX[table];
  row.set(key, 1);
  return row;
}

/** A key of the range that ends at `end`, behind every row in it: row keys are shorter than its tail of 255s. */
function lastBefore(end: Uint8Array): Uint8Array {
  const last = new Uint8Array(end.length + KEY_TAIL_BYTES).fill(255);
  last.set(end);
  // Ends are prefixes counted up by one, so the last byte is never 0.
  last[end.length - 1] = (end.at(-1) ?? 1) - 1;
  return last;
}

/** Level hands out Buffers, whose slice() shares memory where a Uint8Array's copies. */
function plainBytes(bytes: Uint8Array, from: number): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset + from, bytes.byteLength - from);
}
