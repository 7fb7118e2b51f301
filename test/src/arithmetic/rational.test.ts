import { expect } from 'vitest';
import {
  addRational,
  compareRational,
  divideRational,
  multiplyRational,
  rational,
  rationalText,
  subtractRational,
} from '../../../src/arithmetic/index.ts';
import { fc, test } from '../../support/property.ts';

const anyRational = fc
  .tuple(
    fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }),
    fc.oneof(fc.bigInt({ min: 1n, max: 100n }), fc.bigInt({ min: -(10n ** 20n), max: -1n })),
  )
  .map(([numerator, denominator]) => rational(numerator, denominator));

function plainGcd(a: bigint, b: bigint): bigint {
  return b === 0n ? (a < 0n ? -a : a) : plainGcd(b, a % b);
}

test.prop([anyRational, anyRational, anyRational])('rationals form a field, in lowest terms', (a, b, c) => {
  for (const value of [a, addRational(a, b), subtractRational(a, b), multiplyRational(a, b)]) {
    expect(value.denominator > 0n).toBe(true);
    expect(plainGcd(value.numerator, value.denominator)).toBe(1n);
  }
  expect(addRational(addRational(a, b), c)).toEqual(addRational(a, addRational(b, c)));
  expect(multiplyRational(a, addRational(b, c))).toEqual(
    addRational(multiplyRational(a, b), multiplyRational(a, c)),
  );
  expect(subtractRational(addRational(a, b), b)).toEqual(a);
  if (b.numerator !== 0n) expect(multiplyRational(divideRational(a, b), b)).toEqual(a);
});

test.prop([anyRational, anyRational])('comparison follows the sign of the difference', (a, b) => {
  const { numerator } = subtractRational(a, b);
  expect(compareRational(a, b)).toBe(numerator === 0n ? 0 : numerator < 0n ? -1 : 1);
  expect(compareRational(a, a)).toBe(0);
});

test('the sign sits in the numerator and zero is 0/1', () => {
  expect(rational(6n, -4n)).toEqual({ numerator: -3n, denominator: 2n });
  expect(rational(0n, -4n)).toEqual({ numerator: 0n, denominator: 1n });
  expect(rationalText(rational(5n))).toBe('5/1');
  expect(rationalText(rational(-10n, 4n))).toBe('-5/2');
});

test('a denominator of zero is a programming error', () => {
  expect(() => rational(1n, 0n)).toThrow('other than zero');
  expect(() => divideRational(rational(1n), rational(0n))).toThrow('other than zero');
});
