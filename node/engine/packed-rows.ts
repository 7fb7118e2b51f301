import { EngineError } from '../../src/foundation/index.ts';
import type { StoreOperation } from '../../src/ports/index.ts';
import type { FlagEntry, WindowScope } from '../../src/protocol/index.ts';
import { ENTRY_KEY_BYTES, partitionInKey, windowKey } from '../../src/protocol/index.ts';
import { checkNotErased } from '../../src/protocol/window-rules.ts';
import type { Partition } from '../../src/ring/index.ts';
import type { PartitionGroup } from './growing-records.ts';
import { growRecords } from './growing-records.ts';
import type { CommitGroup, JournalOperation, RowsOperation } from './journal.ts';
import { createKeptWindows, PACKED_TABLES } from './kept-windows.ts';
import { recordsIn, reserveRows } from './row-index.ts';
import { lookUp, repeatedEntries } from './row-lookup.ts';
import type { RowBodies } from './row-record.ts';
import { NO_BODY, oneBody } from './row-record.ts';
import type { PackedRow } from './row-scan.ts';
import { scanRows } from './row-scan.ts';
import type { OpenRecord, PackedTable, PartitionRows, RecordSource, RowsOwner } from './window-rows.ts';
import { partitionRows, RECORDS_AT_ONCE, readRecords, recordKey, searchRecords } from './window-rows.ts';

/** The rows that were asked for, at one moment. */
export interface FoundRows {
  /** In the order of the keys: undefined where there is no row, null where its record does not open. */
  readonly bodies: readonly (Uint8Array | null | undefined)[];
  /** The first place that asks for the same row as this place. */
  first(place: number): number;
  /**
   * The write of new versions, for whoever has kept others from writing to the partition since the rows were found.
   * No row twice; a body of null removes it.
   * @throws EngineError `WINDOW_ERASED`, `OVERLOADED`
   */
  write(versions: readonly RowVersion[]): RowsOperation;
  /** The same for new versions at some places whose bodies begin alike, each with the tail at its place. */
  writeAlike(places: readonly number[], bodies: RowBodies): RowsOperation;
}

export interface RowVersion {
  readonly place: number;
  readonly body: Uint8Array | null;
}

/**
 * The rows of the tables `flags` and `values`. All that one commit group writes for one window and partition is one
 * sealed record; an index in memory says where each row's newest version is.
 */
export interface PackedRows {
  /**
   * @param keys of the entries, one after another. @param from 'disk' where what is in memory shall not do: to see what
   * the disk has lost.
   */
  find(
    table: PackedTable,
    owner: RowsOwner,
    partition: Partition,
    keys: Uint8Array,
    from?: 'disk',
  ): Promise<FoundRows>;
  /** The rows of a partition or of the whole window that are on disk, in the order of their keys. */
  scan(
    table: PackedTable,
    owner: RowsOwner,
    partition: Partition | null,
    after?: FlagEntry,
  ): AsyncGenerator<PackedRow>;
  /** The removal of those of the rows that there are; of the records, where no other row is left. */
  remove(
    table: PackedTable,
    owner: RowsOwner,
    partition: Partition,
    keys: Uint8Array,
  ): Promise<readonly JournalOperation[]>;
  /** Partitions of which a record did not open when the window was read, so that older versions may have come back. */
  unsure(table: PackedTable, owner: RowsOwner): Promise<ReadonlySet<Partition>>;
  /**
   * The rows of the partition have been compared with those elsewhere, and what was lost written anew. @param drop
   * also the delete of its records that do not open and of which no row is missed.
   */
  replaceCorrupt(
    table: PackedTable,
    owner: RowsOwner,
    partition: Partition,
    drop: boolean,
  ): Promise<readonly StoreOperation[]>;
  /** How many records of a window a pass over the disk finds, and how many of these a search does not. */
  search(
    table: PackedTable,
    owner: RowsOwner,
  ): Promise<{ readonly records: number; readonly hidden: number }>;
  /** The window is erased. */
  forget(scope: WindowScope): void;
}

export function createPackedRows(source: RecordSource): PackedRows {
  const { corrupt } = source;
  const windows = createKeptWindows(source);

  function checkKept(rows: PartitionRows): void {
    const { owner, gone } = rows.window;
    checkNotErased(owner);
    if (gone || rows.gone) throw new EngineError('OVERLOADED', 'the window was put out of memory meanwhile');
  }

  async function rowsOf(table: PackedTable, owner: RowsOwner, partition: Partition): Promise<PartitionRows> {
    return partitionRows(await windows.of(table, owner), partition);
  }

  async function find(
    table: PackedTable,
    owner: RowsOwner,
    partition: Partition,
    keys: Uint8Array,
    from?: 'disk',
  ): Promise<FoundRows & { readonly rows: PartitionRows; there(): readonly number[] }> {
    checkPartition(keys, partition);
    const rows = await rowsOf(table, owner, partition);
    const { hashes, places, bodies } = await lookUp(source, rows, keys, from === 'disk');
    const sought = { keys, hashes, places };
    const firsts = repeatedEntries(keys, hashes);
    const first = (place: number): number => firsts?.[place] ?? place;
    const writing = (count: number, append: (records: PartitionGroup) => void): RowsOperation => {
      checkKept(rows);
      const join = (group: CommitGroup): void => {
        reserveRows(rows.index, count);
        append(growRecords(source, rows, group));
      };
      return { kind: 'rows', rows: count, join };
    };
    return {
      rows,
      there: () => [...places.keys()].filter((place) => places[place] !== null && first(place) === place),
      bodies,
      first,
      write: (versions) =>
        writing(versions.length, (records) => {
          let left = versions.length;
          for (const { place, body } of versions) {
            records.append(sought, place, body === null ? NO_BODY : oneBody(body), left--);
          }
        }),
      writeAlike: (some, alike) =>
        writing(some.length, (records) => {
          let left = some.length;
          for (const place of some) records.append(sought, place, alike, left--);
        }),
    };
  }

  return {
    find,
    async *scan(table, owner, partition, after) {
      yield* scanRows(source, await windows.of(table, owner), after, partition);
    },
    async remove(table, owner, partition, keys) {
      const found = await find(table, owner, partition, keys);
      const { rows, write } = found;
      const there = found.there();
      if (there.length === 0) return [];
      if (there.length < rows.index.rows || rows.growing.size > 0) {
        return [write(there.map((place) => ({ place, body: null })))];
      }
      checkKept(rows);
      const deletes = [...rows.numbers.keys()].flatMap((place) =>
        rows.numbers[place] === 0 ? [] : [deleteOf(rows, place)],
      );
      rows.gone = true;
      rows.window.rows -= rows.index.rows;
      rows.window.partitions.delete(partition);
      for (const { key } of deletes) corrupt.mended(table, key);
      return deletes;
    },
    async unsure(table, owner) {
      const { partitions } = await windows.of(table, owner);
      const found = new Set<Partition>();
      for (const { unsure, partition } of partitions.values()) if (unsure) found.add(partition);
      return found;
    },
    async replaceCorrupt(table, owner, partition, drop) {
      const rows = await rowsOf(table, owner, partition);
      rows.unsure = false;
      if (!drop) return [];
      const closed = await closedRecords(source, rows);
      const needed = recordsIn(rows.index);
      const replaced = closed.filter(([place]) => !needed.has(place));
      for (const [place] of replaced) {
        corrupt.mended(table, recordKey(rows, place));
      }
      // What the disk has lost stays in the number of records, so that the next start knows of it.
      const deletes = replaced.flatMap(([place, , onDisk]) => (onDisk ? [deleteOf(rows, place)] : []));
      for (const [place] of replaced) rows.numbers[place] = 0;
      return deletes;
    },
    async search(table, owner) {
      return searchRecords(source, await windows.of(table, owner));
    },
    forget(scope) {
      windows.forget(scope);
      for (const table of PACKED_TABLES) corrupt.forget(table, windowKey(scope));
    },
  };
}

/** @throws EngineError `MALFORMED_BODY` */
function checkPartition(keys: Uint8Array, partition: Partition): void {
  for (let at = 0; at < keys.length; at += ENTRY_KEY_BYTES) {
    if (partitionInKey(keys, at) === partition) continue;
    throw new EngineError('MALFORMED_BODY', `expected flags of partition ${partition} only`);
  }
}

/** The records of a partition that do not open or are gone. */
async function closedRecords(source: RecordSource, rows: PartitionRows): Promise<readonly OpenRecord[]> {
  const closed: OpenRecord[] = [];
  for (let next = 0; next < rows.numbers.length; next += RECORDS_AT_ONCE) {
    const places = [...rows.numbers.keys()].slice(next, next + RECORDS_AT_ONCE);
    const onDisk = places.filter((place) => !rows.growing.has(place));
    closed.push(...(await readRecords(source, rows, onDisk)).filter(([, bytes]) => bytes === null));
  }
  return closed;
}

function deleteOf(rows: PartitionRows, place: number): StoreOperation {
  return { kind: 'delete', table: rows.window.table, key: recordKey(rows, place) };
}
