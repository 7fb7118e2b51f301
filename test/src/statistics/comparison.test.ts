import { describe, expect, it } from 'vitest';
import {
  formatRational,
  formatReal,
  formatSquareRoot,
  type Real,
  rational,
  subtractRational,
} from '../../../src/arithmetic/index.ts';
import {
  anova,
  correlation,
  correlationInterval,
  mergeMoments,
  type Sample,
  varianceRatio,
  weighted,
  welch,
} from '../../../src/statistics/index.ts';
import { fc, test } from '../../support/property.ts';
import { momentsOfRows } from './moments-of-rows.ts';

const CONFIDENCE = rational(19n, 20n);
const number = (real: Real) => Number(formatReal(real, { digits: 17 }));

function sampleOf(name: string, values: readonly (number | string)[], degree = 2): Sample {
  return {
    name,
    moments: momentsOfRows(
      ['x'],
      values.map((value) => [String(value)]),
      degree,
    ),
    field: 'x',
  };
}

// Data of the usual example of Welch's test, figures of scipy 1.17.
const FIRST = [27.5, 21.0, 19.0, 23.6, 17.0, 17.9, 16.9, 20.1, 21.9, 22.6, 23.1, 19.6, 19.0, 21.7, 21.4];
const SECOND = [27.1, 22.0, 20.8, 23.4, 23.4, 23.5, 25.8, 22.0, 24.8, 20.2, 21.9, 22.1, 22.9, 30.5, 31.2];

describe('comparing samples', () => {
  it('tests two means as Welch does', () => {
    const { t, degrees, p, interval } = welch(sampleOf('a', FIRST), sampleOf('b', SECOND), CONFIDENCE);
    expect(t.sign).toBe(-1);
    expect(Number(formatSquareRoot(t.square, { digits: 17 }))).toBeCloseTo(2.9513249058013313, 12);
    expect(Number(formatRational(degrees, { digits: 17 }))).toBeCloseTo(27.350115524702307, 11);
    expect(number(p)).toBeCloseTo(0.006422150965117818, 14);
    expect(number(interval.low)).toBeCloseTo(-5.570266789793694, 12);
    expect(number(interval.high)).toBeCloseTo(-1.0030665435396444, 12);
  });

  it('tests two variances, whichever is the larger', () => {
    const [a, b] = [sampleOf('a', FIRST), sampleOf('b', SECOND)];
    expect(Number(formatRational(varianceRatio(a, b).f, { digits: 17 }))).toBeCloseTo(0.7328796898427035, 13);
    expect(number(varianceRatio(a, b).p)).toBeCloseTo(0.5686769620063296, 12);
    expect(formatReal(varianceRatio(b, a).p, { digits: 30 })).toBe(
      formatReal(varianceRatio(a, b).p, { digits: 30 }),
    );
  });

  it('finds equal variances of equal samples beyond doubt', () => {
    expect(formatReal(varianceRatio(sampleOf('a', FIRST), sampleOf('b', FIRST)).p, { digits: 15 })).toBe('1');
  });

  test.prop(
    [
      fc.array(fc.integer({ min: -50, max: 50 }), { minLength: 2, maxLength: 9 }),
      fc.array(fc.integer({ min: -50, max: 50 }), { minLength: 2, maxLength: 9 }),
    ],
    {
      numRuns: 30,
    },
  )('analyses the variance of two samples as t-test squared', (a, b) => {
    fc.pre(new Set(a).size > 1);
    const { f, withinDegrees, betweenSumOfSquares, withinSumOfSquares } = anova([
      sampleOf('a', a),
      sampleOf('b', b),
    ]);
    const mean = (values: readonly number[]) => values.reduce((x, y) => x + y, 0) / values.length;
    const squares = (values: readonly number[], at: number) =>
      values.reduce((sum, x) => sum + (x - at) ** 2, 0);
    const within = squares(a, mean(a)) + squares(b, mean(b));
    const total = squares([...a, ...b], mean([...a, ...b]));
    const value = (r: { readonly numerator: bigint; readonly denominator: bigint }) =>
      Number(r.numerator) / Number(r.denominator);
    expect(value(withinSumOfSquares)).toBeCloseTo(within, 6);
    expect(value(betweenSumOfSquares)).toBeCloseTo(total - within, 6);
    expect(value(withinDegrees)).toBe(a.length + b.length - 2);
    expect(value(f)).toBeCloseTo((total - within) / (within / (a.length + b.length - 2)), 4);
  });

  it.each([
    ['one reading', () => welch(sampleOf('a', [1]), sampleOf('b', [1, 2]), CONFIDENCE)],
    ['no squares', () => varianceRatio(sampleOf('a', [1, 2], 1), sampleOf('b', [1, 2]))],
    ['readings that never vary', () => welch(sampleOf('a', [1, 1]), sampleOf('b', [2, 2]), CONFIDENCE)],
    ['a divisor without variance', () => varianceRatio(sampleOf('a', [1, 2]), sampleOf('b', [2, 2]))],
    ['one sample', () => anova([sampleOf('a', [1, 2])])],
    ['an empty sample', () => anova([sampleOf('a', [1, 2]), sampleOf('b', [])])],
    ['samples of equal readings', () => anova([sampleOf('a', [1, 1]), sampleOf('b', [2, 2])])],
  ])('refuses %s', (_, make) => {
    expect(make).toThrow(expect.objectContaining({ code: 'STATISTIC_UNDEFINED' }));
  });
});

describe('the interval of a correlation', () => {
  it('is Fisher’s (scipy 1.17)', () => {
    const rows = [
      ['1.2', '2.1'],
      ['2.3', '2.0'],
      ['2.9', '3.9'],
      ['4.8', '4.4'],
      ['5.1', '6.1'],
      ['7.7', '5.2'],
    ];
    const r = correlation(momentsOfRows(['x', 'y'], rows), 'x', 'y');
    const interval = r && correlationInterval(r, 6n, CONFIDENCE);
    if (interval === null) throw new Error('expected an interval');
    expect(number(interval.low)).toBeCloseTo(0.031404588896264976, 13);
    expect(number(interval.high)).toBeCloseTo(0.9798819041172174, 13);
  });

  it('is found where r is nearer to 1 or -1 than the digits asked for', () => {
    const square = subtractRational(rational(1n), rational(1n, 10n ** 60n));
    for (const sign of [1, -1] as const) {
      const interval = correlationInterval({ sign, square }, 1_003n, CONFIDENCE);
      if (interval === null) throw new Error('expected an interval');
      const [nearer, farther] = sign > 0 ? [interval.high, interval.low] : [interval.low, interval.high];
      const minus = sign > 0 ? '' : '-';
      expect(formatReal(nearer, { digits: 15 })).toBe(`${minus}1.00000000000000`);
      // 1 - tanh(artanh r -+ 1.95996 / sqrt(1000)), by Python's decimals of 90 digits.
      expect(formatReal(nearer, { digits: 70 })).toBe(`${minus}0.${'9'.repeat(60)}5582919728`);
      expect(formatReal(farther, { digits: 70 })).toBe(`${minus}0.${'9'.repeat(60)}4340152667`);
    }
  });

  it('is none of three readings, or of readings on a line', () => {
    expect(correlationInterval({ sign: 1, square: rational(1n, 2n) }, 3n, CONFIDENCE)).toBeNull();
    expect(correlationInterval({ sign: -1, square: rational(1n) }, 9n, CONFIDENCE)).toBeNull();
  });
});

describe('merging', () => {
  const rows = fc.array(
    fc.tuple(fc.integer({ min: -99, max: 99 }).map(String), fc.integer({ min: -99, max: 99 }).map(String)),
    {
      maxLength: 12,
    },
  );

  test.prop([rows, rows], { numRuns: 60 })('windows gives the sums of all their readings', (a, b) => {
    const [first, second] = [momentsOfRows(['x', 'y'], a, 3), momentsOfRows(['x', 'y'], b, 3)];
    expect(mergeMoments([first, second])).toEqual(momentsOfRows(['x', 'y'], [...a, ...b], 3));
  });

  it('keeps what all parts share, and refuses other fields', () => {
    const merged = mergeMoments([
      momentsOfRows(['x', 'y'], [['1', '2']], 3),
      momentsOfRows(['x', 'y'], [['3', '4']], 1),
    ]);
    expect(merged.powerSums.get('x')).toEqual([rational(4n)]);
    expect(merged.productSums.size).toBe(0);
    const code = expect.objectContaining({ code: 'INVALID_ARGUMENT' });
    expect(() => mergeMoments([momentsOfRows(['x'], [['1']]), momentsOfRows(['y'], [['1']])])).toThrow(code);
    expect(() => mergeMoments([])).toThrow(code);
  });
});

describe('weighted readings', () => {
  const rows = fc.array(fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: -99, max: 99 })), {
    minLength: 1,
    maxLength: 10,
  });

  test.prop([rows], { numRuns: 60 })('count as often as their weights say', (pairs) => {
    const texts = pairs.map(([w, x]) => [String(w), String(x)]);
    const repeated = pairs.flatMap(([w, x]) => Array.from({ length: w }, () => x));
    const { sumOfWeights, mean, populationVariance } = weighted(
      momentsOfRows(['w', 'x'], texts, 3),
      'w',
      'x',
    );
    const plain = sampleOf('x', repeated).moments;
    const n = rational(BigInt(repeated.length));
    expect(sumOfWeights).toEqual(n);
    expect(mean).toEqual(rational(plain.powerSums.get('x')?.[0]?.numerator ?? 0n, n.numerator));
    const sum = BigInt(repeated.reduce((a, b) => a + b, 0));
    const squares = BigInt(repeated.reduce((a, b) => a + b * b, 0));
    expect(populationVariance).toEqual(rational(n.numerator * squares - sum * sum, n.numerator ** 2n));
  });

  it('have the sample variance of equal weights, and Kish’s effective number', () => {
    const equal = weighted(
      momentsOfRows(
        ['w', 'x'],
        [
          ['0.5', '1'],
          ['0.5', '2'],
          ['0.5', '6'],
        ],
        3,
      ),
      'w',
      'x',
    );
    expect(equal.sampleVariance).toEqual(rational(7n));
    expect(equal.effectiveCount).toEqual(rational(3n));
    const bare = weighted(
      momentsOfRows(
        ['w', 'x'],
        [
          ['1', '1'],
          ['3', '5'],
        ],
        2,
      ),
      'w',
      'x',
    );
    expect(bare).toMatchObject({ mean: rational(4n), populationVariance: null, sampleVariance: null });
  });

  it('need weights that are shared and add up', () => {
    const code = expect.objectContaining({ code: 'STATISTIC_UNDEFINED' });
    expect(() => weighted(momentsOfRows(['w', 'x'], [['1', '1']], 1), 'w', 'x')).toThrow(code);
    expect(() => weighted(momentsOfRows(['w', 'x'], [['0', '1']], 3), 'w', 'x')).toThrow(code);
  });

  it('need weights that are not so negative that nothing has such a variance', () => {
    const rows = [
      ['3', '0'],
      ['-1', '2'],
    ];
    expect(() => weighted(momentsOfRows(['w', 'x'], rows, 3), 'w', 'x')).toThrow(
      expect.objectContaining({ code: 'STATISTIC_UNDEFINED' }),
    );
  });
});
