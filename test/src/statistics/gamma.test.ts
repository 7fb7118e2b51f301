import { describe, expect, it } from 'vitest';
import {
  addIntervals,
  compareIntervals,
  exponential,
  formatReal,
  integerInterval,
  logarithm,
  multiplyIntervals,
  pi,
  rational,
  rationalInterval,
  subtractIntervals,
} from '../../../src/arithmetic/index.ts';
import { logarithmOfGamma } from '../../../src/statistics/gamma.ts';
import { fc, test } from '../../support/property.ts';
import { digitsOf, gammaOfHalves } from '../../support/quadrature.ts';

describe('ln Gamma', () => {
  it('gives the factorials', () => {
    let factorial = 1n;
    for (let n = 1n; n <= 40n; n++) {
      const value = exponential(logarithmOfGamma(rational(n + 1n), 200), 180);
      factorial *= n;
      expect(compareIntervals(value, integerInterval(factorial))).toBe(0);
      expect(
        compareIntervals(value, rationalInterval(rational(factorial * 10n ** 40n + 1n, 10n ** 40n), 300)),
      ).not.toBe(1);
    }
  });

  it.each([1, 3, 5, 17, 33])('gives Gamma(%i/2) of the closed form with sqrt(pi)', (halves) => {
    const text = formatReal(
      (bits) => exponential(logarithmOfGamma(rational(BigInt(halves), 2n), bits + 8), bits),
      {
        digits: 50,
      },
    );
    const [whole = '', power = '0'] = digitsOf(gammaOfHalves(halves), 50).split('e-');
    if (gammaOfHalves(halves) < 10n << 260n) expect(text.replace('.', '').replace(/^0+/, '')).toBe(whole);
    expect(Number(text)).toBeCloseTo(Number(whole) * 10 ** -Number(power), 8);
  });

  test.prop([fc.bigInt(1n, 10n ** 8n), fc.bigInt(1n, 10n ** 5n)], { numRuns: 40 })(
    'keeps Legendre’s duplication: G(z) G(z + 1/2) = 2^(1-2z) sqrt(pi) G(2z)',
    (numerator, denominator) => {
      const bits = 160;
      const z = rational(numerator, denominator);
      const later = rational(2n * z.numerator + z.denominator, 2n * z.denominator);
      const twice = rational(2n * z.numerator, z.denominator);
      const left = addIntervals(logarithmOfGamma(z, bits), logarithmOfGamma(later, bits), bits);
      const two = logarithm(integerInterval(2n), bits);
      const power = subtractIntervals(integerInterval(1n), rationalInterval(twice, bits), bits);
      const half = { low: 1n, high: 1n, exponent: -1 };
      const right = addIntervals(
        addIntervals(multiplyIntervals(power, two, bits), logarithmOfGamma(twice, bits), bits),
        multiplyIntervals(half, logarithm(pi(bits), bits), bits),
        bits,
      );
      expect(compareIntervals(left, right)).toBe(0);
      const width = Number(left.high - left.low) * 2 ** left.exponent;
      expect(width).toBeLessThan(1e-20);
    },
  );
});
