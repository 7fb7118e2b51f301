import { EngineError } from '../../src/foundation/index.ts';
import type { FlagEntry } from '../../src/protocol/index.ts';
import {
  entryName,
  entryOfKey,
  entryOfName,
  PARTITION_KEY_BYTES,
  windowKey,
  windowName,
} from '../../src/protocol/index.ts';
import { partitionOf } from '../../src/ring/identifiers.ts';
import type { Partition } from '../../src/ring/index.ts';
import type { FlagRow } from '../engine/rows.ts';
import { decodeFlagRow } from '../engine/rows.ts';
import type { Tables } from '../engine/tables.ts';
import type { WindowCount } from './tell.ts';
import type { OpenWindowRecord } from './windows.ts';

/** A flag this acceptor knows and has not seen decided. */
export interface UndecidedFlag {
  readonly record: OpenWindowRecord;
  readonly partition: Partition;
  readonly entry: FlagEntry;
}

export type FlagChange = readonly [entry: FlagEntry, before: FlagRow | undefined, after: FlagRow];

/**
 * What this acceptor knows about its flags without reading the disk: how many there are per window, and which
 * are undecided, oldest first, for the resolver. An entry in memory lives only while its flag is undecided.
 */
export interface FlagCensus {
  /** @throws EngineError `WINDOW_FULL` when new flags would exceed the stream's readings. */
  admit(record: OpenWindowRecord, changes: readonly FlagChange[]): void;
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
}

/**
 * @param hear is told of every row that is read back and every change
 * @param decidesAlone whether this node is the only acceptor of a partition, so that its own vote is the outcome
 */
export async function openFlagCensus(
  tables: Tables,
  records: readonly OpenWindowRecord[],
  decidesAlone: (record: OpenWindowRecord, partition: Partition) => boolean,
  hear: FlagCensus['note'],
): Promise<FlagCensus> {
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
    if (before === undefined) {
      const window = windowName(record.scope);
      readings.set(window, (readings.get(window) ?? 0) + entry.count);
      undecidedOf(record).set(entryName(entry), after.knownSince);
    }
    if (after.accepted !== null && decidesAlone(record, partition)) learned(record, entry);
  }

  for (const record of records) {
    for await (const { key, plain } of tables.scan('flags', record.rowKey, windowKey(record.scope))) {
      if (plain === null) continue;
      const entry = entryOfKey(key, PARTITION_KEY_BYTES);
      note(record, partitionOf(entry.readingId), entry, undefined, decodeFlagRow(plain));
    }
  }

  return {
    admit(record, changes) {
      const added = changes.reduce(
        (sum, [entry, before]) => sum + (before === undefined ? entry.count : 0),
        0,
      );
      const held = readings.get(windowName(record.scope)) ?? 0;
      if (added > 0 && held + added > record.stream.maxReadings) {
        throw new EngineError(
          'WINDOW_FULL',
          `expected at most ${record.stream.maxReadings} readings in a window of ${record.stream.name}`,
        );
      }
    },
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
  };
}
