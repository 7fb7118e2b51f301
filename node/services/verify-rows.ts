import { equalBytes } from '../../src/foundation/index.ts';
import { PARTITION_KEY_BYTES } from '../../src/protocol/index.ts';
import type { Journal, RecordCounts } from '../engine/journal.ts';
import type { PackedRows } from '../engine/packed-rows.ts';
import type { Tables } from '../engine/tables.ts';
import { endOfPrefix, SCAN_PAGE_ROWS } from '../engine/tables.ts';
import type { PackedTable } from '../engine/window-rows.ts';
import { VOTE } from './window-rows.ts';
import type { Windows } from './windows.ts';

export interface VerifyRowsComponents {
  readonly journal: Journal;
  readonly tables: Tables;
  readonly packed: PackedRows;
  readonly windows: Windows;
  readonly storeKey: Uint8Array;
}

/**
 * Opens every row and record once, before the node serves. A flipped byte shows in the tag, which `tables` and
 * `packed` report by themselves; what has a damaged key, and a block that is gone, show in the count. A flipped byte
 * in what LevelDB searches by leaves everything to a long scan and hides some from a search: each is searched too.
 * @returns what is wrong with the numbers, or null.
 */
export async function verifyRows(
  components: VerifyRowsComponents,
  expected: RecordCounts,
): Promise<string | null> {
  const { journal, tables, packed, windows, storeKey } = components;
  let hidden = 0;

  async function searchKeys(keys: readonly Uint8Array[]): Promise<void> {
    const found = await journal.read('windows', keys);
    hidden += found.filter((row) => row === undefined).length;
  }

  /** Whether a search for the beginning of a partition ends at its first row. */
  async function searchPartition(partition: Uint8Array, first: Uint8Array): Promise<void> {
    const range = { from: partition, to: endOfPrefix(partition), limit: 1 };
    const [found] = await journal.range('windows', range);
    if (found === undefined || !equalBytes(found[0], first)) hidden += 1;
  }

  /** Adds to `hidden` the decided slots that one long scan finds and a search does not. */
  async function verifySlots(): Promise<void> {
    const prefix = VOTE;
    let rows = 0;
    let partition = prefix;
    const keys: Uint8Array[] = [];
    for await (const row of tables.scan('windows', storeKey, prefix)) {
      rows += 1;
      keys.push(row.key);
      if (keys.length === SCAN_PAGE_ROWS) await searchKeys(keys.splice(0));
      if (startsWith(row.key, partition) && rows > 1) continue;
      partition = row.key.slice(0, PARTITION_KEY_BYTES);
      await searchPartition(partition, row.key);
    }
    await searchKeys(keys);
  }

  async function count(table: PackedTable): Promise<number> {
    let records = 0;
    for (const record of windows.all()) {
      const found = await packed.search(table, record);
      records += found.records;
      hidden += found.hidden;
    }
    return records;
  }

  await verifySlots();
  const flags = await count('flags');
  if (flags !== expected.flags)
    return `expected ${expected.flags} records in the flags table, found ${flags}`;
  const values = await count('values');
  if (values !== expected.values)
    return `expected ${expected.values} records in the values table, found ${values}`;
  return hidden === 0 ? null : `expected every row to be found by its key, got ${hidden} that are not`;
}

function startsWith(key: Uint8Array, prefix: Uint8Array): boolean {
  return equalBytes(key.subarray(0, prefix.length), prefix);
}
