import { toHex } from '../../src/foundation/index.ts';
import type { Log, TableName } from '../../src/ports/index.ts';

/** Corrupt rows that are told apart for the count in the status; beyond it the store is past counting. */
export const CORRUPT_ROWS_MAX = 10_000;

/** What on the disk did not open, row or record, since the start and until it was written anew or taken away. */
export interface CorruptRows {
  /** Counts it and says so. */
  note(table: TableName, key: Uint8Array): void;
  mended(table: TableName, key: Uint8Array): void;
  /** Everything whose key begins so is gone. */
  forget(table: TableName, prefix: Uint8Array): void;
  count(): number;
}

/** @param onCorrupt hears of every one, each time that it does not open. */
export function createCorruptRows(
  log: Log,
  onCorrupt: (table: TableName, key: Uint8Array) => void,
): CorruptRows {
  const corrupt = new Set<string>();
  return {
    note(table, key) {
      if (corrupt.size < CORRUPT_ROWS_MAX) corrupt.add(nameOf(table, key));
      log.error('a row on disk does not authenticate', { table });
      onCorrupt(table, key);
    },
    mended(table, key) {
      if (corrupt.size > 0) corrupt.delete(nameOf(table, key));
    },
    forget(table, prefix) {
      const beginning = nameOf(table, prefix);
      for (const name of corrupt) if (name.startsWith(beginning)) corrupt.delete(name);
    },
    count: () => corrupt.size,
  };
}

function nameOf(table: TableName, key: Uint8Array): string {
  return `${table}/${toHex(key)}`;
}
