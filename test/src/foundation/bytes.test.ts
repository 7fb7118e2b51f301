import { describe, expect, it } from 'vitest';
import { characters, fromHex, hasCode, toHex } from '../../../src/foundation/index.ts';
import { fc, test } from '../../support/property.ts';

/** The plain version: what may be hex is said by a pattern, what it means by parseInt. */
function fromHexPlainly(text: string): Uint8Array | undefined {
  if (!/^(?:[0-9a-f]{2})*$/.test(text)) return undefined;
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

function fromHexOrNothing(text: string): Uint8Array | undefined {
  try {
    return fromHex(text);
  } catch (error) {
    if (hasCode(error, 'MALFORMED_TEXT')) return undefined;
    throw error;
  }
}

describe('hex', () => {
  test.prop([fc.uint8Array({ maxLength: 70 })])('brings bytes back', (bytes) => {
    expect(fromHex(toHex(bytes))).toEqual(bytes);
  });

  const almostHex = fc.string({
    unit: fc.constantFrom('0', '9', 'a', 'f', 'A', 'F', 'g', '/', ':', '`', '\u0130', '\u0661', '\0'),
    maxLength: 6,
  });
  test.prop([fc.oneof(almostHex, fc.string({ unit: 'binary' }))])(
    'is read as the plain version reads it, and anything else is refused',
    (text) => {
      expect(fromHexOrNothing(text)).toEqual(fromHexPlainly(text));
    },
  );

  it('is refused with a digit of another alphabet in any of its places', () => {
    for (let code = 0; code < 0x3000; code++) {
      const character = String.fromCharCode(code);
      for (const text of [`${character}0`, `0${character}`]) {
        expect(fromHexOrNothing(text), text).toEqual(fromHexPlainly(text));
      }
    }
  });
});

test.prop([fc.uint8Array({ maxLength: 70 })])('characters stand for bytes, one for each', (bytes) => {
  expect(characters(bytes)).toBe(Buffer.from(bytes).toString('latin1'));
});
