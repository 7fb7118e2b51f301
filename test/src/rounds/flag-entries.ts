import fc from 'fast-check';
import type { FlagEntry, PartitionDigest } from '../../../src/protocol/index.ts';
import { digestOf, readingId, sensorId } from '../../../src/protocol/index.ts';
import type { Partition } from '../../../src/ring/identifiers.ts';
import { partition } from '../../../src/ring/identifiers.ts';

export const SET_HASH_KEY = new Uint8Array(32).fill(7);

/** The n-th flag of a partition, in the order of entry keys. */
export function flagEntry(n: number, at = 0, count = 1): FlagEntry {
  const id = new Uint8Array(16);
  const view = new DataView(id.buffer);
  view.setUint16(0, at << 6);
  view.setUint32(12, n);
  return { readingId: readingId(id), sensorId: sensorId(new Uint8Array(16)), count };
}

export function flagEntries(numbers: readonly number[], at = 0): FlagEntry[] {
  return numbers.map((n) => flagEntry(n, at));
}

export function digestAt(at: number, entries: readonly FlagEntry[]): PartitionDigest {
  return { partition: partition(at), digest: digestOf(SET_HASH_KEY, entries) };
}

export const partitionNumbers: fc.Arbitrary<Partition> = fc.nat(1_023).map(partition);
