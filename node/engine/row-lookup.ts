import { equalParts } from '../../src/foundation/index.ts';
import { ENTRY_KEY_BYTES } from '../../src/protocol/index.ts';
import type { RowPlace } from './row-index.ts';
import { nextSlot, placeIn } from './row-index.ts';
import { bodyOfRow, isRowOf } from './row-record.ts';
import type { PartitionRows, RecordSource } from './window-rows.ts';
import { openedName, RECORDS_AT_ONCE, readRecords, recordInMemory } from './window-rows.ts';

/** Where the rows of some entries are, and what is in them; all at one moment. */
export interface LookedUp {
  readonly hashes: Uint32Array;
  readonly places: readonly (RowPlace | null)[];
  readonly bodies: readonly (Uint8Array | null | undefined)[];
}

/**
 * Finds the rows of entries in the index of their partition. A row that is nowhere costs no look at the disk, unless
 * its hash is that of another one.
 * @param keys of the entries, one after another.
 */
export async function lookUp(
  source: RecordSource,
  rows: PartitionRows,
  keys: Uint8Array,
  fromDisk: boolean,
): Promise<LookedUp> {
  const hashes = new Uint32Array(keys.length / ENTRY_KEY_BYTES);
  for (let i = 0; i < hashes.length; i++) hashes[i] = source.hash(keys, ENTRY_KEY_BYTES * i);
  const records = new Map<number, Uint8Array | null>();
  for (;;) {
    const wanted = new Set<number>();
    const found = pass(source, rows, keys, hashes, fromDisk, records, wanted);
    if (wanted.size === 0) return { hashes, ...found };
    const some = [...wanted].slice(0, RECORDS_AT_ONCE);
    for (const record of some) records.set(record, null);
    for (const [record, bytes] of await readRecords(source, rows, some)) {
      records.set(record, bytes);
      if (bytes !== null) source.opened.keep(openedName(rows, record), bytes);
    }
  }
}

/** One look at all entries with the records that are at hand; names those that it would have to see. */
function pass(
  source: RecordSource,
  rows: PartitionRows,
  keys: Uint8Array,
  hashes: Uint32Array,
  fromDisk: boolean,
  records: Map<number, Uint8Array | null>,
  wanted: Set<number>,
): Omit<LookedUp, 'hashes'> {
  const places: (RowPlace | null)[] = new Array(hashes.length).fill(null);
  const bodies: (Uint8Array | null | undefined)[] = new Array(hashes.length).fill(undefined);

  function bytesOf(record: number): Uint8Array | null | undefined {
    const known = records.get(record);
    if (known !== undefined) return known;
    const growing = rows.growing.get(record)?.bytes;
    if (growing !== undefined) return growing;
    const bytes = fromDisk ? undefined : recordInMemory(source, rows, record);
    if (bytes === undefined) wanted.add(record);
    else records.set(record, bytes);
    return bytes;
  }

  for (let i = 0; i < hashes.length; i++) {
    const hash = hashes[i] ?? 0;
    for (let slot = nextSlot(rows.index, hash, -1); slot >= 0; slot = nextSlot(rows.index, hash, slot)) {
      const place = placeIn(rows.index, slot);
      const bytes = bytesOf(place.record);
      if (bytes === undefined) continue;
      if (bytes === null) {
        // It may be this row; if no other one proves to be, nobody knows what it says.
        if (rows.gone || places[i] !== null) continue;
        places[i] = place;
        bodies[i] = null;
      } else if (isRowOf(bytes, place.name, keys, ENTRY_KEY_BYTES * i)) {
        places[i] = place;
        bodies[i] = bodyOfRow(bytes, place.name);
        break;
      }
    }
  }
  return { places, bodies };
}

/**
 * Which of several entries are the same: for each the first one that is like it.
 * @returns null where no two are.
 */
export function repeatedEntries(keys: Uint8Array, hashes: Uint32Array): Int32Array | null {
  const count = hashes.length;
  if (count < 2) return null;
  let size = 4;
  while (size < 2 * count) size *= 2;
  const table = new Int32Array(size).fill(-1);
  let first: Int32Array | null = null;
  for (let i = 0; i < count; i++) {
    let slot = (hashes[i] ?? 0) & (size - 1);
    let other = table[slot] ?? -1;
    while (
      other >= 0 &&
      !(
        hashes[other] === hashes[i] &&
        equalParts(keys, ENTRY_KEY_BYTES * other, keys, ENTRY_KEY_BYTES * i, ENTRY_KEY_BYTES)
      )
    ) {
      slot = (slot + 1) & (size - 1);
      other = table[slot] ?? -1;
    }
    if (other < 0) {
      table[slot] = i;
    } else {
      first ??= Int32Array.from({ length: count }, (_, place) => place);
      first[i] = other;
    }
  }
  return first;
}
