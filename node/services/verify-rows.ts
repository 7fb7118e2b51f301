import { equalBytes, utf8 } from '../../src/foundation/index.ts';
import type { TableName } from '../../src/ports/index.ts';
import { PARTITION_KEY_BYTES, windowKey } from '../../src/protocol/index.ts';
import type { Journal, RowCounts } from '../engine/journal.ts';
import type { Tables } from '../engine/tables.ts';
import { endOfPrefix, SCAN_PAGE_ROWS } from '../engine/tables.ts';
import type { Windows } from './windows.ts';

export interface VerifyRowsComponents {
  readonly journal: Journal;
  readonly tables: Tables;
  readonly windows: Windows;
  readonly storeKey: Uint8Array;
}

/**
 * Opens every row once, before the node serves. A flipped byte in a row shows in its tag, which `tables`
 * reports by itself; a row whose key was damaged, and a block that is gone, show in the count. A flipped byte
 * in what LevelDB searches by leaves every row to a long scan and hides some from a search: each is searched too.
 * @returns what is wrong with the numbers, or null.
 */
export async function verifyRows(
  components: VerifyRowsComponents,
  expected: RowCounts,
): Promise<string | null> {
  const { journal, tables, windows, storeKey } = components;
  let hidden = 0;

  async function searchKeys(table: TableName, keys: readonly Uint8Array[]): Promise<void> {
    const found = await journal.read(table, keys);
    hidden += found.filter((row) => row === undefined).length;
  }

  /** Whether a search for the beginning of a partition ends at its first row. */
  async function searchPartition(table: TableName, partition: Uint8Array, first: Uint8Array): Promise<void> {
    const range = { from: partition, to: endOfPrefix(partition), limit: 1 };
    const [found] = await journal.range(table, range);
    if (found === undefined || !equalBytes(found[0], first)) hidden += 1;
  }

  /** Counts the rows under a prefix, and adds to `hidden` those that one long scan finds and a search does not. */
  async function verify(table: TableName, key: Uint8Array, prefix: Uint8Array): Promise<number> {
    let rows = 0;
    let partition = prefix;
    const keys: Uint8Array[] = [];
    for await (const row of tables.scan(table, key, prefix)) {
      rows += 1;
      keys.push(row.key);
      if (keys.length === SCAN_PAGE_ROWS) await searchKeys(table, keys.splice(0));
      if (startsWith(row.key, partition) && rows > 1) continue;
      partition = row.key.slice(0, PARTITION_KEY_BYTES);
      await searchPartition(table, partition, row.key);
    }
    await searchKeys(table, keys);
    return rows;
  }

  async function count(table: TableName): Promise<number> {
    let rows = 0;
    for (const record of windows.all()) rows += await verify(table, record.rowKey, windowKey(record.scope));
    return rows;
  }

  await verify('windows', storeKey, utf8('S'));
  const flags = await count('flags');
  if (flags !== expected.flags) return `expected ${expected.flags} rows in the flags table, found ${flags}`;
  const values = await count('values');
  if (values !== expected.values)
    return `expected ${expected.values} rows in the values table, found ${values}`;
  return hidden === 0 ? null : `expected every row to be found by its key, got ${hidden} that are not`;
}

function startsWith(key: Uint8Array, prefix: Uint8Array): boolean {
  return equalBytes(key.subarray(0, prefix.length), prefix);
}
