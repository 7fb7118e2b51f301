import { describe, expect, it } from 'vitest';
import {
  appendRow,
  bodyAt,
  emptyRecord,
  isRowOf,
  NO_BODY,
  oneBody,
  rowBytes,
  rowOffsets,
} from '../../../node/engine/row-record.ts';
import { concat } from '../../../src/foundation/index.ts';
import { fc, test } from '../../support/property.ts';

describe('a record of rows', () => {
  const anyKey = fc.uint8Array({ minLength: 36, maxLength: 36 });
  const anyBody = fc.oneof(fc.uint8Array({ minLength: 1, maxLength: 300 }), fc.constant(null));
  test.prop([fc.array(fc.tuple(anyKey, anyBody), { maxLength: 30 })])(
    'has every row where it was put, with its body or none',
    (rows) => {
      const record = emptyRecord();
      const offsets = rows.map(([key, body]) =>
        appendRow(record, key, 0, body === null ? NO_BODY : oneBody(body)),
      );
      const bytes = record.bytes.slice(0, record.length);
      expect(rowOffsets(bytes)).toEqual(offsets);
      rows.forEach(([key, body], place) => {
        expect(isRowOf(bytes, offsets[place] ?? 0, key, 0)).toBe(true);
        expect(bodyAt(bytes, offsets[place] ?? 0)).toEqual(body ?? undefined);
      });
    },
  );

  test.prop([
    fc.array(anyKey, { minLength: 1, maxLength: 10 }),
    fc.uint8Array({ minLength: 1, maxLength: 40 }),
    fc.integer({ min: 0, max: 300 }),
  ])('has of rows that begin alike each with its own end', (keys, head, tailBytes) => {
    const tails = Uint8Array.from({ length: keys.length * tailBytes }, (_, i) => i);
    const bodies = { head, tails, tailBytes };
    const record = emptyRecord();
    const joined = concat(...keys);
    for (const place of [...keys.keys()].reverse()) {
      const before = record.length;
      const offset = appendRow(record, joined, place, bodies);
      expect(isRowOf(record.bytes, offset, joined, 36 * place)).toBe(true);
      const tail = tails.subarray(place * tailBytes, (place + 1) * tailBytes);
      expect(bodyAt(record.bytes, offset)).toEqual(concat(head, tail));
      expect(record.length - before).toBe(rowBytes(bodies));
    }
  });

  it('that is cut, or of another format, is none', () => {
    const record = emptyRecord();
    appendRow(record, new Uint8Array(36), 0, oneBody(Uint8Array.of(1, 2, 3)));
    const bytes = record.bytes.slice(0, record.length);
    expect(rowOffsets(bytes)).toHaveLength(1);
    expect(rowOffsets(bytes.slice(0, -1))).toBeNull();
    expect(rowOffsets(bytes.with(0, 2))).toBeNull();
    expect(rowOffsets(new Uint8Array(0))).toBeNull();
  });
});
