import { describe, expect, it } from 'vitest';
import {
  compareIntervals,
  exponential,
  formatReal,
  integerInterval,
  logarithm,
  multiplyIntervals,
  pi,
  rational,
  rationalInterval,
} from '../../../src/arithmetic/index.ts';
import { fc, test } from '../../support/property.ts';
import { digitsOf, exponentialOf, fixed, PI } from '../../support/quadrature.ts';

const digits = 50;

describe('elementary functions', () => {
  it('give the constants as they are printed in tables', () => {
    expect(formatReal(pi, { digits })).toBe('3.1415926535897932384626433832795028841971693993751');
    expect(formatReal((bits) => exponential(integerInterval(1n), bits), { digits })).toBe(
      '2.7182818284590452353602874713526624977572470937000',
    );
    expect(formatReal((bits) => logarithm(integerInterval(2n), bits), { digits })).toBe(
      '0.69314718055994530941723212145817656807550013436026',
    );
    expect(formatReal((bits) => logarithm(integerInterval(10n), bits), { digits })).toBe(
      '2.3025850929940456840179914546843642076011014886288',
    );
  });

  it('agree with a quadrature and another reduction of the argument', () => {
    expect(digitsOf(PI, digits)).toBe('31415926535897932384626433832795028841971693993751e-49');
    for (const x of [-40n, -7n, -1n, 2n, 3n]) {
      const here = formatReal((bits) => exponential(rationalInterval(rational(x, 3n), bits + 8), bits), {
        digits: 40,
      });
      if (x < 0n) expect(Number(here)).toBeCloseTo(Number(digitsOf(exponentialOf(fixed(x, 3n)), 40)), 15);
      if (x < 0n && x > -8n)
        expect(digits40(here)).toBe(digitsOf(exponentialOf(fixed(x, 3n)), 40).split('e')[0]);
    }
  });

  const positive = fc
    .tuple(fc.bigInt(1n, 10n ** 25n), fc.bigInt(1n, 10n ** 25n))
    .map(([numerator, denominator]) => rational(numerator, denominator));

  test.prop([positive], { numRuns: 100 })('exp undoes ln', (x) => {
    const at = rationalInterval(x, 200);
    expect(compareIntervals(exponential(logarithm(at, 200), 200), at)).toBe(0);
  });

  test.prop([fc.bigInt(-5_000n, 5_000n), fc.bigInt(-5_000n, 5_000n)], { numRuns: 100 })(
    'exp turns sums into products, also far from 1',
    (a, b) => {
      const product = multiplyIntervals(
        exponential(integerInterval(a), 150),
        exponential(integerInterval(b), 150),
        150,
      );
      expect(compareIntervals(product, exponential(integerInterval(a + b), 150))).toBe(0);
      expect(compareIntervals(product, exponential(integerInterval(a + b + 1n), 150))).toBe(-1);
    },
  );

  it('refuse the logarithm of what may be zero', () => {
    expect(() => logarithm({ low: 0n, high: 1n, exponent: 0 }, 64)).toThrow(/positive/);
  });
});

function digits40(text: string): string {
  return text.replace('0.', '').replace(/^0+/, '').replace('.', '');
}
