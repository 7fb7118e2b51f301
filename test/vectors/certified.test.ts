import { describe, expect, it } from 'vitest';
import { formatRational, formatSquareRoot, parseDecimal, type Rational } from '../../src/arithmetic/index.ts';
import { encodeReading, momentElements } from '../../src/sharing/index.ts';
import { anova, momentsOfSums, regress, type Sample, univariate } from '../../src/statistics/index.ts';
import { certified, readingsOf } from './certified-data.ts';

function sampleOf(name: string, readings: readonly string[], [min, max]: readonly [string, string]): Sample {
  const field = { name: 'x', unit: '', decimals: 7, offset: min, min, max };
  const schema = { fields: [field], elements: momentElements([field], 2) };
  const sums = readings
    .map((reading) => encodeReading(schema, reading).map(BigInt))
    .reduce((a, b) => a.map((element, i) => element + (b[i] ?? 0n)));
  return { name, moments: momentsOfSums(schema, sums), field: 'x' };
}

/** The value with as many digits as were published. */
function asPublished(value: Rational, published: string): string {
  const digits = published.replace(/e.*/i, '').replace(/^-|\./g, '').replace(/^0+/, '').length;
  return formatRational(parseDecimal(formatRational(value, { digits })), { digits });
}

function expectPublished(value: Rational, published: string) {
  expect(asPublished(value, published)).toBe(asPublished(parseDecimal(published), published));
}

describe('the certified values of NIST', () => {
  it.each(certified.analysisOfVariance)(
    'of the analysis of variance $name come out in every digit',
    (set) => {
      const all = set.groups.flat().map(Number);
      const bounds = [String(Math.floor(Math.min(...all))), String(Math.ceil(Math.max(...all)))] as const;
      const result = anova(set.groups.map((readings, i) => sampleOf(String(i), readings, bounds)));
      expectPublished(result.betweenSumOfSquares, set.certified.betweenSumOfSquares);
      expectPublished(result.withinSumOfSquares, set.certified.withinSumOfSquares);
      expectPublished(result.f, set.certified.f);
      expectPublished(result.r2, set.certified.r2);
    },
  );

  it.each(certified.univariate)('of $name come out exactly, where doubles lose the variance', (set) => {
    const readings = readingsOf(set);
    const { moments } = sampleOf(set.name, readings, ['1000000', '10000001']);
    const { count, mean, sampleVariance } = univariate(moments, 'x');
    expect(Number(count)).toBe(set.certified.count);
    expect(mean && formatRational(mean, { digits: 50 })).toBe(set.certified.mean);
    expect(sampleVariance && formatSquareRoot(sampleVariance, { digits: 50 })).toBe(
      set.certified.standardDeviation,
    );
    const numbers = readings.map(Number);
    const squares = numbers.reduce((sum, x) => sum + x * x, 0);
    const total = numbers.reduce((sum, x) => sum + x, 0);
    const naive = Math.sqrt((squares - (total * total) / numbers.length) / (numbers.length - 1));
    // Wrong in the sixth digit, or the root of a negative number.
    expect(Math.abs(naive - Number(set.certified.standardDeviation)) < 1e-6).toBe(false);
  });
});

describe('Anscombe’s quartet', () => {
  it.each(certified.anscombe.sets.map((rows, i) => ({ rows, number: i + 1 })))(
    'number $number has the figures that he printed for all four',
    ({ rows }) => {
      const { published } = certified.anscombe;
      const fields = ['x', 'y'].map((name) => ({
        name,
        unit: '',
        decimals: 2,
        offset: '0',
        min: '0',
        max: '20',
      }));
      const schema = { fields, elements: momentElements(fields, 2) };
      const sums = rows
        .map(([x, y]) => encodeReading(schema, { x, y }).map(BigInt))
        .reduce((a, b) => a.map((element, i) => element + (b[i] ?? 0n)));
      const fit = regress(momentsOfSums(schema, sums), 'y', ['x']);
      const [intercept, slope] = fit.coefficients;
      if (intercept === undefined || slope?.variance == null || fit.r2 === null) {
        throw new Error('expected a line');
      }
      const near = (value: Rational, text: unknown, decimals: number) =>
        expect((Number(value.numerator) / Number(value.denominator)).toFixed(decimals)).toBe(
          Number(text).toFixed(decimals),
        );
      near(intercept.estimate, published.intercept, 1);
      near(slope.estimate, published.slope, 2);
      near(fit.residualSumOfSquares, published.residualSumOfSquares, 0);
      near(fit.r2, published.r2, 2);
      expect(Number(formatSquareRoot(slope.variance, { digits: 15 })).toFixed(3)).toBe(
        published.standardErrorOfSlope,
      );
    },
  );
});
