import { bigEndian, concat } from '../../src/foundation/index.ts';
import type { TableName } from '../../src/ports/index.ts';
import type { WindowScope } from '../../src/protocol/index.ts';
import { PARTITION_KEY_BYTES, partitionOfKey, windowKey } from '../../src/protocol/index.ts';
import { checkNotErased } from '../../src/protocol/window-rules.ts';
import type { Partition } from '../../src/ring/index.ts';
import type { CorruptRows } from './corrupt-rows.ts';
import type { EntryHash } from './entry-hash.ts';
import type { PartitionGroup } from './growing-records.ts';
import type { Journal } from './journal.ts';
import type { OpenedRecords } from './opened-records.ts';
import type { RowIndex, RowPlace } from './row-index.ts';
import { emptyIndex, insertRow, moveRow, nextSlot, placeIn } from './row-index.ts';
import type { RowRecord } from './row-record.ts';
import { isRowOf, keyOfRow, rowNames } from './row-record.ts';
import type { RowSeal } from './row-seal.ts';
import { endOfPrefix, pagesOf } from './tables.ts';

/** Records fetched from the disk at once; with `RECORD_BYTES_MAX` it bounds the memory of a pass over rows. */
export const RECORDS_AT_ONCE = 64;
/** A partition's key and the record's number. */
const RECORD_KEY_BYTES = PARTITION_KEY_BYTES + 8;

/** The tables whose rows of one commit group, window and partition are one record. */
export type PackedTable = Extract<TableName, 'flags' | 'values'>;

/** Whose rows are meant, and the key that they are sealed under. */
export interface RowsOwner {
  readonly scope: WindowScope;
  readonly rowKey: Uint8Array;
  /** Nothing may be written any more. */
  readonly erased: boolean;
}

/** What is in memory of the rows of one window in one table. */
export interface WindowRows {
  readonly table: PackedTable;
  readonly owner: RowsOwner;
  /** Names the window's records among the opened ones, of this time that it was read. */
  readonly name: string;
  readonly key: Uint8Array;
  readonly partitions: Map<Partition, PartitionRows>;
  /** Keys found that are no record's: damaged names. */
  strange: number;
  /** Rows in the indices of all partitions. */
  rows: number;
  /** Erased, or put away to be read again: nothing may be written through this any more. */
  gone: boolean;
}

/** What is in memory of the rows of one partition. Records are told by their place in `numbers`. */
export interface PartitionRows {
  readonly window: WindowRows;
  readonly partition: Partition;
  readonly index: RowIndex;
  /** The numbers of the records, in the order in which they were written; 0 for one that was given up. */
  readonly numbers: number[];
  /** Records that are not on disk yet, by their place. */
  readonly growing: Map<number, RowRecord>;
  /** The records of the newest commit group that is not on disk yet. */
  group: PartitionGroup | null;
  /** A record that did not open may have had newer versions of rows that are in older ones. */
  unsure: boolean;
  /** All its records were deleted; it lives on only in the hands of who had it. */
  gone: boolean;
}

export interface RecordSource {
  readonly journal: Journal;
  readonly rowSeal: RowSeal;
  readonly corrupt: CorruptRows;
  readonly opened: OpenedRecords;
  readonly hash: EntryHash;
}

/** A place in `numbers`, what is in the record, null where it does not open or is gone, and whether it is there. */
export type OpenRecord = readonly [place: number, bytes: Uint8Array | null, onDisk: boolean];

export function recordKey(rows: PartitionRows, place: number): Uint8Array {
  const { window, partition, numbers } = rows;
  return concat(window.key, bigEndian(partition, 2), bigEndian(numbers[place] ?? 0, 8));
}

export function partitionRows(window: WindowRows, partition: Partition): PartitionRows {
  const known = window.partitions.get(partition);
  if (known !== undefined) return known;
  const made: PartitionRows = {
    window,
    partition,
    index: emptyIndex(),
    numbers: [],
    growing: new Map(),
    group: null,
    unsure: false,
    gone: false,
  };
  window.partitions.set(partition, made);
  return made;
}

/** What is in a record, where it is in memory. */
export function recordInMemory(
  { opened }: RecordSource,
  rows: PartitionRows,
  place: number,
): Uint8Array | undefined {
  const growing = rows.growing.get(place);
  return growing === undefined ? opened.get(openedName(rows, place)) : growing.bytes;
}

/**
 * Reads records from the disk, at most {@link RECORDS_AT_ONCE}; those that were given up are not among them.
 * @throws EngineError `WINDOW_ERASED`
 */
export async function readRecords(
  source: RecordSource,
  rows: PartitionRows,
  places: readonly number[],
): Promise<readonly OpenRecord[]> {
  const [found = []] = await readPartitions(source, rows.window, [[rows, places]]);
  return found;
}

/** The same of several partitions of a window at once: of lone readings each has a handful, and every look at the disk takes its time. */
export async function readPartitions(
  source: RecordSource,
  window: WindowRows,
  wanted: readonly (readonly [PartitionRows, readonly number[]])[],
): Promise<readonly (readonly OpenRecord[])[]> {
  const known = wanted.map(
    ([rows, places]) => [rows, places.filter((place) => rows.numbers[place] !== 0)] as const,
  );
  const keys = known.flatMap(([rows, places]) => places.map((place) => recordKey(rows, place)));
  const sealed = await source.journal.read(window.table, keys);
  // Of a window that is being erased the disk shows less than there was: what is gone is neither missing nor damaged.
  checkNotErased(window.owner);
  let at = 0;
  return known.map(([rows, places]) =>
    places.map((place): OpenRecord => {
      const key = keys[at] ?? new Uint8Array(0);
      const bytes = sealed[at++];
      const plain = bytes === undefined ? null : openRecord(source, window, key, bytes);
      // A record that the index knows and the disk has lost is damaged like one that does not open.
      if (bytes === undefined && !rows.gone && rows.numbers[place] !== 0) {
        source.corrupt.note(window.table, key);
      }
      // What is in memory must not stand for what has to be written anew.
      if (plain === null) source.opened.drop(openedName(rows, place));
      return [place, plain, bytes !== undefined];
    }),
  );
}

function openRecord(
  { rowSeal, corrupt }: RecordSource,
  { table, owner }: WindowRows,
  key: Uint8Array,
  sealed: Uint8Array,
): Uint8Array | null {
  const plain = rowSeal.open(owner.rowKey, table, key, sealed);
  if (plain !== null && rowNames(plain) !== null) return plain;
  corrupt.note(table, key);
  return null;
}

export function openedName(rows: PartitionRows, place: number): string {
  return `${rows.window.name}/${rows.partition}/${place}`;
}

/**
 * Reads all records of a window from the disk, and notes where each row's newest version is.
 * @throws EngineError `WINDOW_ERASED`
 */
export async function readWindow(
  source: RecordSource,
  table: PackedTable,
  owner: RowsOwner,
  name: string,
): Promise<WindowRows> {
  const key = windowKey(owner.scope);
  const window: WindowRows = {
    table,
    owner,
    name,
    key,
    partitions: new Map(),
    strange: 0,
    rows: 0,
    gone: false,
  };
  const range = { from: key, to: endOfPrefix(key), limit: RECORDS_AT_ONCE };
  for await (const page of pagesOf(source.journal, table, range)) {
    checkNotErased(owner);
    for (const [recordKey, sealed] of page) {
      const plain = openRecord(source, window, recordKey, sealed);
      const named = recordNamed(recordKey);
      if (named === null) {
        window.strange += 1;
        continue;
      }
      const rows = partitionRows(window, named.partition);
      const place = rows.numbers.push(named.number) - 1;
      if (plain === null) rows.unsure = true;
      else await indexRecord(source, rows, place, plain);
    }
  }
  return window;
}

/** What a record's key says; null for a damaged one, which names no partition or no number that was ever given. */
function recordNamed(key: Uint8Array): { readonly partition: Partition; readonly number: number } | null {
  if (key.length !== RECORD_KEY_BYTES) return null;
  const view = new DataView(key.buffer, key.byteOffset, key.byteLength);
  const partition = partitionOfKey(key);
  const number = Number(view.getBigUint64(PARTITION_KEY_BYTES));
  if (partition === null || number === 0 || !Number.isSafeInteger(number)) return null;
  return { partition, number };
}

async function indexRecord(
  source: RecordSource,
  rows: PartitionRows,
  place: number,
  record: Uint8Array,
): Promise<void> {
  source.opened.keep(openedName(rows, place), record);
  for (const name of rowNames(record) ?? []) {
    const key = keyOfRow(record, name);
    const hash = source.hash(key, 0);
    const before = await findRow(source, rows, hash, key);
    placeRow(rows, hash, before < 0 ? null : placeIn(rows.index, before), place, name);
  }
}

/** Notes where a row's newest version is. @param before where the one before it is, null where there is none. */
export function placeRow(
  rows: PartitionRows,
  hash: number,
  before: RowPlace | null,
  place: number,
  name: number,
): void {
  if (before !== null) {
    moveRow(rows.index, hash, before, place, name);
    return;
  }
  insertRow(rows.index, hash, place, name);
  rows.window.rows += 1;
}

/** The slot of an earlier version of a row, or -1. */
async function findRow(
  source: RecordSource,
  rows: PartitionRows,
  hash: number,
  key: Uint8Array,
): Promise<number> {
  for (let slot = nextSlot(rows.index, hash, -1); slot >= 0; slot = nextSlot(rows.index, hash, slot)) {
    const { record, name } = placeIn(rows.index, slot);
    const bytes = recordInMemory(source, rows, record) ?? (await readRecords(source, rows, [record]))[0]?.[1];
    if (bytes != null && isRowOf(bytes, name, key, 0)) return slot;
  }
  return -1;
}

/**
 * Looks for every record of a window by its key: a flipped byte in what LevelDB searches by leaves records to a long scan and
 * hides them from a search. Nobody searches these tables for the beginning of a partition.
 * @returns how many records there are, and how many a search does not find.
 */
export async function searchRecords(
  { journal }: Pick<RecordSource, 'journal'>,
  { table, partitions, strange }: WindowRows,
): Promise<{ readonly records: number; readonly hidden: number }> {
  const keys = [...partitions.values()].flatMap((rows) =>
    [...rows.numbers.keys()]
      .filter((place) => rows.numbers[place] !== 0)
      .map((place) => recordKey(rows, place)),
  );
  let hidden = 0;
  for (let at = 0; at < keys.length; at += RECORDS_AT_ONCE) {
    const found = await journal.read(table, keys.slice(at, at + RECORDS_AT_ONCE));
    hidden += found.filter((record) => record === undefined).length;
  }
  return { records: strange + keys.length, hidden };
}
