import { EngineError } from '../../src/foundation/index.ts';
import type { FlagEntry } from '../../src/protocol/index.ts';
import { countInKey, ENTRY_KEY_BYTES, entryKey, windowName } from '../../src/protocol/index.ts';
import { partitionOf } from '../../src/ring/identifiers.ts';
import type { NodeId, Partition } from '../../src/ring/index.ts';
import type { EntryHash } from '../engine/entry-hash.ts';
import { createEntryTable } from '../engine/entry-table.ts';
import type { PackedRows } from '../engine/packed-rows.ts';
import type { FlagRow } from '../engine/rows.ts';
import { decodeFlagRow } from '../engine/rows.ts';
import type { WindowCount } from './tell.ts';
import type { UndecidedFlags } from './undecided-flags.ts';
import { createUndecidedFlags } from './undecided-flags.ts';
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
  /** @param keys of flags without a row here. @throws EngineError `WINDOW_FULL` beyond the stream's readings. */
  admit(record: OpenWindowRecord, keys: Uint8Array): void;
  /** Shares of these flags came, of which there were none here: their timeouts run. */
  heard(record: OpenWindowRecord, keys: Uint8Array, since: number): void;
  /** Since when each of these flags is known here; undefined where it has a row that decides it, or is not known. */
  knownSince(record: OpenWindowRecord, keys: Uint8Array): readonly (number | undefined)[];
  /** The rows of these flags were all the same and became another one; no flag stands twice. */
  note(
    record: OpenWindowRecord,
    partition: Partition,
    keys: Uint8Array,
    before: FlagRow | undefined,
    after: FlagRow,
  ): void;
  /**
   * Undecided flags first heard of before `since`, at most `limit`; those of a window oldest first. What was given out
   * and is undecided still comes again when all others have had their turn: it may stay so for ever.
   */
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
  readonly entryHash: EntryHash;
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
  const { packed, entryHash, records, shares, acceptors, self, hear } = components;
  const readings = new Map<string, number>();
  const undecided = new Map<OpenWindowRecord, UndecidedFlags>();
  /** What was given out last, and how many undecided ones stand before the next. */
  let given: readonly UndecidedFlag[] = [];
  let passed = 0;

  function note(
    record: OpenWindowRecord,
    partition: Partition,
    keys: Uint8Array,
    before: FlagRow | undefined,
    after: FlagRow,
  ): void {
    hear(record, partition, keys, before, after);
    if (before === undefined) add(record, keys, after.knownSince);
    if (after.accepted === null) return;
    if (after.accepted.ballot.counter === 0 || acceptors(record, partition).length === 1) {
      undecided.get(record)?.delete(keys);
    }
  }

  function add(record: OpenWindowRecord, keys: Uint8Array, since: number): void {
    const flags = undecided.get(record) ?? createUndecidedFlags(entryHash);
    undecided.set(record, flags);
    const window = windowName(record.scope);
    readings.set(window, (readings.get(window) ?? 0) + flags.add(keys, since));
  }

  function knownSince(record: OpenWindowRecord, keys: Uint8Array): readonly (number | undefined)[] {
    return undecided.get(record)?.knownSince(keys) ?? [];
  }

  const isUndecided = ({ record, entry }: Pick<UndecidedFlag, 'record' | 'entry'>): boolean =>
    undecided.get(record)?.waits(entryKey(entry)) ?? false;

  function overdueAfter(
    passing: number,
    since: (record: OpenWindowRecord) => number,
    limit: number,
  ): readonly UndecidedFlag[] {
    const found: UndecidedFlag[] = [];
    let place = 0;
    for (const [record, flags] of undecided) {
      // The settlement decides what is still here.
      if (record.settlement !== null) undecided.delete(record);
      if (record.frozen) continue;
      for (const entry of flags.knownUntil(since(record))) {
        if (found.length >= limit) return found;
        if (place++ >= passing) found.push({ record, partition: partitionOf(entry.readingId), entry });
      }
    }
    return found;
  }

  async function readBack(record: OpenWindowRecord): Promise<void> {
    const withRow = createEntryTable(entryHash, 0);
    for await (const { entry, plain } of packed.scan('flags', record, null)) {
      if (entry === null) continue;
      const key = entryKey(entry);
      withRow.add(key, 0);
      note(record, partitionOf(entry.readingId), key, undefined, decodeFlagRow(plain));
    }
    if (record.frozen) return;
    for await (const [entry, { receivedAt }] of shares(record)) {
      const key = entryKey(entry);
      if (withRow.find(key, 0) >= 0) continue;
      if (acceptors(record, partitionOf(entry.readingId)).includes(self.nodeId)) {
        add(record, key, receivedAt);
      }
    }
  }

  for (const record of records) await readBack(record);

  return {
    admit(record, keys) {
      const { maxReadings } = record.stream;
      const held = readings.get(windowName(record.scope)) ?? 0;
      // With room for all of them nobody has to know which are new.
      if (held + countOf(keys, () => true) <= maxReadings) return;
      const known = knownSince(record, keys);
      const added = countOf(keys, (place) => known[place] === undefined);
      if (added > 0 && held + added > maxReadings) {
        throw new EngineError(
          'WINDOW_FULL',
          `expected at most ${maxReadings} readings in a window of ${record.stream.name}`,
        );
      }
    },
    heard(record, keys, since) {
      // A flag of a frozen window waits for nobody: the settlement decides it.
      if (!record.frozen) add(record, keys, since);
    },
    knownSince,
    note,
    olderThan(since, limit) {
      passed = given.length < limit ? 0 : passed + given.filter(isUndecided).length;
      given = overdueAfter(passed, since, limit);
      return given;
    },
    learned(record, entry) {
      undecided.get(record)?.learn(entryKey(entry));
    },
    forget(record) {
      readings.delete(windowName(record.scope));
      undecided.delete(record);
    },
    undecided: () => [...undecided].flatMap(([record, { size }]) => (size > 0 ? [[record, size]] : [])),
    isUndecided: (record, entry) => isUndecided({ record, entry }),
    waiting(record, due) {
      const flags = undecided.get(record);
      if (flags === undefined || record.settlement !== null) return { undecided: 0, overdue: 0 };
      return { undecided: flags.size, overdue: record.frozen ? 0 : flags.countBefore(due) };
    },
  };
}

/** How many readings stand behind the flags at some places. */
function countOf(keys: Uint8Array, at: (place: number) => boolean): number {
  let count = 0;
  for (let place = 0; ENTRY_KEY_BYTES * place < keys.length; place++) {
    if (at(place)) count += countInKey(keys, ENTRY_KEY_BYTES * place);
  }
  return count;
}
