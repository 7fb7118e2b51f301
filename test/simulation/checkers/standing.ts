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

/** Rows that are asked about together: those of a partition in one table, or all that is said of a window itself. */
export type RowPlace = string & { readonly __brand: 'RowPlace' };

/**
 * DURABLE: what a node has acknowledged is compared with its disk when it says so, after every change of a row in the same place,
 * and at the end.
 */
export interface StandingChecks {
  keep(node: string, place: RowPlace, check: StandingCheck): void;
  /** A row has been written or deleted. */
  changed(node: string, table: TableName, key: Uint8Array): void;
  /** A fault has changed the node's disk behind its back: what is not there any more is no longer owed, all else is. */
  harmed(node: string): void;
  atEnd(): void;
}

export const placeOfEntry = (table: 'values' | 'flags', scope: WindowScope, entry: FlagEntry): RowPlace =>
  nameOf(table, partitionKey(scope, partitionOf(entry.readingId)));

export const placeOfWindow = (scope: WindowScope): RowPlace => nameOf('windows', windowKey(scope));

export function createStandingChecks(violation: (what: string) => void): StandingChecks {
  const kept = new Map<string, Map<RowPlace, StandingCheck[]>>();

  function ask(checks: readonly StandingCheck[] = []): void {
    for (const check of checks) {
      const wrong = check();
      if (wrong !== undefined) violation(wrong);
    }
  }

  return {
    keep(node, place, check) {
      ask([check]);
      const places = kept.get(node) ?? new Map<RowPlace, StandingCheck[]>();
      kept.set(node, places);
      places.set(place, [...(places.get(place) ?? []), check]);
    },
    changed(node, table, key) {
      const places = kept.get(node);
      const place = places === undefined ? undefined : placeOfRow(table, key);
      if (place !== undefined) ask(places?.get(place));
    },
    harmed(node) {
      const places = kept.get(node) ?? new Map<RowPlace, StandingCheck[]>();
      for (const [place, checks] of places)
        places.set(
          place,
          checks.filter((check) => check() === undefined),
        );
    },
    atEnd() {
      for (const places of kept.values()) for (const checks of places.values()) ask(checks);
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
