import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createEntryHash } from '../../../node/engine/entry-hash.ts';
import { createSensorPairs } from '../../../node/services/sensor-pairs.ts';
import { entryKey, sensorId } from '../../../src/protocol/index.ts';
import { flagEntry } from '../../src/rounds/flag-entries.ts';

const sensor = (number: number) => sensorId(new Uint8Array(16).fill(number));

test('counts the rows of each sensor in each partition, in whatever order they come', () => {
  const rows = fc.array(fc.tuple(fc.nat(3), fc.nat(2)), { maxLength: 40 });
  fc.assert(
    fc.property(rows, (some) => {
      const pairs = createSensorPairs(createEntryHash(new Uint8Array(8)));
      const plain = new Map<string, number>();
      for (const [i, [who, partition]] of some.entries()) {
        const key = entryKey({ ...flagEntry(i, partition), sensorId: sensor(who) });
        pairs.add(new Uint8Array([7, ...key]), 1);
        const name = `${partition}/${who}`;
        plain.set(name, (plain.get(name) ?? 0) + 1);
      }
      const found = [...pairs.byPartition()].flatMap(([partition, all]) =>
        all.map(({ sensor: id, rows: count }) => [`${partition}/${id[0]}`, count] as const),
      );
      expect(pairs.size).toBe(plain.size);
      expect(new Map(found)).toEqual(plain);
    }),
  );
});
