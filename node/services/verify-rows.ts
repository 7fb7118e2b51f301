import { utf8 } from '../../src/foundation/index.ts';
import type { TableName } from '../../src/ports/index.ts';
import { windowKey } from '../../src/protocol/index.ts';
import type { RowCounts } from '../engine/journal.ts';
import type { Tables } from '../engine/tables.ts';
import type { Windows } from './windows.ts';

export interface VerifyRowsComponents {
  readonly tables: Tables;
  readonly windows: Windows;
  readonly storeKey: Uint8Array;
}

/**
 * Opens every row once, before the node serves. A flipped byte in a row shows in its tag, which `tables`
 * reports by itself; a row whose key was damaged, and a block that is gone, show in the count.
 * @returns what is wrong with the numbers, or null.
 */
export async function verifyRows(
  components: VerifyRowsComponents,
  expected: RowCounts,
): Promise<string | null> {
  const { tables, windows, storeKey } = components;

  async function count(table: TableName): Promise<number> {
    let rows = 0;
    for (const record of windows.all()) {
      for await (const _ of tables.scan(table, record.rowKey, windowKey(record.scope))) rows += 1;
    }
    return rows;
  }

  for await (const _ of tables.scan('windows', storeKey, utf8('S')));
  const flags = await count('flags');
  if (flags !== expected.flags) return `expected ${expected.flags} rows in the flags table, found ${flags}`;
  const values = await count('values');
  if (values !== expected.values)
    return `expected ${expected.values} rows in the values table, found ${values}`;
  return null;
}
