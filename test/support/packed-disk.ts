import { bodyOfRow, keyOfRow, rowNames } from '../../node/engine/row-record.ts';
import { createRowSeal } from '../../node/engine/row-seal.ts';
import type { PackedTable } from '../../node/engine/window-rows.ts';
import type { FlagEntry, WindowScope } from '../../src/protocol/index.ts';
import { entryName, entryOfKey, scopeOfKey } from '../../src/protocol/index.ts';

/** A row as a node would find it if it started on these records now. */
export interface RowOnDisk {
  readonly scope: WindowScope;
  readonly entry: FlagEntry;
  readonly body: Uint8Array;
  /** The key of the record that it is in. */
  readonly recordKey: Uint8Array;
}

export type DiskRecord = readonly [key: Uint8Array, sealed: Uint8Array];

const seal = createRowSeal(() => {
  throw new Error('expected a reader of rows to write none');
});

/**
 * The newest version of every row in records that are given in the order of their keys; those that do not open are
 * left out.
 */
export function rowsOnDisk(
  table: PackedTable,
  records: readonly DiskRecord[],
  keyOf: (scope: WindowScope) => Uint8Array | undefined,
): readonly RowOnDisk[] {
  const rows = new Map<string, RowOnDisk>();
  for (const [recordKey, sealed] of records) {
    const scope = scopeOfKey(recordKey);
    const key = keyOf(scope);
    const plain = key === undefined ? null : seal.open(key, table, recordKey, sealed);
    if (plain === null) continue;
    for (const row of rowNames(plain) ?? []) {
      const entry = entryOfKey(keyOfRow(plain, row), 0);
      const name = `${scope.stream}/${scope.window}/${scope.group}/${entryName(entry)}`;
      const body = bodyOfRow(plain, row);
      if (body === undefined) rows.delete(name);
      else rows.set(name, { scope, entry, body: body.slice(), recordKey });
    }
  }
  return [...rows.values()];
}
