import { createCipheriv } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createRowSeal } from '../../../node/engine/row-seal.ts';
import { concat, labelledHash, labelledInput, toHex, utf8 } from '../../../src/foundation/index.ts';
import { cryptoRandomBytes } from '../../../src/platform/index.ts';
import type { TableName } from '../../../src/ports/index.ts';
import { anyFixedBytes } from '../../support/any-message.ts';
import { fc, test } from '../../support/property.ts';

const seal = createRowSeal(cryptoRandomBytes);
const anyRow = fc.record({
  key: anyFixedBytes(32),
  table: fc.constantFrom<TableName>('flags', 'values', 'windows', 'meta'),
  rowKey: fc.uint8Array({ maxLength: 90 }),
  plain: fc.uint8Array({ maxLength: 60 }),
});

/** The plain version: every part of the row as the protocol document lists it, each built by itself. */
function sealPlainly(
  nonce: Uint8Array,
  key: Uint8Array,
  table: TableName,
  rowKey: Uint8Array,
  plain: Uint8Array,
): Uint8Array {
  const header = concat(Uint8Array.of(1, 1), labelledHash('row-key-id', key).slice(0, 4), nonce);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  cipher.setAAD(labelledInput('row', utf8(table), rowKey, header));
  return concat(header, cipher.update(plain), cipher.final(), cipher.getAuthTag());
}

describe('a sealed row', () => {
  test.prop([fc.array(fc.tuple(anyRow, fc.nat({ max: 600 })), { minLength: 1, maxLength: 5 })])(
    'has the bytes of plain sealing, also after a row with a longer or shorter key',
    (rows) => {
      const nonce = new Uint8Array(12).fill(5);
      const fixed = createRowSeal(() => nonce);
      for (const [{ key, table, plain }, keyBytes] of rows) {
        const rowKey = new Uint8Array(keyBytes).fill(keyBytes);
        expect(toHex(fixed.seal(key, table, rowKey, plain))).toBe(
          toHex(sealPlainly(nonce, key, table, rowKey, plain)),
        );
      }
    },
  );

  test.prop([anyRow])('opens to what it was', ({ key, table, rowKey, plain }) => {
    const sealed = seal.seal(key, table, rowKey, plain);
    expect(new Uint8Array(seal.open(key, table, rowKey, sealed) ?? [1])).toEqual(plain);
  });

  test.prop([anyRow, fc.nat()], { numRuns: 300 })(
    'does not open with any bit flipped',
    ({ key, table, rowKey, plain }, bit) => {
      const sealed = seal.seal(key, table, rowKey, plain);
      const at = (bit >> 3) % sealed.length;
      sealed[at] = (sealed[at] ?? 0) ^ (1 << (bit & 7));
      expect(seal.open(key, table, rowKey, sealed)).toBeNull();
    },
  );

  it('does not open with any of its bits flipped, one after the other', () => {
    const key = new Uint8Array(32).fill(7);
    const sealed = seal.seal(key, 'values', utf8('row'), utf8('plain'));
    for (let bit = 0; bit < 8 * sealed.length; bit++) {
      const flipped = sealed.slice();
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(seal.open(key, 'values', utf8('row'), flipped), `bit ${bit}`).toBeNull();
    }
  });

  test.prop([anyRow, fc.nat(), fc.uint8Array({ minLength: 1, maxLength: 20 })])(
    'does not open when it is shorter or longer',
    ({ key, table, rowKey, plain }, at, more) => {
      const sealed = seal.seal(key, table, rowKey, plain);
      expect(seal.open(key, table, rowKey, sealed.slice(0, at % sealed.length))).toBeNull();
      expect(seal.open(key, table, rowKey, Uint8Array.of(...sealed, ...more))).toBeNull();
    },
  );

  test.prop([anyRow, anyRow])('opens at its own place and under its own key only', (a, b) => {
    const sealed = seal.seal(a.key, a.table, a.rowKey, a.plain);
    fc.pre(toHex(a.key) !== toHex(b.key) && toHex(a.rowKey) !== toHex(b.rowKey));
    expect(seal.open(b.key, a.table, a.rowKey, sealed)).toBeNull();
    expect(seal.open(a.key, a.table, b.rowKey, sealed)).toBeNull();
    expect(seal.open(a.key, 'documents', a.rowKey, sealed)).toBeNull();
  });

  it('is another one every time, and shows neither the row nor the key', () => {
    const key = new Uint8Array(32).fill(0xab);
    const plain = new Uint8Array(32).fill(0xcd);
    const spellings = Array.from({ length: 50 }, () => toHex(seal.seal(key, 'values', utf8('row'), plain)));
    expect(new Set(spellings).size).toBe(50);
    expect(new Set(spellings.map((hex) => hex.slice(12, 36))).size).toBe(50);
    for (const hex of spellings) expect(hex).not.toMatch(/(cd){4}|(ab){4}/);
  });
});
