import { describe, expect, it } from 'vitest';
import {
  addIntervals,
  addRational,
  bitSize,
  compareIntervals,
  compareRational,
  divideIntervals,
  divideRational,
  type Interval,
  integerInterval,
  multiplyIntervals,
  multiplyRational,
  powerOfInterval,
  type Rational,
  rational,
  rationalInterval,
  rootOfInterval,
  subtractIntervals,
  subtractRational,
} from '../../../src/arithmetic/index.ts';
import { fc, test } from '../../support/property.ts';

const size = fc
  .integer({ min: 0, max: 90 })
  .chain((bits) => fc.bigInt(-(1n << BigInt(bits)), 1n << BigInt(bits)));
const fraction = fc
  .tuple(size, fc.bigInt(1n, 10n ** 20n))
  .map(([numerator, denominator]) => rational(numerator, denominator));
const precision = fc.integer({ min: 8, max: 120 });

function ends({ low, high, exponent }: Interval): readonly [Rational, Rational] {
  const scale = (mantissa: bigint) =>
    exponent >= 0 ? rational(mantissa << BigInt(exponent)) : rational(mantissa, 1n << BigInt(-exponent));
  return [scale(low), scale(high)];
}

function expectInside(interval: Interval, value: Rational) {
  const [low, high] = ends(interval);
  expect(compareRational(low, value)).toBeLessThanOrEqual(0);
  expect(compareRational(high, value)).toBeGreaterThanOrEqual(0);
}

describe('intervals', () => {
  test.prop([fraction, fraction, precision], { numRuns: 500 })(
    'hold the exact sum, difference, product and quotient, whatever the precision',
    (a, b, bits) => {
      const [x, y] = [rationalInterval(a, bits), rationalInterval(b, bits)];
      expectInside(x, a);
      expectInside(addIntervals(x, y, bits), addRational(a, b));
      expectInside(subtractIntervals(x, y, bits), subtractRational(a, b));
      expectInside(multiplyIntervals(x, y, bits), multiplyRational(a, b));
      if (b.numerator > 0n) expectInside(divideIntervals(x, y, bits), divideRational(a, b));
    },
  );

  test.prop([fraction, precision], { numRuns: 200 })(
    'hold the root: its square is around the number',
    (a, bits) => {
      const square = multiplyRational(a, a);
      const [low, high] = ends(rootOfInterval(rationalInterval(square, bits), bits));
      expect(compareRational(multiplyRational(low, low), square)).toBeLessThanOrEqual(0);
      expect(compareRational(multiplyRational(high, high), square)).toBeGreaterThanOrEqual(0);
    },
  );

  test.prop([fc.bigInt(1n, 10n ** 30n), fc.bigInt(1n, 10n ** 30n)], { numRuns: 200 })(
    'are as narrow as was asked',
    (numerator, denominator) => {
      const { low, high } = rationalInterval(rational(numerator, denominator), 100);
      expect(high - low).toBeLessThanOrEqual(1n);
      expect(bitSize(high)).toBeGreaterThanOrEqual(100);
    },
  );

  it('add terms of sizes as far apart as 1 and 2^-1000000 without writing them out', () => {
    const tiny = { low: 1n, high: 1n, exponent: -1_000_000 };
    const sum = addIntervals(integerInterval(1n), tiny, 64);
    expect(bitSize(sum.high)).toBeLessThan(100);
    expectInside(sum, rational(1n));
    expect(compareIntervals(addIntervals(integerInterval(0n), tiny, 64), integerInterval(0n))).toBe(1);
  });

  it('compare only what is certain', () => {
    const [third, half] = [rationalInterval(rational(1n, 3n), 20), rationalInterval(rational(1n, 2n), 20)];
    expect(compareIntervals(third, half)).toBe(-1);
    expect(compareIntervals(half, third)).toBe(1);
    expect(compareIntervals(third, third)).toBe(0);
  });

  it('refuse to divide by what may be zero', () => {
    expect(() => divideIntervals(integerInterval(1n), { low: -1n, high: 1n, exponent: 0 }, 20)).toThrow(
      /positive/,
    );
  });

  it('raise to powers', () => {
    expect(powerOfInterval(integerInterval(3n), 5, 64)).toEqual(integerInterval(243n));
    expectInside(powerOfInterval(integerInterval(10n), 40, 50), rational(10n ** 40n));
  });

  it.each([0n, 1n, 2n, 3n, 255n, 256n, 10n ** 30n])('count the bits of %s', (n) => {
    expect(bitSize(n)).toBe(n === 0n ? 0 : n.toString(2).length);
    expect(bitSize(-n)).toBe(bitSize(n));
  });
});
