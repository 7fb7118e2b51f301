import { expect } from 'vitest';
import {
  checkElements,
  decodeElements,
  ELEMENT_BYTES,
  encodeElements,
  MODULUS,
} from '../../../src/arithmetic/index.ts';
import { hasCode } from '../../../src/foundation/index.ts';
import { anyElement } from '../../support/field.ts';
import { fc, test } from '../../support/property.ts';

/** The plain version: sixteen divisions by 256. */
function littleEndian(value: bigint): Uint8Array {
  return Uint8Array.from({ length: ELEMENT_BYTES }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn));
}

function codeOf(action: () => unknown): string | undefined {
  try {
    action();
  } catch (error) {
    if (hasCode(error, 'ELEMENT_OUT_OF_RANGE', 'WRONG_VECTOR_LENGTH')) return error.code;
    throw error;
  }
  return undefined;
}

test.prop([fc.array(anyElement, { maxLength: 8 })])('a vector comes back from its encoding', (vector) => {
  const bytes = encodeElements(vector);
  expect(bytes).toEqual(Uint8Array.from(vector.flatMap((element) => [...littleEndian(element)])));
  expect(decodeElements(bytes)).toEqual(vector);
});

test.prop([
  fc.oneof(
    fc.bigInt({ min: 0n, max: 2n ** 128n - 1n }),
    fc.bigInt({ min: MODULUS - 300n, max: MODULUS + 300n }),
    fc.bigInt({ min: MODULUS - 2n ** 64n - 300n, max: 2n ** 128n - 1n }),
    fc.constantFrom(MODULUS, MODULUS - 1n, MODULUS + 1n, MODULUS - 2n ** 64n, 2n ** 128n - 1n),
  ),
  fc.integer({ min: 0, max: 2 }),
])('bytes are refused exactly when an element is not below p', (value, index) => {
  const bytes = new Uint8Array(3 * ELEMENT_BYTES);
  bytes.set(littleEndian(value), index * ELEMENT_BYTES);
  const expected = value < MODULUS ? undefined : 'ELEMENT_OUT_OF_RANGE';
  expect(codeOf(() => checkElements(bytes))).toBe(expected);
  expect(codeOf(() => decodeElements(bytes))).toBe(expected);
});

test.prop([fc.integer({ min: 0, max: 100 })])('bytes that are not whole elements are refused', (length) => {
  const expected = length % ELEMENT_BYTES === 0 ? undefined : 'WRONG_VECTOR_LENGTH';
  expect(codeOf(() => checkElements(new Uint8Array(length)))).toBe(expected);
  expect(codeOf(() => decodeElements(new Uint8Array(length)))).toBe(expected);
});

test('a vector is decoded from the middle of a larger buffer', () => {
  const bytes = new Uint8Array(ELEMENT_BYTES + 3);
  bytes[3] = 7;
  expect(decodeElements(bytes.subarray(3))).toEqual([7n]);
});

test('the refusal of a large element names its index and not its value', () => {
  const bytes = new Uint8Array(2 * ELEMENT_BYTES).fill(0xff, ELEMENT_BYTES);
  expect(() => checkElements(bytes)).toThrow(
    'expected elements below the modulus, got a larger one at index 1',
  );
});
