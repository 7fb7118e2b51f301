import { compareBytes } from '../../src/foundation/index.ts';
import type { FlagEntry } from '../../src/protocol/index.ts';
import { entryKey, entryOfKey } from '../../src/protocol/index.ts';
import { checkNotErased } from '../../src/protocol/window-rules.ts';
import { isNewest } from './row-index.ts';
import { bodyOfRow, keyOfRow, rowNames } from './row-record.ts';
import type { OpenRecord, PartitionRows, RecordSource, WindowRows } from './window-rows.ts';
import { RECORDS_AT_ONCE, readPartitions, readRecords } from './window-rows.ts';

/** Rows of a partition held and sorted in memory at once; a larger partition is passed over several times. */
export const SORTED_ROWS_MAX = 16_384;

/** A row, or that a record does not open, so that nobody knows which rows were in it. */
export type PackedRow =
  | { readonly entry: FlagEntry; readonly plain: Uint8Array }
  | { readonly entry: null; readonly plain: null };

interface HeldRow {
  readonly key: Uint8Array;
  readonly plain: Uint8Array;
  readonly hash: number;
  readonly record: number;
  readonly name: number;
}

/** Records of a partition that were read along with others: of its first `places`, those that were not given up. */
interface ReadAhead {
  readonly places: number;
  readonly records: readonly OpenRecord[];
}

/** The rows of a window's partitions in the order of their keys, as they are on disk. */
export async function* scanRows(
  source: RecordSource,
  window: WindowRows,
  after: FlagEntry | undefined,
  only: number | null,
): AsyncGenerator<PackedRow> {
  const partitions = [...window.partitions.values()]
    .filter(({ partition }) => only === null || partition === only)
    .sort((a, b) => a.partition - b.partition);
  for (const some of readTogether(partitions)) {
    const ahead = await readAhead(source, window, some);
    for (const rows of some) {
      let from = after === undefined ? null : entryKey(after);
      let first = true;
      for (;;) {
        const known = first ? ahead.get(rows) : undefined;
        const { held, more, closed } = await smallestRows(source, rows, from, known);
        for (let i = 0; first && i < closed; i++) yield { entry: null, plain: null };
        for (const { key, plain } of held) yield { entry: entryOfKey(key), plain };
        if (!more) break;
        from = held.at(-1)?.key ?? from;
        first = false;
      }
    }
  }
}

/** Partitions in a row, as many as have {@link RECORDS_AT_ONCE} records together. */
function* readTogether(partitions: readonly PartitionRows[]): Generator<readonly PartitionRows[]> {
  let some: PartitionRows[] = [];
  let records = 0;
  for (const rows of partitions) {
    if (some.length > 0 && records + rows.numbers.length > RECORDS_AT_ONCE) {
      yield some;
      some = [];
      records = 0;
    }
    some.push(rows);
    records += rows.numbers.length;
  }
  yield some;
}

/** The records of several small partitions: what is in one never changes. */
async function readAhead(
  source: RecordSource,
  window: WindowRows,
  some: readonly PartitionRows[],
): Promise<ReadonlyMap<PartitionRows, ReadAhead>> {
  if (some.length < 2) return new Map();
  const wanted = some
    .filter(({ growing, numbers }) => growing.size === 0 && numbers.length > 0)
    .map((rows) => [rows, [...rows.numbers.keys()]] as const);
  const found = await readPartitions(source, window, wanted);
  return new Map(
    wanted.map(([rows, places], i) => [rows, { places: places.length, records: found[i] ?? [] }]),
  );
}

/** The first {@link SORTED_ROWS_MAX} rows behind a key, read from all records of the partition. */
async function smallestRows(
  source: RecordSource,
  rows: PartitionRows,
  from: Uint8Array | null,
  ahead: ReadAhead | undefined,
): Promise<{ readonly held: readonly HeldRow[]; readonly more: boolean; readonly closed: number }> {
  let held: HeldRow[] = [];
  let more = false;
  let closed = 0;
  const shrink = (most: number): void => {
    if (held.length <= most) return;
    held.sort((a, b) => compareBytes(a.key, b.key));
    more ||= held.length > SORTED_ROWS_MAX;
    held = held.slice(0, SORTED_ROWS_MAX);
  };
  // Others may have erased the window, or taken all rows away, since they were read ahead.
  checkNotErased(rows.window.owner);
  if (rows.gone) return { held, more, closed };
  let next = 0;
  const take = (records: readonly OpenRecord[]): void => {
    for (const [record, bytes] of records) {
      if (bytes === null) {
        if (!rows.gone && rows.numbers[record] !== 0) closed += 1;
        continue;
      }
      for (const row of newestRows(source, rows, record, bytes)) {
        if (from === null || compareBytes(row.key, from) > 0) held.push(row);
      }
      shrink(2 * SORTED_ROWS_MAX);
    }
  };
  if (ahead !== undefined) {
    take(ahead.records);
    next = ahead.places;
  }
  // New records may come while these are read; a row that moved into one of them is met there.
  for (; next < rows.numbers.length; next += RECORDS_AT_ONCE) {
    const places = Array.from(
      { length: Math.min(RECORDS_AT_ONCE, rows.numbers.length - next) },
      (_, i) => next + i,
    );
    // What is handed out is on disk: whoever hears of a row may tell others that it is kept.
    if (places.some((place) => rows.growing.has(place))) await source.journal.synced();
    take(await readRecords(source, rows, places));
  }
  // What was written anew meanwhile stands among the rows twice.
  held = held.filter((row) => isNewest(rows.index, row.hash, row));
  held.sort((a, b) => compareBytes(a.key, b.key));
  shrink(SORTED_ROWS_MAX);
  return { held, more, closed };
}

/** Copies of the rows of a record that have no newer version and were not removed. */
function newestRows(
  source: RecordSource,
  rows: PartitionRows,
  record: number,
  bytes: Uint8Array,
): readonly HeldRow[] {
  const found: HeldRow[] = [];
  for (const name of rowNames(bytes) ?? []) {
    const key = keyOfRow(bytes, name);
    const hash = source.hash(key, 0);
    const plain = bodyOfRow(bytes, name);
    if (plain === undefined || !isNewest(rows.index, hash, { record, name })) continue;
    found.push({ key, plain: plain.slice(), hash, record, name });
  }
  return found;
}
