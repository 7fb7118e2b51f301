import { expect, it, describe as suite } from 'vitest';
import {
  addRational,
  compareRational,
  divideRational,
  formatReal,
  formatSquareRoot,
  multiplyRational,
  parseDecimal,
  type Rational,
  rational,
  subtractRational,
} from '../../../src/arithmetic/index.ts';
import { describe, type SignedRoot } from '../../../src/statistics/index.ts';
import { fc, test } from '../../support/property.ts';
import { momentsOfRows } from './moments-of-rows.ts';

const CONFIDENCE = rational(19n, 20n);
const cell = fc.integer({ min: -300, max: 300 }).map((n) => (n / 100).toFixed(2));

function described(texts: readonly string[], degree = 4) {
  return describe(
    momentsOfRows(
      ['x'],
      texts.map((text) => [text]),
      degree,
    ),
    'x',
    CONFIDENCE,
  );
}

/** The mean k-th power of the distances from the mean, reading by reading. */
function central(values: readonly Rational[], k: number): Rational {
  const n = rational(BigInt(values.length));
  const sum = (list: readonly Rational[]) => list.reduce(addRational, rational(0n));
  const mean = divideRational(sum(values), n);
  const power = (value: Rational) => rational(value.numerator ** BigInt(k), value.denominator ** BigInt(k));
  return divideRational(sum(values.map((value) => power(subtractRational(value, mean)))), n);
}

function signedSquare(root: SignedRoot | null): Rational | null {
  return root && multiplyRational(rational(BigInt(root.sign)), root.square);
}

suite('the description of a field', () => {
  test.prop([fc.array(cell, { minLength: 1, maxLength: 20 })], { numRuns: 150 })(
    'has the shape of the readings themselves',
    (texts) => {
      const values = texts.map(parseDecimal);
      const { skewness, excessKurtosis, meanSquare } = described(texts);
      const [m2, m3, m4] = [central(values, 2), central(values, 3), central(values, 4)];
      const squares = values.map((value) => multiplyRational(value, value)).reduce(addRational);
      expect(meanSquare).toEqual(divideRational(squares, rational(BigInt(values.length))));
      if (m2.numerator === 0n) {
        expect([skewness, excessKurtosis]).toEqual([
          { population: null, adjusted: null },
          { population: null, adjusted: null },
        ]);
        return;
      }
      const cube = multiplyRational(m2, multiplyRational(m2, m2));
      const sign = rational(m3.numerator < 0n ? -1n : 1n);
      expect(signedSquare(skewness.population)).toEqual(
        multiplyRational(sign, divideRational(multiplyRational(m3, m3), cube)),
      );
      const g2 = subtractRational(divideRational(m4, multiplyRational(m2, m2)), rational(3n));
      expect(excessKurtosis.population).toEqual(g2);
      expect(skewness.adjusted === null).toBe(values.length < 3);
      expect(excessKurtosis.adjusted === null).toBe(values.length < 4);
    },
  );

  it('agrees with a statistics package to the digits of a double (scipy 1.17)', () => {
    const digits = 15;
    const { skewness, excessKurtosis, standardErrorSquare, meanInterval, coefficientOfVariation } = described(
      ['1.2', '2.3', '2.9', '4.8', '5.1', '7.7'],
    );
    const root = (value: SignedRoot | null) => value && formatSquareRoot(value.square, { digits });
    expect(Number(root(skewness.population))).toBeCloseTo(0.4131966636986448, 13);
    expect(Number(root(skewness.adjusted))).toBeCloseTo(0.5657928334840594, 13);
    const quotient = (value: Rational | null) => Number(value?.numerator) / Number(value?.denominator);
    expect(quotient(excessKurtosis.population)).toBeCloseTo(-0.929644743616636, 12);
    expect(quotient(excessKurtosis.adjusted)).toBeCloseTo(-0.21146383554852122, 12);
    expect(Math.sqrt(quotient(standardErrorSquare))).toBeCloseTo(0.9570788891204319, 13);
    expect(Number(meanInterval && formatReal(meanInterval.low, { digits }))).toBeCloseTo(
      1.539750392356035,
      12,
    );
    expect(Number(meanInterval && formatReal(meanInterval.high, { digits }))).toBeCloseTo(
      6.460249607643965,
      12,
    );
    expect(Number(root(coefficientOfVariation))).toBeCloseTo((0.9570788891204319 * Math.sqrt(6)) / 4, 12);
  });

  it('has no more than the powers that are shared', () => {
    expect(described(['1', '2', '4'], 1)).toMatchObject({
      sampleVariance: null,
      standardErrorSquare: null,
      meanInterval: null,
      meanSquare: null,
    });
    expect(described(['1', '2', '4'], 2).skewness).toEqual({ population: null, adjusted: null });
    expect(described(['1', '2', '4', '9'], 3)).toMatchObject({
      skewness: { population: { sign: 1 } },
      excessKurtosis: { population: null, adjusted: null },
    });
    expect(described(['5'], 4)).toMatchObject({ sampleVariance: null, meanInterval: null });
    expect(described([], 4)).toMatchObject({ mean: null, meanSquare: null, coefficientOfVariation: null });
  });

  it('has an interval of no width around readings that are all the same', () => {
    const { meanInterval } = described(['2.5', '2.5', '2.5']);
    expect(meanInterval && formatReal(meanInterval.low, { digits: 15 })).toBe('2.5');
    expect(meanInterval && formatReal(meanInterval.high, { digits: 15 })).toBe('2.5');
  });

  it('has the population variance below the sample variance', () => {
    const { populationVariance, sampleVariance } = described(['1', '2', '4']);
    if (populationVariance === null || sampleVariance === null) throw new Error('expected variances');
    expect(compareRational(populationVariance, sampleVariance)).toBe(-1);
  });
});
