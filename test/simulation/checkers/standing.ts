import type { Ballot } from '../../../src/consensus/index.ts';
import { BALLOT_ZERO, compareBallots } from '../../../src/consensus/index.ts';
import { toHex } from '../../../src/foundation/index.ts';
import type { TableName } from '../../../src/ports/index.ts';
import type { FlagEntry, WindowScope } from '../../../src/protocol/index.ts';
import {
  PARTITION_KEY_BYTES,
  partitionKey,
  WINDOW_KEY_BYTES,
  windowKey,
} from '../../../src/protocol/index.ts';
import { partitionOf } from '../../../src/ring/index.ts';

/** Says what is wrong; undefined while what a node has acknowledged is on its disk. */
export type StandingCheck = () => string | undefined;

/** Something that a node owes. */
export interface Owed {
  /** Where its rows are. */
  readonly place: RowPlace;
  /** What it is among all that is owed there. */
  readonly name: string;
  /** Of two of one name the one with the higher ballot says as much as both; absent where they say the same. */
  readonly ballot?: Ballot;
}

/** Rows that are asked about together: those of a partition in one table, or all that is said of a window itself. */
export type RowPlace = string & { readonly __brand: 'RowPlace' };

/**
 * DURABLE: what a node has acknowledged is compared with its disk when it says so, after every change of a row in the same place,
 * and at the end.
 */
export interface StandingChecks {
  keep(node: string, owed: Owed, check: StandingCheck): void;
  /** A row has been written or deleted. */
  changed(node: string, table: TableName, key: Uint8Array): void;
  /** A fault has changed the node's disk behind its back: what is not there any more is no longer owed, all else is. */
  harmed(node: string): void;
  atEnd(): void;
}

export const placeOfEntry = (table: 'values' | 'flags', scope: WindowScope, entry: FlagEntry): RowPlace =>
  nameOf(table, partitionKey(scope, partitionOf(entry.readingId)));

export const placeOfWindow = (scope: WindowScope): RowPlace => nameOf('windows', windowKey(scope));

interface Kept {
  readonly ballot: Ballot;
  readonly check: StandingCheck;
}

export function createStandingChecks(violation: (what: string) => void): StandingChecks {
  const kept = new Map<string, Map<RowPlace, Map<string, Kept>>>();

  function ask(checks: Iterable<Kept> = []): void {
    for (const { check } of checks) {
      const wrong = check();
      if (wrong !== undefined) violation(wrong);
    }
  }

  return {
    keep(node, { place, name, ballot = BALLOT_ZERO }, check) {
      ask([{ ballot, check }]);
      const places = kept.get(node) ?? new Map<RowPlace, Map<string, Kept>>();
      kept.set(node, places);
      const checks = places.get(place) ?? new Map<string, Kept>();
      places.set(place, checks);
      const before = checks.get(name);
      if (before === undefined || compareBallots(before.ballot, ballot) < 0)
        checks.set(name, { ballot, check });
    },
    changed(node, table, key) {
      const places = kept.get(node);
      const place = places === undefined ? undefined : placeOfRow(table, key);
      if (place !== undefined) ask(places?.get(place)?.values());
    },
    harmed(node) {
      for (const checks of kept.get(node)?.values() ?? [])
        for (const [name, { check }] of checks) if (check() !== undefined) checks.delete(name);
    },
    atEnd() {
      for (const places of kept.values()) for (const checks of places.values()) ask(checks.values());
    },
  };
}

/** A letter stands before the window's key in the table of windows; other tables hold nothing that is asked about here. */
function placeOfRow(table: TableName, key: Uint8Array): RowPlace | undefined {
  if (table === 'windows') return nameOf(table, key.subarray(1, 1 + WINDOW_KEY_BYTES));
  if (table !== 'values' && table !== 'flags') return undefined;
  return nameOf(table, key.subarray(0, PARTITION_KEY_BYTES));
}

function nameOf(table: TableName, key: Uint8Array): RowPlace {
  return `${table} ${toHex(key)}` as RowPlace;
}
