import { describe, expect, it } from 'vitest';
import { createSensorTable } from '../../../node/services/sensor-table.ts';
import { bigEndian, labelledHash, toHex } from '../../../src/foundation/index.ts';
import { sensorId } from '../../../src/protocol/index.ts';
import { fc, test } from '../../support/property.ts';

/** Ids that share their first bytes, so that they collide in the index. */
const idOf = (i: number) =>
  sensorId(Uint8Array.from({ length: 16 }, (_, at) => (at < 8 ? i % 3 : (i >> (8 * (at - 8))) & 255)));
const keyOf = (i: number) => Uint8Array.from({ length: 65 }, (_, at) => (at === 0 ? 4 : (i + at) & 255));

describe('the table of sensors', () => {
  test.prop([
    fc.array(
      fc.record({ kind: fc.constantFrom('enrol', 'revoke'), sensor: fc.nat(40), batch: fc.nat(1_000) }),
      { maxLength: 200 },
    ),
  ])('answers as a plain map does', (steps) => {
    const table = createSensorTable();
    const plain = new Map<string, number | 'revoked'>();
    for (const { kind, sensor, batch } of steps) {
      const id = idOf(sensor);
      const before = plain.get(toHex(id));
      if (kind === 'enrol') {
        table.enrol(id, keyOf(sensor), batch);
        if (before !== 'revoked') plain.set(toHex(id), batch);
      } else {
        table.revoke(id);
        if (before !== undefined) plain.set(toHex(id), 'revoked');
      }
    }
    for (let sensor = 0; sensor <= 40; sensor++) {
      const expected = plain.get(toHex(idOf(sensor)));
      const found = table.find(idOf(sensor));
      if (expected === undefined) expect(found).toEqual({ kind: 'unknown' });
      else if (expected === 'revoked') expect(found).toEqual({ kind: 'revoked' });
      else expect(found).toEqual({ kind: 'enrolled', publicKey: keyOf(sensor), batch: expected });
    }
    expect(table.size()).toBe(plain.size);
  });

  it('finds every sensor again after it has grown', () => {
    const idAt = (i: number) => sensorId(labelledHash('test-sensor', bigEndian(i, 4)).slice(0, 16));
    const table = createSensorTable();
    for (let i = 0; i < 40_000; i++) table.enrol(idAt(i), keyOf(i), i);
    expect(table.size()).toBe(40_000);
    for (let i = 0; i < 40_000; i += 997) {
      expect(table.find(idAt(i))).toEqual({ kind: 'enrolled', publicKey: keyOf(i), batch: i });
    }
    expect(table.find(idAt(40_001))).toEqual({ kind: 'unknown' });
  });
});
