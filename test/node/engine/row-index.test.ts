import { describe, expect, it } from 'vitest';
import type { RowIndex } from '../../../node/engine/row-index.ts';
import {
  emptyIndex,
  insertRow,
  isNewest,
  moveRow,
  nextSlot,
  placeIn,
  recordsIn,
  reserveRows,
} from '../../../node/engine/row-index.ts';
import { fc, test } from '../../support/property.ts';

/** All places under a hash. */
function placesOf(index: RowIndex, hash: number): readonly string[] {
  const places: string[] = [];
  for (let slot = nextSlot(index, hash, -1); slot >= 0; slot = nextSlot(index, hash, slot)) {
    const { record, name } = placeIn(index, slot);
    places.push(`${record}/${name}`);
  }
  return places.sort();
}

describe('an index of rows', () => {
  const anyHash = fc.oneof(fc.constantFrom(0, 1, 2 ** 31, 2 ** 32 - 1), fc.nat(2 ** 32 - 1));
  test.prop([fc.array(fc.tuple(anyHash, fc.boolean()), { maxLength: 200 })])(
    'has under every hash the newest places of its rows, as a plain list has them',
    (steps) => {
      const index = emptyIndex();
      const rows: { hash: number; record: number; name: number }[] = [];
      steps.forEach(([hash, moves], step) => {
        const known = moves ? rows.find((row) => row.hash === hash) : undefined;
        if (known === undefined) {
          insertRow(index, hash, step, 2 * step);
          rows.push({ hash, record: step, name: 2 * step });
        } else {
          moveRow(index, hash, known, step, 1);
          Object.assign(known, { record: step, name: 1 });
        }
      });
      for (const { hash } of rows) {
        const expected = rows.filter((row) => row.hash === hash).map((row) => `${row.record}/${row.name}`);
        expect(placesOf(index, hash)).toEqual(expected.sort());
      }
      expect(index.rows).toBe(rows.length);
      expect(recordsIn(index)).toEqual(new Set(rows.map(({ record }) => record)));
    },
  );

  it('is as large at once as the rows that are said to come need it', () => {
    const index = emptyIndex();
    insertRow(index, 5, 0, 1);
    reserveRows(index, 512);
    const { slots } = index;
    expect(slots.byteLength / 513).toBeLessThan(15.1);
    for (let i = 0; i < 512; i++) insertRow(index, Math.imul(i, 0x9e3779b1) >>> 0, 1, i);
    expect(index.slots).toBe(slots);
    expect(placesOf(index, 5)).toEqual(['0/1']);
    // One row more makes no table of one slot more, or every row would be put in anew for each that comes.
    reserveRows(index, 1);
    expect(index.slots.byteLength / slots.byteLength).toBeCloseTo(4 / 3, 2);
  });

  it('takes less than 20 bytes a row', () => {
    const index = emptyIndex();
    for (let i = 0; i < 100_000; i++) insertRow(index, Math.imul(i, 0x9e3779b1) >>> 0, i, 0);
    expect(index.slots.byteLength / 100_000).toBeLessThan(20.1);
  });

  it('knows a version that is no longer the newest, and refuses to move a row that is not where it was found', () => {
    const index = emptyIndex();
    const old = { record: 0, name: 1 };
    insertRow(index, 5, 0, 1);
    expect(isNewest(index, 5, old)).toBe(true);
    moveRow(index, 5, old, 1, 1);
    expect(isNewest(index, 5, old)).toBe(false);
    expect(() => moveRow(index, 5, old, 2, 1)).toThrow('where it was found');
  });
});
