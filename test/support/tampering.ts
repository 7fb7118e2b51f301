import type { TableName } from '../../src/ports/index.ts';
import type { MemoryStore } from './memory-store.ts';

const TABLES: readonly TableName[] = ['documents', 'flags', 'meta', 'values', 'windows'];

/** Everything on a disk at one moment, as a backup has it. */
export type DiskCopy = readonly (readonly [TableName, Uint8Array, Uint8Array])[];

export function copyDisk(store: MemoryStore): DiskCopy {
  return TABLES.flatMap((table) => store.rows(table).map(([key, value]) => [table, key, value] as const));
}

/** Puts a copy in the place of what is on the disk. */
export async function restoreDisk(store: MemoryStore, copy: DiskCopy): Promise<void> {
  await wipeDisk(store);
  for (const [table, key, value] of copy) store.put(table, key, value);
}

export async function wipeDisk(store: MemoryStore): Promise<void> {
  await store.commit(copyDisk(store).map(([table, key]) => ({ kind: 'delete', table, key })));
}

/** Flips one bit in the value of a row. */
export function flipBit(store: MemoryStore, table: TableName, place = 0): void {
  const [key, value] = rowAt(store, table, place);
  const flipped = value.slice();
  flipped[flipped.length - 1] = (flipped.at(-1) ?? 0) ^ 1;
  store.put(table, key, flipped);
}

/** Takes a row away behind the back of its node. */
export async function dropRow(store: MemoryStore, table: TableName, place = 0): Promise<void> {
  await store.commit([{ kind: 'delete', table, key: rowAt(store, table, place)[0] }]);
}

function rowAt(store: MemoryStore, table: TableName, place: number): readonly [Uint8Array, Uint8Array] {
  const row = store.rows(table)[place];
  if (row === undefined) throw new Error(`expected a row ${place} in the ${table} table`);
  return row;
}
