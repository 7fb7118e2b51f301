import { EngineError } from '../../src/foundation/index.ts';
import type { FlagEntry } from '../../src/protocol/index.ts';
import { entryName, entryOfName, windowName } from '../../src/protocol/index.ts';
import { partitionOf } from '../../src/ring/identifiers.ts';
import type { NodeId, Partition } from '../../src/ring/index.ts';
import type { PackedRows } from '../engine/packed-rows.ts';
import type { FlagRow } from '../engine/rows.ts';
import { decodeFlagRow } from '../engine/rows.ts';
import type { WindowCount } from './tell.ts';
import type { OpenWindowRecord } from './windows.ts';

/** A flag this acceptor knows, has not seen decided, and has not voted TRUE itself. */
export interface UndecidedFlag {
  readonly record: OpenWindowRecord;
  readonly partition: Partition;
  readonly entry: FlagEntry;
}

/**
 * What this acceptor knows about its flags without reading the disk: how many there are per window, and which
 * wait for an outcome, oldest first, for the resolver. A flag is known from its share on, before it has a row. Those that
 * this node has voted TRUE at ballot 0 do not wait: where a majority did they are decided, and else the others wait.
 */
export interface FlagCensus {
  /** @param entries of flags without a row here. @throws EngineError `WINDOW_FULL` beyond the stream's readings. */
  admit(record: OpenWindowRecord, entries: readonly FlagEntry[]): void;
  /** Shares of these flags came, of which there were none here: their timeouts run. */
  heard(record: OpenWindowRecord, entries: readonly FlagEntry[], since: number): void;
  /** Since when an undecided flag is known here. */
  knownSince(record: OpenWindowRecord, entry: FlagEntry): number | undefined;
  note(
    record: OpenWindowRecord,
    partition: Partition,
    entry: FlagEntry,
    before: FlagRow | undefined,
    after: FlagRow,
  ): void;
  /** Undecided flags first heard of before `since`, at most `limit`; those of a window oldest first. */
  olderThan(since: (record: OpenWindowRecord) => number, limit: number): readonly UndecidedFlag[];
  /** The flag's outcome was read at a majority. */
  learned(record: OpenWindowRecord, entry: FlagEntry): void;
  /** The window is erased; nothing about its flags is kept. */
  forget(record: OpenWindowRecord): void;
  /** How many are undecided in each window that has some. */
  undecided(): readonly WindowCount[];
  /** Whether the flag is among the undecided ones. */
  isUndecided(record: OpenWindowRecord, entry: FlagEntry): boolean;
  /** Of a window, how many are undecided and how many of them are known since before `due`. */
  waiting(record: OpenWindowRecord, due: number): { readonly undecided: number; readonly overdue: number };
}

export interface FlagCensusComponents {
  readonly packed: PackedRows;
  readonly records: readonly OpenWindowRecord[];
  /** The share rows of a window on this disk, and when they came. */
  readonly shares: (record: OpenWindowRecord) => AsyncIterable<readonly [FlagEntry, { receivedAt: number }]>;
  /** Who votes on a partition. */
  readonly acceptors: (record: OpenWindowRecord, partition: Partition) => readonly NodeId[];
  readonly self: { readonly nodeId: NodeId };
  /** Is told of every row that is read back and every change. */
  readonly hear: FlagCensus['note'];
}

/** Opens the census with what the disk says: its flags, and its shares whose flags have no row. */
export async function openFlagCensus(components: FlagCensusComponents): Promise<FlagCensus> {
  const { packed, records, shares, acceptors, self, hear } = components;
  const readings = new Map<string, number>();
  /** Per window the names of its undecided flags, oldest first, and since when each is known. */
  const undecided = new Map<OpenWindowRecord, Map<string, number>>();

  function undecidedOf(record: OpenWindowRecord): Map<string, number> {
    const known = undecided.get(record) ?? new Map<string, number>();
    undecided.set(record, known);
    return known;
  }

  function learned(record: OpenWindowRecord, entry: FlagEntry): void {
    const flags = undecided.get(record);
    if (flags?.delete(entryName(entry)) && flags.size === 0) undecided.delete(record);
  }

  function note(
    record: OpenWindowRecord,
    partition: Partition,
    entry: FlagEntry,
    before: FlagRow | undefined,
    after: FlagRow,
  ): void {
    hear(record, partition, entry, before, after);
    if (before === undefined) add(record, entry, after.knownSince);
    if (after.accepted === null) return;
    if (after.accepted.ballot.counter === 0 || acceptors(record, partition).length === 1) {
      learned(record, entry);
    }
  }

  function add(record: OpenWindowRecord, entry: FlagEntry, since: number): void {
    const flags = undecidedOf(record);
    const name = entryName(entry);
    if (flags.has(name)) return;
    flags.set(name, since);
    const window = windowName(record.scope);
    readings.set(window, (readings.get(window) ?? 0) + entry.count);
  }

  async function readBack(record: OpenWindowRecord): Promise<void> {
    const withRow = new Set<string>();
    for await (const { entry, plain } of packed.scan('flags', record, null)) {
      if (entry === null) continue;
      withRow.add(entryName(entry));
      note(record, partitionOf(entry.readingId), entry, undefined, decodeFlagRow(plain));
    }
    if (record.frozen) return;
    for await (const [entry, { receivedAt }] of shares(record)) {
      if (withRow.has(entryName(entry))) continue;
      if (acceptors(record, partitionOf(entry.readingId)).includes(self.nodeId)) {
        add(record, entry, receivedAt);
      }
    }
  }

  for (const record of records) await readBack(record);

  return {
    admit(record, entries) {
      const known = undecided.get(record);
      const added = entries.reduce((sum, entry) => sum + (known?.has(entryName(entry)) ? 0 : entry.count), 0);
      const held = readings.get(windowName(record.scope)) ?? 0;
      if (added > 0 && held + added > record.stream.maxReadings) {
        throw new EngineError(
          'WINDOW_FULL',
          `expected at most ${record.stream.maxReadings} readings in a window of ${record.stream.name}`,
        );
      }
    },
    heard(record, entries, since) {
      // A flag of a frozen window waits for nobody: the settlement decides it.
      if (!record.frozen) for (const entry of entries) add(record, entry, since);
    },
    knownSince: (record, entry) => undecided.get(record)?.get(entryName(entry)),
    note,
    olderThan(since, limit) {
      const found: UndecidedFlag[] = [];
      for (const [record, flags] of undecided) {
        // The settlement decides what is still here.
        if (record.settlement !== null) undecided.delete(record);
        if (record.frozen) continue;
        const latest = since(record);
        for (const [name, knownSince] of flags) {
          if (found.length >= limit) return found;
          if (knownSince > latest) continue;
          const entry = entryOfName(name);
          found.push({ record, partition: partitionOf(entry.readingId), entry });
        }
      }
      return found;
    },
    learned,
    forget(record) {
      readings.delete(windowName(record.scope));
      undecided.delete(record);
    },
    undecided: () => [...undecided].map(([record, { size }]) => [record, size]),
    isUndecided: (record, entry) => undecided.get(record)?.has(entryName(entry)) ?? false,
    waiting(record, due) {
      const flags = undecided.get(record);
      if (flags === undefined || record.settlement !== null) return { undecided: 0, overdue: 0 };
      let overdue = 0;
      if (!record.frozen) for (const since of flags.values()) if (since < due) overdue += 1;
      return { undecided: flags.size, overdue };
    },
  };
}
