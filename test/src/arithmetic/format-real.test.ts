import { describe, expect, it } from 'vitest';
import {
  exponential,
  formatRational,
  formatReal,
  formatSquareRoot,
  integerInterval,
  rational,
  rationalInterval,
  rootOfInterval,
} from '../../../src/arithmetic/index.ts';
import { fc, test } from '../../support/property.ts';

const value = fc
  .tuple(fc.bigInt(-(10n ** 25n), 10n ** 25n), fc.bigInt(1n, 10n ** 25n))
  .map(([numerator, denominator]) => rational(numerator, denominator));
const digitCounts = fc.integer({ min: 1, max: 50 });

describe('printing a real number', () => {
  test.prop([value, digitCounts], { numRuns: 300 })(
    'is printing the rational that it is',
    (exact, digits) => {
      expect(formatReal((bits) => rationalInterval(exact, bits), { digits })).toBe(
        formatRational(exact, { digits }),
      );
    },
  );

  test.prop([value, digitCounts], { numRuns: 200 })('is printing the root that it is', (exact, digits) => {
    const square = exact.numerator < 0n ? rational(-exact.numerator, exact.denominator) : exact;
    const real = (bits: number) => rootOfInterval(rationalInterval(square, bits), bits);
    expect(formatReal(real, { digits })).toBe(formatSquareRoot(square, { digits }));
  });

  const around = (numerator: bigint, denominator: bigint, errorBits: number) => (bits: number) => {
    const { low, high, exponent } = rationalInterval(rational(numerator, denominator), bits + errorBits);
    return { low: low - 1n, high: high + 1n, exponent };
  };

  it('takes an interval that stays around a short decimal for it, and rounds a tie to even', () => {
    expect(formatReal(around(1n, 2n, 0), { digits: 15 })).toBe('0.5');
    expect(formatReal(around(25n, 100n, 0), { digits: 1 })).toBe('0.2');
    expect(formatReal(around(35n, 100n, 0), { digits: 1 })).toBe('0.4');
    expect(formatReal(around(-3n, 1n, 5), { digits: 30 })).toBe('-3');
  });

  it('takes no interval for a short decimal that a higher precision tells from it', () => {
    // 1/2 + 10^-70: beyond twice the digits asked for, still not a half.
    const near = rational(10n ** 70n + 2n, 2n * 10n ** 70n);
    expect(formatReal((bits) => rationalInterval(near, bits), { digits: 15 })).toBe('0.500000000000000');
  });

  it('prints zero only where the interval closes around it', () => {
    expect(formatReal((bits) => ({ low: -1n, high: 1n, exponent: -bits }), { digits: 15 })).toBe('0');
    expect(
      formatReal((bits) => ({ low: bits < 120 ? -1n : 1n, high: 1n, exponent: -150 }), { digits: 5 }),
    ).toBe(formatRational(rational(1n, 1n << 150n), { digits: 5 }));
  });

  it('prints numbers whose exponent has millions of digits', () => {
    const real = (bits: number) => exponential(integerInterval(-10_000_000n), bits);
    // ln(10^-4342944.8190...) = -10^7
    expect(formatReal(real, { digits: 6 })).toMatch(/^1\.\d{5}e-4342945$/);
  });
});
