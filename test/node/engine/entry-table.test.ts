import { describe, expect, it } from 'vitest';
import { createEntryHash } from '../../../node/engine/entry-hash.ts';
import type { EntryTable } from '../../../node/engine/entry-table.ts';
import { createEntryTable } from '../../../node/engine/entry-table.ts';
import { concat } from '../../../src/foundation/index.ts';
import { entryKey, entryName } from '../../../src/protocol/index.ts';
import { anyEntry } from '../../support/any-message.ts';
import { fc, test } from '../../support/property.ts';

const hash = createEntryHash(new Uint8Array(8));

/** What is in a table, in its order. */
function contents(table: EntryTable): readonly (readonly [string, number])[] {
  const found: [string, number][] = [];
  for (let place = table.next(-1); place >= 0; place = table.next(place)) {
    found.push([entryName(table.entryAt(place)), table.numbers()[2 * place + 1] ?? Number.NaN]);
  }
  return found;
}

/** Few entries, so that the same ones come, go and come again; some differ in their count alone. */
const anyStep = fc.record({
  entry: fc.integer({ min: 0, max: 40 }),
  what: fc.constantFrom('add', 'add', 'add', 'delete'),
});

describe('a table of entries', () => {
  test.prop([
    fc.uniqueArray(anyEntry, { minLength: 41, maxLength: 41, selector: entryName }),
    fc.array(anyStep, { maxLength: 300 }),
  ])('has what a map has, in the order in which it came', (entries, steps) => {
    const table = createEntryTable(hash, 2);
    const map = new Map<string, number>();
    for (const [number, step] of steps.entries()) {
      const entry = entries[step.entry];
      if (entry === undefined) continue;
      const key = concat(Uint8Array.of(9), entryKey(entry));
      if (step.what === 'delete') {
        const place = table.find(key, 1);
        expect(place >= 0).toBe(map.delete(entryName(entry)));
        if (place >= 0) table.delete(place);
      } else {
        const place = table.add(key, 1);
        table.numbers()[2 * place + 1] ||= number + 1;
        if (!map.has(entryName(entry))) map.set(entryName(entry), number + 1);
      }
      expect(table.size).toBe(map.size);
    }
    expect(contents(table)).toEqual([...map]);
    for (const entry of entries) {
      const place = table.find(entryKey(entry), 0);
      expect(place < 0 ? undefined : table.numbers()[2 * place + 1]).toBe(map.get(entryName(entry)));
    }
  });

  test.prop([fc.uniqueArray(anyEntry, { minLength: 2, maxLength: 30, selector: entryName })])(
    'tells entries apart whose hash is the same',
    (entries) => {
      const table = createEntryTable(() => 5, 2);
      const [first, ...others] = entries;
      for (const entry of others) table.add(entryKey(entry), 0);
      expect(first === undefined ? 0 : table.find(entryKey(first), 0)).toBe(-1);
      expect(contents(table).map(([name]) => name)).toEqual(others.map(entryName));
    },
  );

  it('takes no more room for many that come and go than for those that are there at once', () => {
    const table = createEntryTable(hash, 1);
    const keyOf = (number: number): Uint8Array => {
      const key = new Uint8Array(36);
      new DataView(key.buffer).setUint32(0, number);
      return key;
    };
    for (let number = 0; number < 10_000; number++) {
      table.add(keyOf(number), 0);
      if (number >= 100) table.delete(table.find(keyOf(number - 100), 0));
    }
    expect(table.size).toBe(100);
    expect(table.numbers().length).toBeLessThanOrEqual(512);
    expect(table.find(keyOf(9_899), 0)).toBe(-1);
    expect(table.find(keyOf(9_900), 0)).toBeGreaterThanOrEqual(0);
  });

  it('begins again where all that came has gone, with no more room than these had', () => {
    const table = createEntryTable(hash, 1);
    const keyOf = (number: number): Uint8Array => {
      const key = new Uint8Array(36);
      new DataView(key.buffer).setUint32(0, number);
      return key;
    };
    const fillAndEmpty = (from: number, count: number): void => {
      for (let number = from; number < from + count; number++) {
        const place = table.add(keyOf(number), 0);
        expect(table.numbers()[place]).toBe(0);
        table.numbers()[place] = number;
      }
      for (let number = from; number < from + count; number++) {
        const place = table.find(keyOf(number), 0);
        expect(table.numbers()[place]).toBe(number);
        table.delete(place);
      }
      expect([table.size, table.next(-1)]).toEqual([0, -1]);
      expect(table.find(keyOf(from), 0)).toBe(-1);
    };
    fillAndEmpty(0, 1_000);
    const most = table.numbers().length;
    fillAndEmpty(1_000, 1_000);
    expect(table.numbers()).toHaveLength(most);
    for (let from = 2_000; from < 8_000; from += 10) fillAndEmpty(from, 10);
    expect(table.numbers().length).toBeLessThanOrEqual(64);
  });

  it('refuses to delete where nothing is', () => {
    const table = createEntryTable(hash, 0);
    const place = table.add(new Uint8Array(36), 0);
    table.delete(place);
    expect(() => table.delete(place)).toThrow('a place that is taken');
    expect(table.find(new Uint8Array(36), 0)).toBe(-1);
  });
});
