import { isProbablyPrime } from 'bigint-crypto-utils';
import { expect } from 'vitest';
import {
  addElements,
  BALANCED_MAX,
  balanced,
  fieldElement,
  invertElement,
  MODULUS,
  multiplyElements,
  negateElement,
  powerElement,
  subtractElements,
} from '../../../src/arithmetic/index.ts';
import { anyElement } from '../../support/field.ts';
import { fc, test } from '../../support/property.ts';

test('the modulus is the prime of Field128', async () => {
  expect(MODULUS).toBe(340282366920938462946865773367900766209n);
  expect(MODULUS).toBe(2n ** 128n - 28n * 2n ** 64n + 1n);
  expect(await isProbablyPrime(MODULUS)).toBe(true);
});

test.prop([anyElement, anyElement, anyElement])('elements form a commutative ring', (a, b, c) => {
  expect(addElements(a, b)).toBe(addElements(b, a));
  expect(addElements(addElements(a, b), c)).toBe(addElements(a, addElements(b, c)));
  expect(multiplyElements(a, b)).toBe(multiplyElements(b, a));
  expect(multiplyElements(multiplyElements(a, b), c)).toBe(multiplyElements(a, multiplyElements(b, c)));
  expect(multiplyElements(a, addElements(b, c))).toBe(
    addElements(multiplyElements(a, b), multiplyElements(a, c)),
  );
  expect(addElements(a, fieldElement(0n))).toBe(a);
  expect(multiplyElements(a, fieldElement(1n))).toBe(a);
  expect(addElements(a, negateElement(a))).toBe(0n);
  expect(subtractElements(a, b)).toBe(addElements(a, negateElement(b)));
});

test.prop([anyElement])('every element but zero has an inverse, which is its power p - 2', (a) => {
  fc.pre(a !== 0n);
  expect(multiplyElements(a, invertElement(a))).toBe(1n);
  expect(powerElement(a, MODULUS - 2n)).toBe(invertElement(a));
});

test('zero has no inverse', () => {
  expect(() => invertElement(fieldElement(0n))).toThrow(RangeError);
});

test.prop([fc.bigInt({ min: -BALANCED_MAX, max: BALANCED_MAX })])(
  'an integer of at most half the field comes back with its sign',
  (integer) => {
    expect(balanced(fieldElement(integer))).toBe(integer);
  },
);

test.prop([fc.bigInt(), fc.integer({ min: -5, max: 5 })])(
  'integers that differ by a multiple of p are one element',
  (integer, multiple) => {
    expect(fieldElement(integer + BigInt(multiple) * MODULUS)).toBe(fieldElement(integer));
  },
);

test('the balanced representation turns over exactly at half the field', () => {
  expect(balanced(fieldElement(BALANCED_MAX))).toBe(BALANCED_MAX);
  expect(balanced(fieldElement(BALANCED_MAX + 1n))).toBe(-BALANCED_MAX);
});
