import { describe, expect, it } from 'vitest';
import type { RowBodies } from '../../../node/engine/row-record.ts';
import {
  appendRow,
  bodyOfRow,
  emptyRecord,
  isRowOf,
  keyOfRow,
  NO_BODY,
  oneBody,
  rowNames,
  runBytes,
} from '../../../node/engine/row-record.ts';
import { concat } from '../../../src/foundation/index.ts';
import { fc, test } from '../../support/property.ts';

describe('a record of rows', () => {
  const anyId = fc.uint8Array({ minLength: 16, maxLength: 16 });
  const fewSensors = fc.constantFrom(0, 1, 255).map((byte) => new Uint8Array(20).fill(byte));
  const anyKey = fc.tuple(anyId, fewSensors).map(([id, shared]) => concat(id, shared));
  const fewHeads = fc.constantFrom(1, 2).map((byte) => Uint8Array.of(byte, byte));
  const anyBody = fc.oneof(
    fc.uint8Array({ minLength: 1, maxLength: 300 }).map(oneBody),
    fc.constant(NO_BODY),
    fewHeads.map(oneBody),
    fc
      .tuple(fewHeads, fc.constantFrom(1, 48))
      .map(([head, tailBytes]): RowBodies => ({ head, tails: new Uint8Array(tailBytes).fill(7), tailBytes })),
  );

  test.prop([fc.array(fc.tuple(anyKey, anyBody), { maxLength: 30 })])(
    'has every row under its name, with its key and its body or none',
    (rows) => {
      const record = emptyRecord();
      const names = rows.map(([key, bodies]) => {
        const before = record.length;
        const name = appendRow(record, key, 0, bodies);
        expect(record.length - before).toBeLessThanOrEqual(runBytes(bodies, 1));
        return name;
      });
      const bytes = record.bytes.slice(0, record.length);
      expect(rowNames(bytes)).toEqual(names);
      rows.forEach(([key, { head, tails }], place) => {
        const name = names[place] ?? 0;
        const body = concat(head, tails);
        expect(isRowOf(bytes, name, concat(new Uint8Array(5), key), 5)).toBe(true);
        expect(keyOfRow(bytes, name)).toEqual(key);
        expect(bodyOfRow(bytes, name)).toEqual(body.length === 0 ? undefined : body);
      });
    },
  );

  test.prop([
    fc.array(anyId, { minLength: 1, maxLength: 10 }),
    fewSensors,
    fc.uint8Array({ minLength: 1, maxLength: 40 }),
    fc.integer({ min: 0, max: 300 }),
  ])(
    'has what rows of a packet share once, and of each its id and its own end',
    (ids, shared, head, tailBytes) => {
      const tails = Uint8Array.from({ length: ids.length * tailBytes }, (_, i) => i);
      const bodies = { head, tails, tailBytes };
      const record = emptyRecord();
      const keys = concat(...ids.map((id) => concat(id, shared)));
      const before = record.length;
      for (const place of [...ids.keys()].reverse()) {
        const name = appendRow(record, keys, place, { ...bodies, head: head.slice() });
        expect(isRowOf(record.bytes, name, keys, 36 * place)).toBe(true);
        const tail = tails.subarray(place * tailBytes, (place + 1) * tailBytes);
        expect(bodyOfRow(record.bytes, name)).toEqual(concat(head, tail));
      }
      expect(record.length - before).toBe(runBytes(bodies, ids.length));
    },
  );

  it.each([
    [0, 'reading id'],
    [16, 'sensor id'],
    [35, 'count'],
  ])('tells rows apart whose keys differ at byte %i, in the %s', (at) => {
    const record = emptyRecord();
    const key = new Uint8Array(36);
    const name = appendRow(record, key, 0, oneBody(Uint8Array.of(1)));
    expect(isRowOf(record.bytes, name, key, 0)).toBe(true);
    expect(isRowOf(record.bytes, name, key.with(at, 1), 0)).toBe(false);
  });

  it('that is cut, or of another format, or has a run without rows, is none', () => {
    const record = emptyRecord();
    appendRow(record, new Uint8Array(36), 0, oneBody(Uint8Array.of(1, 2, 3)));
    const bytes = record.bytes.slice(0, record.length);
    expect(rowNames(bytes)).toHaveLength(1);
    for (let length = 2; length < bytes.length; length++) expect(rowNames(bytes.slice(0, length))).toBeNull();
    expect(rowNames(bytes.with(0, 1))).toBeNull();
    expect(rowNames(new Uint8Array(0))).toBeNull();
    const rowsAt = 1 + 20 + 8;
    expect(rowNames(bytes.with(rowsAt + 3, 0))).toBeNull();
    expect(rowNames(bytes.with(rowsAt + 3, 2))).toBeNull();
    expect(rowNames(bytes.with(rowsAt, 255))).toBeNull();
  });
});
