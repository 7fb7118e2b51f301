import { READING_ID_BYTES, SENSOR_ID_BYTES } from '../../src/protocol/flag-key.ts';
import type { SensorId } from '../../src/protocol/index.ts';
import { ENTRY_KEY_BYTES } from '../../src/protocol/index.ts';
import { partitionOf } from '../../src/ring/identifiers.ts';
import type { Partition } from '../../src/ring/index.ts';
import type { EntryHash } from '../engine/entry-hash.ts';
import { createEntryTable } from '../engine/entry-table.ts';

/** A sensor with rows in a partition, and how many. */
export interface SensorRows {
  readonly sensor: SensorId;
  readonly rows: number;
}

/** Which sensors have rows in which partitions of a window, kept while rows come. */
export interface SensorPairs {
  readonly size: number;
  /** A row came whose key stands at `keyAt`. */
  add(keys: Uint8Array, keyAt: number): void;
  byPartition(): ReadonlyMap<Partition, readonly SensorRows[]>;
}

/**
 * A pair stands in a table of entries as one with the partition's bits for its reading id and without a count. The rows
 * of a request mostly have one sensor and always one partition, so the last pair is tried first.
 */
export function createSensorPairs(entryHash: EntryHash): SensorPairs {
  const table = createEntryTable(entryHash, 1);
  const key = new Uint8Array(ENTRY_KEY_BYTES);
  let place = -1;

  function isLast(keys: Uint8Array, keyAt: number): boolean {
    if (place < 0 || key[0] !== keys[keyAt] || key[1] !== partitionBits(keys[keyAt + 1])) return false;
    for (let i = READING_ID_BYTES; i < READING_ID_BYTES + SENSOR_ID_BYTES; i++) {
      if (key[i] !== keys[keyAt + i]) return false;
    }
    return true;
  }

  return {
    get size() {
      return table.size;
    },
    add(keys, keyAt) {
      if (!isLast(keys, keyAt)) {
        key[0] = keys[keyAt] ?? 0;
        key[1] = partitionBits(keys[keyAt + 1]);
        for (let i = READING_ID_BYTES; i < READING_ID_BYTES + SENSOR_ID_BYTES; i++) {
          key[i] = keys[keyAt + i] ?? 0;
        }
        place = table.add(key, 0);
      }
      const numbers = table.numbers();
      numbers[place] = (numbers[place] ?? 0) + 1;
    },
    byPartition() {
      const partitions = new Map<Partition, SensorRows[]>();
      const numbers = table.numbers();
      for (let at = table.next(-1); at >= 0; at = table.next(at)) {
        const { readingId, sensorId } = table.entryAt(at);
        const partition = partitionOf(readingId);
        const pairs = partitions.get(partition) ?? [];
        pairs.push({ sensor: sensorId, rows: numbers[at] ?? 0 });
        partitions.set(partition, pairs);
      }
      return partitions;
    },
  };
}

/** The two bits of a reading id's second byte that belong to its partition. */
function partitionBits(byte: number | undefined): number {
  return (byte ?? 0) & 0b1100_0000;
}
