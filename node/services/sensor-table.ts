import { invariant } from '../../src/foundation/index.ts';
import { SENSOR_ID_BYTES } from '../../src/protocol/flag-key.ts';
import type { SensorId } from '../../src/protocol/index.ts';
import { SENSOR_KEY_BYTES } from '../../src/protocol/sensor-key.ts';

/** The first byte of every key says "uncompressed" and is not kept. */
const COORDINATES_BYTES = SENSOR_KEY_BYTES - 1;
const ROW_BYTES = SENSOR_ID_BYTES + COORDINATES_BYTES;
/** Rows allocated together: growing never copies what is there. */
const ROWS_PER_SLAB = 16_384;
/** Stands for a batch in the row of a revoked sensor. */
const REVOKED = 0xffff_ffff;
const FIRST_SLOTS = 1_024;

/** What the table says of a sensor; `batch` is the number that it was enrolled with. */
export type SensorRow =
  | { readonly kind: 'enrolled'; readonly publicKey: Uint8Array; readonly batch: number }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'revoked' };

/** The sensors of one authority, 80 bytes and two numbers each: objects would take five times as much. */
export interface SensorTable {
  /** A later enrolment replaces the batch; a revoked sensor stays revoked. */
  enrol(sensor: SensorId, publicKey: Uint8Array, batch: number): void;
  /** For ever. A sensor that was never enrolled is left unknown. */
  revoke(sensor: SensorId): void;
  find(sensor: SensorId): SensorRow;
  size(): number;
}

/** Open addressing over the first bytes of the id, which is a hash already. */
export function createSensorTable(): SensorTable {
  const slabs: { readonly rows: Uint8Array; readonly batches: Uint32Array }[] = [];
  let index = new Uint32Array(FIRST_SLOTS);
  let size = 0;

  function slabOf(row: number): { rows: Uint8Array; batches: Uint32Array; at: number } {
    const slab = slabs[Math.floor(row / ROWS_PER_SLAB)];
    invariant(slab !== undefined, 'a row lies in a slab');
    return { ...slab, at: row % ROWS_PER_SLAB };
  }

  /** The slot of the index that has the sensor's row plus one, or the free one where it would go. */
  function slotOf(sensor: Uint8Array): number {
    const mask = index.length - 1;
    let slot = hashOf(sensor, 0) & mask;
    for (;;) {
      const row = (index[slot] ?? 0) - 1;
      if (row < 0 || isRowOf(row, sensor)) return slot;
      slot = (slot + 1) & mask;
    }
  }

  function isRowOf(row: number, sensor: Uint8Array): boolean {
    const { rows, at } = slabOf(row);
    const start = at * ROW_BYTES;
    for (let i = 0; i < SENSOR_ID_BYTES; i++) if (rows[start + i] !== sensor[i]) return false;
    return true;
  }

  function grow(): void {
    index = new Uint32Array(2 * index.length);
    const mask = index.length - 1;
    for (let row = 0; row < size; row++) {
      const { rows, at } = slabOf(row);
      let slot = hashOf(rows, at * ROW_BYTES) & mask;
      while (index[slot] !== 0) slot = (slot + 1) & mask;
      index[slot] = row + 1;
    }
  }

  function add(sensor: SensorId, publicKey: Uint8Array, batch: number): void {
    // Above half full, runs of taken slots would make every look-up slow.
    if (2 * (size + 1) > index.length) grow();
    if (size === slabs.length * ROWS_PER_SLAB) {
      slabs.push({
        rows: new Uint8Array(ROWS_PER_SLAB * ROW_BYTES),
        batches: new Uint32Array(ROWS_PER_SLAB),
      });
    }
    const { rows, batches, at } = slabOf(size);
    rows.set(sensor, at * ROW_BYTES);
    rows.set(publicKey.subarray(1), at * ROW_BYTES + SENSOR_ID_BYTES);
    batches[at] = batch;
    index[slotOf(sensor)] = ++size;
  }

  function setBatch(sensor: SensorId, change: (before: number) => number): boolean {
    const row = (index[slotOf(sensor)] ?? 0) - 1;
    if (row < 0) return false;
    const { batches, at } = slabOf(row);
    batches[at] = change(batches[at] ?? REVOKED);
    return true;
  }

  return {
    enrol(sensor, publicKey, batch) {
      invariant(batch < REVOKED, 'a batch number fits four bytes');
      const known = setBatch(sensor, (before) => (before === REVOKED ? REVOKED : batch));
      if (!known) add(sensor, publicKey, batch);
    },
    revoke(sensor) {
      setBatch(sensor, () => REVOKED);
    },
    find(sensor) {
      const row = (index[slotOf(sensor)] ?? 0) - 1;
      if (row < 0) return { kind: 'unknown' };
      const { rows, batches, at } = slabOf(row);
      const batch = batches[at] ?? REVOKED;
      if (batch === REVOKED) return { kind: 'revoked' };
      const start = at * ROW_BYTES + SENSOR_ID_BYTES;
      const publicKey = new Uint8Array(SENSOR_KEY_BYTES);
      publicKey[0] = 4;
      publicKey.set(rows.subarray(start, start + COORDINATES_BYTES), 1);
      return { kind: 'enrolled', publicKey, batch };
    },
    size: () => size,
  };
}

function hashOf(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] ?? 0) |
      ((bytes[at + 1] ?? 0) << 8) |
      ((bytes[at + 2] ?? 0) << 16) |
      ((bytes[at + 3] ?? 0) << 24)) >>>
    0
  );
}
