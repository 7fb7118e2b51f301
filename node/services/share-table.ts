import { equalBytes } from '../../src/foundation/index.ts';
import type { Clock } from '../../src/ports/index.ts';
import type { CopyRequest, FlagEntry, RowsResponse, ShareColumns } from '../../src/protocol/index.ts';
import { ENTRY_KEY_BYTES, entryKeys, keysAt, windowName } from '../../src/protocol/index.ts';
import { ROWS_PER_PAGE_MAX } from '../../src/protocol/limits.ts';
import { checkNotErased } from '../../src/protocol/window-rules.ts';
import type { Partition } from '../../src/ring/index.ts';
import type { Journal, JournalOperation } from '../engine/journal.ts';
import type { KeyedLock } from '../engine/keyed-lock.ts';
import type { FoundRows, PackedRows } from '../engine/packed-rows.ts';
import type { Rings } from '../engine/rings.ts';
import type { ValueRow } from '../engine/rows.ts';
import { decodeValueRow, encodeValueHead, encodeValueRow } from '../engine/rows.ts';
import type { Tallies } from './tallies.ts';
import type { OpenWindowRecord } from './windows.ts';

export interface ShareTableComponents {
  readonly journal: Journal;
  readonly packed: PackedRows;
  readonly lock: KeyedLock;
  readonly rings: Rings;
  readonly clock: Clock;
  readonly tallies: Tallies;
  /** Which of these flags this node has to vote on and has no row of: keys of their entries, one after another. */
  readonly unvoted: (record: OpenWindowRecord, partition: Partition, keys: Uint8Array) => Promise<Uint8Array>;
  /** Hears of such flags when their first share is kept. */
  readonly heard: (record: OpenWindowRecord, keys: Uint8Array, now: number) => void;
}

export type StoredRows = Pick<CopyRequest, 'partition' | 'index'> & ShareColumns;

/** Called with the keys of the flags that are about to be heard of here; may refuse. */
export type Admit = (unvoted: Uint8Array) => void;

/** The values table of this node. Rows are written once; writing the same row again changes nothing. */
export interface ShareTable {
  /**
   * Stages rows right after `before` is called, and syncs. A key that has another share keeps the first. `admit` is
   * called after the last wait.
   * @returns the places of the rows that have another share here.
   */
  store(
    record: OpenWindowRecord,
    request: StoredRows,
    admit: Admit,
    before: () => void,
  ): Promise<readonly number[]>;
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
  sharesOf(
    record: OpenWindowRecord,
    partition: Partition,
    entries: readonly FlagEntry[],
  ): Promise<readonly Uint8Array[] | null>;
  /** Which of the flags have no row here that opens; the disk is asked, and what it says is synced. */
  missing(
    record: OpenWindowRecord,
    partition: Partition,
    entries: readonly FlagEntry[],
  ): Promise<FlagEntry[]>;
  remove(record: OpenWindowRecord, partition: Partition, entries: readonly FlagEntry[]): Promise<void>;
  /**
   * The partition has been united with the rows of all nodes of the domain. @param drop whether others could have had
   * what does not open here, so that it is not worth keeping.
   */
  refilled(record: OpenWindowRecord, partition: Partition, drop: boolean): Promise<void>;
  /** Partitions that may not be added up before they are {@link refilled}: something in them does not open. */
  unsure(record: OpenWindowRecord): Promise<ReadonlySet<Partition>>;
  /** Grows with every change to the window's rows; equal numbers mean equal rows. */
  version(record: OpenWindowRecord): number;
}

export function createShareTable(components: ShareTableComponents): ShareTable {
  const { journal, packed, lock, rings, clock, tallies, unvoted, heard } = components;
  const versions = new WeakMap<OpenWindowRecord, number>();
  const stage = (record: OpenWindowRecord, operations: readonly JournalOperation[]): void => {
    if (operations.length === 0) return;
    // An erasure may have passed since the window was looked up; a row behind it would stay for ever.
    checkNotErased(record);
    journal.stage(operations);
    versions.set(record, (versions.get(record) ?? 0) + 1);
  };
  const inPartition = <T>(
    record: OpenWindowRecord,
    partition: Partition,
    section: () => Promise<T>,
  ): Promise<T> => lock.run(`${windowName(record.scope)}/v/${partition}`, section);

  function find(
    record: OpenWindowRecord,
    partition: Partition,
    entries: readonly FlagEntry[],
    from?: 'disk',
  ): Promise<FoundRows> {
    return packed.find('values', record, partition, entryKeys(entries), from);
  }

  async function store(
    record: OpenWindowRecord,
    { partition, index, ...columns }: StoredRows,
    admit: Admit,
    before: () => void,
  ): Promise<readonly number[]> {
    const { keys, shares } = columns;
    const found = await packed.find('values', record, partition, keys);
    const { conflicts, written, fresh } = decideRows(columns, found);
    // A share may come after the vote on its flag, which is counted and waits for nobody.
    const flags = await unvoted(record, partition, keysAt(keys, fresh));
    admit(flags);
    if (written.length === 0) return conflicts;
    const { epoch } = rings.of(record.scope).ring;
    const now = clock.now();
    const tailBytes = shares.length / (keys.length / ENTRY_KEY_BYTES);
    const head = encodeValueHead({ epoch, index, receivedAt: now, conflict: false }, tailBytes);
    before();
    stage(record, [found.writeAlike(written, { head, tails: shares, tailBytes })]);
    // What did not open may be among the sums already.
    if (fresh.length < written.length) tallies.spoil(record);
    else tallies.add(record, partition, columns, fresh);
    if (flags.length > 0) heard(record, flags, now);
    return conflicts;
  }

  return {
    async store(record, request, admit, before) {
      const answers = await inPartition(record, request.partition, () =>
        store(record, request, admit, before),
      );
      await journal.synced();
      return answers;
    },
    async markConflicts(record, partition, entries) {
      await inPartition(record, partition, async () => {
        const found = await find(record, partition, entries);
        const versions = rowsIn(found).flatMap((row, place) =>
          row == null || row.conflict || found.first(place) !== place
            ? []
            : [{ place, body: encodeValueRow({ ...row, conflict: true }) }],
        );
        if (versions.length === 0) return;
        tallies.spoil(record);
        stage(record, [found.write(versions)]);
      });
      await journal.synced();
    },
    ...shareRows(packed),
    async sharesOf(record, partition, entries) {
      const rows = rowsIn(await find(record, partition, entries));
      const shares = rows.flatMap((row) => (row == null || row.conflict ? [] : [row.share]));
      return shares.length === entries.length ? shares : null;
    },
    async missing(record, partition, entries) {
      const { bodies } = await find(record, partition, entries, 'disk');
      // Whoever hears that a row is here may remove it elsewhere.
      await journal.synced();
      return entries.filter((_, place) => bodies[place] == null);
    },
    async remove(record, partition, entries) {
      await inPartition(record, partition, async () => {
        const operations = await packed.remove('values', record, partition, entryKeys(entries));
        if (operations.length > 0) tallies.spoil(record);
        stage(record, operations);
      });
      await journal.synced();
    },
    async refilled(record, partition, drop) {
      await inPartition(record, partition, async () => {
        stage(record, await packed.replaceCorrupt('values', record, partition, drop));
      });
      await journal.synced();
    },
    unsure: (record) => packed.unsure('values', record),
    version: (record) => versions.get(record) ?? 0,
  };
}

function rowsIn({ bodies }: FoundRows): (ValueRow | null | undefined)[] {
  return bodies.map((body) => (body == null ? body : decodeValueRow(body)));
}

/** What becomes of the rows that came, by their places, given what is under their keys. */
interface Decided {
  /** Other shares are there. */
  readonly conflicts: readonly number[];
  readonly written: readonly number[];
  /** Those of the written ones under whose keys nothing is. */
  readonly fresh: readonly number[];
}

function decideRows({ keys, shares }: ShareColumns, { bodies, first }: FoundRows): Decided {
  const count = keys.length / ENTRY_KEY_BYTES;
  const shareBytes = shares.length / count;
  const shareAt = (place: number): Uint8Array =>
    shares.subarray(shareBytes * place, shareBytes * (place + 1));
  const conflicts: number[] = [];
  const written: number[] = [];
  const fresh: number[] = [];
  for (let place = 0; place < count; place++) {
    // A row that does not open counts as none, because its sender or another owner can write it anew.
    const body = bodies[place];
    const before = body == null ? null : decodeValueRow(body);
    const known = before?.share ?? (first(place) === place ? undefined : shareAt(first(place)));
    if (known === undefined) {
      written.push(place);
      if (body === undefined) fresh.push(place);
    } else if (before?.conflict || !equalBytes(known, shareAt(place))) {
      conflicts.push(place);
    }
  }
  return { conflicts, written, fresh };
}

/** The reading half: rows in key order, opened one after another. */
function shareRows(packed: PackedRows): Pick<ShareTable, 'goodRows' | 'page'> {
  return {
    async *goodRows(record, partition) {
      for await (const { entry, plain } of packed.scan('values', record, partition)) {
        if (entry === null) continue;
        const row = decodeValueRow(plain);
        if (!row.conflict) yield [entry, row];
      }
    },
    async page(record, partition, after) {
      const rows: RowsResponse['rows'][number][] = [];
      for await (const { entry, plain } of packed.scan('values', record, partition, after ?? undefined)) {
        if (entry === null) continue;
        if (rows.length >= ROWS_PER_PAGE_MAX) return { rows, more: true };
        const { conflict, share } = decodeValueRow(plain);
        rows.push({ entry, conflict, share });
      }
      return { rows, more: false };
    },
  };
}
