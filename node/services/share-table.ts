import { equalBytes } from '../../src/foundation/index.ts';
import type { Clock, StoreOperation } from '../../src/ports/index.ts';
import type { CopyRequest, CopyResponse, FlagEntry, RowsResponse } from '../../src/protocol/index.ts';
import {
  entryName,
  entryOfKey,
  flagRowKey,
  PARTITION_KEY_BYTES,
  partitionKey,
  windowKey,
  windowName,
} from '../../src/protocol/index.ts';
import { ROWS_PER_PAGE_MAX } from '../../src/protocol/limits.ts';
import { windowErased } from '../../src/protocol/window-rules.ts';
import type { Partition } from '../../src/ring/index.ts';
import type { Journal } from '../engine/journal.ts';
import type { KeyedLock } from '../engine/keyed-lock.ts';
import type { Rings } from '../engine/rings.ts';
import type { ValueRow } from '../engine/rows.ts';
import { decodeValueRow, encodeValueRow } from '../engine/rows.ts';
import type { Tables } from '../engine/tables.ts';
import type { Tallies } from './tallies.ts';
import type { OpenWindowRecord } from './windows.ts';

export interface ShareTableComponents {
  readonly journal: Journal;
  readonly tables: Tables;
  readonly lock: KeyedLock;
  readonly rings: Rings;
  readonly clock: Clock;
  readonly tallies: Tallies;
  /** Hears of flags of which this node has a share that it had not. */
  readonly heard: (
    record: OpenWindowRecord,
    partition: Partition,
    entries: readonly FlagEntry[],
    now: number,
  ) => void;
}

export type StoredRows = Pick<CopyRequest, 'partition' | 'index' | 'rows'>;

/** The values table of this node. Rows are written once; writing the same row again changes nothing. */
export interface ShareTable {
  /**
   * Stages rows together with `alongside` and syncs both. A key that has another share keeps the first and
   * answers CONFLICT. `admit` is called after the last wait with the flags that are new here, and may refuse.
   */
  store(
    record: OpenWindowRecord,
    request: StoredRows,
    admit: (fresh: readonly FlagEntry[]) => void,
    alongside: readonly StoreOperation[],
  ): Promise<CopyResponse['rows']>;
  /** Marks keys that have two shares somewhere in the domain: from now on they are no rows. */
  markConflicts(record: OpenWindowRecord, partition: Partition, entries: readonly FlagEntry[]): Promise<void>;
  /** The rows of a partition, or of the whole window, that open and are in no conflict; in key order. */
  goodRows(
    record: OpenWindowRecord,
    partition: Partition | null,
  ): AsyncGenerator<readonly [FlagEntry, ValueRow]>;
  /** A page of rows that open, in key order. */
  page(record: OpenWindowRecord, partition: Partition, after: FlagEntry | null): Promise<RowsResponse>;
  /** The shares of these flags, in their order; null where one has no row here that opens and is in no conflict. */
  sharesOf(record: OpenWindowRecord, entries: readonly FlagEntry[]): Promise<readonly Uint8Array[] | null>;
  /** Which of the flags have no row here that opens. */
  missing(record: OpenWindowRecord, entries: readonly FlagEntry[]): Promise<FlagEntry[]>;
  remove(record: OpenWindowRecord, partition: Partition, entries: readonly FlagEntry[]): Promise<void>;
  /** Grows with every change to the window's rows; equal numbers mean equal rows. */
  version(record: OpenWindowRecord): number;
}

export function createShareTable(components: ShareTableComponents): ShareTable {
  const { journal, tables, lock, rings, clock, tallies, heard } = components;
  const versions = new Map<string, number>();
  const stage = (record: OpenWindowRecord, operations: readonly StoreOperation[]): void => {
    if (operations.length === 0) return;
    // An erasure may have passed since the window was looked up; a row behind it would stay for ever.
    if (record.erased) throw windowErased(record.scope.window);
    journal.stage(operations);
    const name = windowName(record.scope);
    versions.set(name, (versions.get(name) ?? 0) + 1);
  };
  const keysOf = (record: OpenWindowRecord, entries: readonly FlagEntry[]): Uint8Array[] =>
    entries.map((entry) => flagRowKey(record.scope, entry));
  const inPartition = <T>(
    record: OpenWindowRecord,
    partition: Partition,
    section: () => Promise<T>,
  ): Promise<T> => lock.run(`${windowName(record.scope)}/v/${partition}`, section);

  /** The rows on disk: undefined where there is none, null for one that does not open. */
  async function held(
    record: OpenWindowRecord,
    keys: readonly Uint8Array[],
  ): Promise<(ValueRow | null | undefined)[]> {
    const plains = await tables.peekMany('values', record.rowKey, keys);
    return plains.map((plain) => (plain == null ? plain : decodeValueRow(plain)));
  }

  function put(record: OpenWindowRecord, key: Uint8Array, row: ValueRow, fresh: boolean): StoreOperation {
    return tables.put('values', record.rowKey, key, encodeValueRow(row), fresh);
  }

  async function store(
    record: OpenWindowRecord,
    { partition, index, rows }: StoredRows,
    admit: (fresh: readonly FlagEntry[]) => void,
    alongside: readonly StoreOperation[],
  ): Promise<CopyResponse['rows']> {
    const keys = rows.map(({ entry }) => flagRowKey(record.scope, entry));
    const found = await held(record, keys);
    const { answers, written, fresh } = decideRows(rows, found);
    admit(fresh);
    const now = clock.now();
    const row = (share: Uint8Array): ValueRow => ({
      epoch: rings.of(record.scope).ring.epoch,
      index,
      receivedAt: now,
      conflict: false,
      share,
    });
    const puts = written.map((place) => {
      const key = keys[place] ?? new Uint8Array(0);
      return put(record, key, row(rows[place]?.share ?? new Uint8Array(0)), found[place] === undefined);
    });
    if (puts.length > 0) stage(record, [...puts, ...alongside]);
    for (const place of written) {
      const taken = rows[place];
      if (taken === undefined) continue;
      // What did not open may be among the sums already.
      if (found[place] === undefined) tallies.add(record, partition, taken.entry, taken.share);
      else tallies.spoil(record);
    }
    if (fresh.length > 0) heard(record, partition, fresh, now);
    return answers;
  }

  return {
    async store(record, request, admit, alongside) {
      const answers = await inPartition(record, request.partition, () =>
        store(record, request, admit, alongside),
      );
      await journal.synced();
      return answers;
    },
    async markConflicts(record, partition, entries) {
      await inPartition(record, partition, async () => {
        const keys = keysOf(record, entries);
        const rows = await held(record, keys);
        const puts = rows.flatMap((row, place) => {
          const key = keys[place];
          if (row == null || key === undefined || row.conflict) return [];
          return [put(record, key, { ...row, conflict: true }, false)];
        });
        if (puts.length > 0) tallies.spoil(record);
        stage(record, puts);
      });
      await journal.synced();
    },
    ...shareRows({ journal, tables }),
    async sharesOf(record, entries) {
      const rows = await held(record, keysOf(record, entries));
      const shares = rows.flatMap((row) => (row == null || row.conflict ? [] : [row.share]));
      return shares.length === entries.length ? shares : null;
    },
    async missing(record, entries) {
      await journal.synced();
      const rows = await held(record, keysOf(record, entries));
      return entries.filter((_, place) => rows[place] == null);
    },
    async remove(record, partition, entries) {
      await inPartition(record, partition, async () => {
        const keys = keysOf(record, entries);
        const rows = await tables.peekMany('values', record.rowKey, keys);
        const present = keys.filter((_, place) => rows[place] !== undefined);
        if (present.length > 0) tallies.spoil(record);
        stage(
          record,
          present.map((key) => ({ kind: 'delete', table: 'values', key })),
        );
      });
      await journal.synced();
    },
    version: (record) => versions.get(windowName(record.scope)) ?? 0,
  };
}

/** What becomes of each row that came, given what is under its key; which are to be written, and which keys are new. */
function decideRows(
  rows: StoredRows['rows'],
  found: readonly (ValueRow | null | undefined)[],
): {
  readonly answers: CopyResponse['rows'];
  readonly written: readonly number[];
  readonly fresh: readonly FlagEntry[];
} {
  const taken = new Map<string, Uint8Array>();
  const written: number[] = [];
  const fresh: FlagEntry[] = [];
  const answers = rows.map(({ entry, share }, place) => {
    const name = entryName(entry);
    // A row that does not open counts as none, because its sender or another owner can write it anew.
    const before = found[place];
    const first = taken.get(name) ?? before?.share;
    if (before?.conflict) return 'CONFLICT';
    if (first !== undefined) return equalBytes(first, share) ? 'STORED' : 'CONFLICT';
    taken.set(name, share);
    written.push(place);
    if (before === undefined) fresh.push(entry);
    return 'STORED';
  });
  return { answers, written, fresh };
}

/** The reading half: rows in key order, opened one after another. */
function shareRows({
  journal,
  tables,
}: Pick<ShareTableComponents, 'journal' | 'tables'>): Pick<ShareTable, 'goodRows' | 'page'> {
  return {
    async *goodRows(record, partition) {
      const prefix = partition === null ? windowKey(record.scope) : partitionKey(record.scope, partition);
      for await (const { key, plain } of tables.scan('values', record.rowKey, prefix)) {
        if (plain === null) continue;
        const row = decodeValueRow(plain);
        if (!row.conflict) yield [entryOfKey(key, PARTITION_KEY_BYTES), row];
      }
    },
    async page(record, partition, after) {
      await journal.synced();
      const rows: RowsResponse['rows'][number][] = [];
      const start = after === null ? undefined : flagRowKey(record.scope, after);
      const prefix = partitionKey(record.scope, partition);
      for await (const { key, plain } of tables.scan('values', record.rowKey, prefix, start)) {
        if (plain === null) continue;
        if (rows.length >= ROWS_PER_PAGE_MAX) return { rows, more: true };
        const { conflict, share } = decodeValueRow(plain);
        rows.push({ entry: entryOfKey(key, PARTITION_KEY_BYTES), conflict, share });
      }
      return { rows, more: false };
    },
  };
}
