import { describe, expect, it } from 'vitest';
import {
  formatRational,
  formatReal,
  parseDecimal,
  type Rational,
  type Real,
  rational,
} from '../../../src/arithmetic/index.ts';
import {
  chiSquareCdf,
  chiSquareQuantile,
  chiSquareUpper,
  fCdf,
  fQuantile,
  fUpper,
  normalCdf,
  normalQuantile,
  normalTwoSided,
  studentCdf,
  studentQuantile,
  studentTwoSided,
} from '../../../src/statistics/index.ts';
import { fc, test } from '../../support/property.ts';
import {
  exponentialOf,
  fixed,
  gammaOfHalves,
  integral,
  over,
  PI,
  powerOfHalves,
  root,
  times,
  UNIT,
} from '../../support/quadrature.ts';

const whole = (n: number) => rational(BigInt(n));
const at = (text: string) => parseDecimal(text);
const shown = (real: Real, digits: number) => formatReal(real, { digits });
/** Rounded to decimals after the point, as tables print. */
const rounded = (real: Real, decimals: number) => Number(formatReal(real, { digits: 25 })).toFixed(decimals);

describe('published tables (NIST/SEMATECH e-Handbook 1.3.6.7)', () => {
  it.each([
    ['0.10', '0.53983'],
    ['1.00', '0.84134'],
    ['1.96', '0.97500'],
    ['2.58', '0.99506'],
    ['3.00', '0.99865'],
  ])('normal: P(Z <= %s) = %s', (z, p) => {
    expect(rounded(normalCdf(at(z)), 5)).toBe(p);
  });

  it.each([
    [1, '0.975', '12.706'],
    [2, '0.95', '2.920'],
    [5, '0.99', '3.365'],
    [10, '0.975', '2.228'],
    [30, '0.9', '1.310'],
    [100, '0.999', '3.174'],
  ])('Student, %i degrees: quantile %s is %s', (degrees, p, t) => {
    expect(rounded(studentQuantile(at(p), whole(degrees)), 3)).toBe(t);
  });

  it.each([
    [1, '0.95', '3.841'],
    [4, '0.99', '13.277'],
    [10, '0.95', '18.307'],
    [10, '0.05', '3.940'],
    [100, '0.975', '129.561'],
  ])('chi-square, %i degrees: quantile %s is %s', (degrees, p, x) => {
    expect(rounded(chiSquareQuantile(at(p), degrees), 3)).toBe(x);
  });

  it.each([
    [1, 1, '0.95', '161.448'],
    [3, 10, '0.95', '3.708'],
    [5, 20, '0.99', '4.103'],
    [10, 100, '0.9', '1.663'],
  ])('F, %i and %i degrees: quantile %s is %s', (d1, d2, p, f) => {
    expect(rounded(fQuantile(at(p), whole(d1), whole(d2)), 3)).toBe(f);
  });
});

/** The first `digits` digits of both agree, to one unit of the last place. */
function expectDigits(real: Real, value: bigint, digits: number) {
  const here = parseDecimal(formatReal(real, { digits: digits + 2 }));
  const difference = here.numerator * UNIT - value * here.denominator;
  const size = difference < 0n ? -difference : difference;
  expect(size * 10n ** BigInt(digits)).toBeLessThan(value * here.denominator);
}

describe('a second way, the tanh-sinh rule over the density', () => {
  const fixedOf = ({ numerator, denominator }: Rational) => fixed(numerator, denominator);

  it.each([['0.3'], ['1'], ['2.5'], ['4']])('normal between -%s and it, to 50 digits', (z) => {
    const end = fixedOf(at(z));
    const density = (x: bigint) => over(exponentialOf(-times(x, x) / 2n), root(2n * PI));
    const inside = 2n * integral(density, 0n, end);
    expectDigits(normalTwoSided(at(`${Number(z) ** 2}`)), UNIT - inside, 50);
  });

  it.each([
    [1, '0.7'],
    [2, '3'],
    [5, '2.571'],
    [10, '1'],
    [37, '0.01'],
  ])('Student with %i degrees at %s, to 50 digits', (degrees, t) => {
    const constant = over(
      gammaOfHalves(degrees + 1),
      times(gammaOfHalves(degrees), root(times(PI, fixed(BigInt(degrees))))),
    );
    const density = (x: bigint) =>
      times(constant, powerOfHalves(UNIT + times(x, x) / BigInt(degrees), -(degrees + 1)));
    const half = integral(density, 0n, fixedOf(at(t)));
    expectDigits(studentCdf(at(t), whole(degrees)), UNIT / 2n + half, 50);
  });

  it.each([
    [2, '0.5'],
    [3, '2.5'],
    [4, '1'],
    [7, '12'],
    [10, '3.94'],
  ])('chi-square with %i degrees at %s, to 50 digits', (degrees, x) => {
    const constant = over(UNIT, times(powerOfHalves(2n * UNIT, degrees), gammaOfHalves(degrees)));
    const density = (s: bigint) =>
      times(constant, times(powerOfHalves(s, degrees - 2), exponentialOf(-s / 2n)));
    expectDigits(chiSquareCdf(at(x), degrees), integral(density, 0n, fixedOf(at(x))), 50);
  });

  it.each([
    [2, 3, '0.4'],
    [3, 7, '2'],
    [4, 10, '1'],
    [5, 2, '19.3'],
  ])('F with %i and %i degrees at %s, to 50 digits', (d1, d2, f) => {
    const beta = over(times(gammaOfHalves(d1), gammaOfHalves(d2)), gammaOfHalves(d1 + d2));
    const ratio = fixed(BigInt(d1), BigInt(d2));
    const density = (s: bigint) =>
      over(
        times(powerOfHalves(ratio, d1), powerOfHalves(s, d1 - 2)),
        times(beta, powerOfHalves(UNIT + times(ratio, s), d1 + d2)),
      );
    expectDigits(fCdf(at(f), whole(d1), whole(d2)), integral(density, 0n, fixedOf(at(f))), 50);
  });
});

describe('closed forms', () => {
  test.prop([fc.bigInt(1n, 10n ** 6n), fc.bigInt(1n, 10n ** 4n), fc.integer({ min: 1, max: 12 })], {
    numRuns: 60,
  })('F with even degrees is a finite sum of fractions', (numerator, denominator, half) => {
    // I_x(a, 1) = x^a, so P(X >= f) = (d2 / (d2 + 2 f))^(d2/2) for d1 = 2.
    const f = rational(numerator, denominator);
    const d2 = BigInt(2 * half);
    const x = rational(d2 * f.denominator, d2 * f.denominator + 2n * f.numerator);
    const exact = rational(x.numerator ** BigInt(half), x.denominator ** BigInt(half));
    expect(shown(fUpper(f, whole(2), rational(d2)), 40)).toBe(formatRational(exact, { digits: 40 }));
  });

  it('are printed short where they are short', () => {
    expect(shown(studentTwoSided(whole(1), whole(1)), 50)).toBe('0.5');
    expect(shown(studentTwoSided(rational(2n, 3n), whole(2)), 30)).toBe('0.5');
    expect(shown(studentTwoSided(rational(1n, 3n), whole(1)), 15)).toBe('0.666666666666667');
    expect(shown(studentTwoSided(whole(0), whole(7)), 15)).toBe('1');
    expect(shown(fUpper(whole(1), whole(9), whole(9)), 30)).toBe('0.5');
    expect(shown(studentQuantile(rational(3n, 4n), whole(1)), 30)).toBe('1');
    expect(shown(studentQuantile(rational(1n, 2n), whole(3)), 30)).toBe('0');
    expect(shown(normalCdf(whole(0)), 15)).toBe('0.5');
    expect(shown(chiSquareUpper(whole(0), 3), 15)).toBe('1');
    expect(shown(fCdf(whole(0), whole(1), whole(2)), 15)).toBe('0');
  });

  it('keep their relative digits far out in the tail', () => {
    // P(X >= x) = e^(-x/2) for two degrees, (1 + x/2) e^(-x/2) for four.
    expect(shown(chiSquareUpper(whole(2_000), 2), 20)).toMatch(/^5\.0759588975494567653e-435$/);
    // P(|T| >= t) with two degrees is 1 - t / sqrt(2 + t^2), near 1/t^2.
    expect(shown(studentTwoSided(rational(10n ** 60n), whole(2)), 10)).toMatch(/^1\.000000000e-60$/);
  });
});

describe('quantiles', () => {
  const probability = fc.integer({ min: 1, max: 999_999 }).map((n) => rational(BigInt(n), 1_000_000n));

  test.prop([probability, fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 60 })], { numRuns: 25 })(
    'are undone by the distribution function to the digits they have',
    (p, d1, d2) => {
      const back = (quantile: Real, cdf: (x: Rational) => Real) =>
        Number(shown(cdf(parseDecimal(shown(quantile, 30))), 20)) - Number(formatRational(p, { digits: 20 }));
      expect(Math.abs(back(normalQuantile(p), normalCdf))).toBeLessThan(1e-14);
      expect(Math.abs(back(studentQuantile(p, whole(d1)), (t) => studentCdf(t, whole(d1))))).toBeLessThan(
        1e-14,
      );
      expect(Math.abs(back(chiSquareQuantile(p, d1), (x) => chiSquareCdf(x, d1)))).toBeLessThan(1e-14);
      expect(
        Math.abs(back(fQuantile(p, whole(d1), whole(d2)), (f) => fCdf(f, whole(d1), whole(d2)))),
      ).toBeLessThan(1e-14);
    },
  );

  it('are symmetric for symmetric distributions', () => {
    expect(shown(normalQuantile(at('0.025')), 50)).toBe(`-${shown(normalQuantile(at('0.975')), 50)}`);
    expect(shown(normalQuantile(at('0.975')), 50)).toBe(
      '1.9599639845400542355245944305205515279555500778695',
    );
  });

  it.each([
    ['a probability of 1', () => normalQuantile(whole(1))],
    ['a probability of 0', () => studentQuantile(whole(0), whole(3))],
    ['no degrees of freedom', () => studentCdf(whole(1), whole(0))],
    ['half a degree of chi-square', () => chiSquareCdf(whole(1), 0.5)],
    ['negative degrees of F', () => fCdf(whole(1), whole(-1), whole(1))],
  ])('refuse %s', (_, make) => {
    expect(make).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });
});
