import { expect } from 'vitest';
import {
  createElementPool,
  decodeElements,
  ELEMENT_BYTES,
  encodeElements,
  fieldElement,
  MODULUS,
  POOL_BYTES,
} from '../../../src/arithmetic/index.ts';
import { seededBytes, seededPool } from '../../support/field.ts';
import { fc, test } from '../../support/property.ts';

test.prop([fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 60 }), fc.integer()])(
  'the pool hands out the generator stream in order, whatever is taken at a time',
  (counts, seed) => {
    const pool = seededPool(seed);
    const taken = counts.flatMap((count) => {
      const bytes = new Uint8Array(count * ELEMENT_BYTES);
      pool.take(bytes);
      return [...bytes];
    });
    expect(taken).toEqual([...seededBytes(seed)(taken.length)]);
  },
);

test('more than a whole pool can be taken at once', () => {
  const bytes = new Uint8Array(3 * POOL_BYTES + ELEMENT_BYTES);
  seededPool(1).take(bytes);
  expect(bytes).toEqual(seededBytes(1)(bytes.length));
});

test('draws of p or more are skipped, and only those', () => {
  const small = encodeElements([fieldElement(5n), fieldElement(MODULUS - 1n), fieldElement(6n)]);
  const large = new Uint8Array(ELEMENT_BYTES).fill(0xff);
  const modulus = encodeElements([fieldElement(MODULUS - 1n)]);
  modulus[0] = 1; // p itself: its low byte is one more than that of p - 1
  const stream = new Uint8Array(POOL_BYTES);
  stream.set(large, 0);
  stream.set(small.subarray(0, 16), 16);
  stream.set(modulus, 32);
  stream.set(large, 48);
  stream.set(small.subarray(16), 64);
  const out = new Uint8Array(3 * ELEMENT_BYTES);
  createElementPool(() => stream.slice()).take(out);
  expect(decodeElements(out)).toEqual([5n, MODULUS - 1n, 6n]);
});

test('a refused draw at the very end of the pool is followed by the next pool', () => {
  const first = new Uint8Array(POOL_BYTES).fill(0xff, POOL_BYTES - ELEMENT_BYTES);
  const second = new Uint8Array(POOL_BYTES).fill(1);
  const pools = [first, second];
  const out = new Uint8Array(POOL_BYTES);
  createElementPool(() => pools.shift() ?? new Uint8Array(0)).take(out);
  expect(out.subarray(0, POOL_BYTES - ELEMENT_BYTES).every((byte) => byte === 0)).toBe(true);
  expect(out.subarray(POOL_BYTES - ELEMENT_BYTES).every((byte) => byte === 1)).toBe(true);
});

test('bytes are zeroed when they are taken, skipped draws too, and the others wait unchanged', () => {
  const drawn = new Uint8Array(POOL_BYTES).fill(7);
  drawn.fill(0xff, ELEMENT_BYTES, 2 * ELEMENT_BYTES);
  createElementPool(() => drawn).take(new Uint8Array(2 * ELEMENT_BYTES));
  expect(drawn.subarray(0, 3 * ELEMENT_BYTES).every((byte) => byte === 0)).toBe(true);
  expect(drawn.subarray(3 * ELEMENT_BYTES).every((byte) => byte === 7)).toBe(true);
});

test('a pool cannot be cloned into another thread', () => {
  expect(() => structuredClone(seededPool(1))).toThrow();
});

test('a generator that returns too few bytes is a programming error', () => {
  const pool = createElementPool(() => new Uint8Array(15));
  expect(() => pool.take(new Uint8Array(ELEMENT_BYTES))).toThrow('as many bytes as asked for');
  expect(() => seededPool(1).take(new Uint8Array(17))).toThrow('whole number of elements');
});
