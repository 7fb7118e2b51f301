import { describe, expect } from 'vitest';
import {
  addToLimbSum,
  createLimbSum,
  encodeElements,
  limbSumElements,
} from '../../../src/arithmetic/index.ts';
import {
  combine,
  encodeReading,
  momentElements,
  type ReadingSchema,
  split,
} from '../../../src/sharing/index.ts';
import { checkPlausible, momentsOf, univariate } from '../../../src/statistics/index.ts';
import { seededPool } from '../../support/field.ts';
import { fc, test } from '../../support/property.ts';
import { sumsOf } from './sums.ts';

interface Fraction {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

/** Plain integers only, nothing of the code under test: lowest terms by Euclid. */
function fraction(numerator: bigint, denominator: bigint): Fraction {
  let [a, b] = [numerator < 0n ? -numerator : numerator, denominator];
  while (b !== 0n) [a, b] = [b, a % b];
  return { numerator: numerator / a, denominator: denominator / a };
}

/** Count, sum and variances of integers in units of 10^-decimals. */
function plainStatistics(integers: readonly bigint[], decimals: number) {
  const n = BigInt(integers.length);
  const unit = 10n ** BigInt(decimals);
  let sum = 0n;
  let squares = 0n;
  for (const x of integers) {
    sum += x;
    squares += x * x;
  }
  const scatter = n * squares - sum * sum;
  return {
    count: n,
    sum: fraction(sum, unit),
    mean: fraction(sum, n * unit),
    populationVariance: fraction(scatter, n * n * unit * unit),
    sampleVariance: n === 1n ? null : fraction(scatter, n * (n - 1n) * unit * unit),
  };
}

function schemaOf(decimals: number, offset: string, degree = 2): ReadingSchema {
  const fields = [{ name: 'x', unit: '', decimals, offset, min: '-1e12', max: '1e12' }];
  return { fields, elements: momentElements(fields, degree) };
}

test.prop([
  fc.array(fc.bigInt({ min: -(10n ** 12n), max: 10n ** 12n }), { minLength: 1, maxLength: 40 }),
  fc.integer({ min: 0, max: 6 }),
  fc.bigInt({ min: -(10n ** 12n), max: 10n ** 12n }),
  fc.integer({ min: 2, max: 5 }),
])(
  'EXACT: split, summed per domain and combined, the statistics are those of plain integers',
  (integers, decimals, offset, domains) => {
    const schema = schemaOf(decimals, `${offset}e-${decimals}`);
    const pool = seededPool(integers.length);
    const sums = Array.from({ length: domains }, () => createLimbSum(3));
    for (const integer of integers) {
      split(encodeReading(schema, `${integer}e-${decimals}`), domains, pool).forEach((share, j) => {
        addToLimbSum(sums[j]!, share);
      });
    }
    const combined = combine(sums.map((sum) => encodeElements(limbSumElements(sum))));
    checkPlausible(schema, combined);
    expect(univariate(momentsOf(schema, combined), 'x')).toEqual(plainStatistics(integers, decimals));
  },
);

test.prop([
  fc.array(fc.bigInt({ min: -1000n, max: 1000n }), { minLength: 0, maxLength: 20 }),
  fc.bigInt({ min: -1000n, max: 1000n }),
])('raw power sums to the fourth come back through any offset', (integers, offset) => {
  const schema = schemaOf(2, `${offset}e-2`, 4);
  const { count, powerSums } = momentsOf(
    schema,
    sumsOf(
      schema,
      integers.map((integer) => `${integer}e-2`),
    ),
  );
  expect(count).toBe(BigInt(integers.length));
  expect(powerSums.get('x')).toEqual(
    [1, 2, 3, 4].map((power) => {
      const sum = integers.reduce((total, x) => total + x ** BigInt(power), 0n);
      return fraction(sum, 100n ** BigInt(power));
    }),
  );
});

describe('the hard cases of variance', () => {
  const cases: readonly (readonly [
    string,
    number,
    readonly (readonly [string, number])[],
    string,
    string,
  ])[] = [
    // NIST StRD NumAcc1: three readings near 10^7, sample standard deviation exactly 1.
    [
      'NumAcc1',
      0,
      [
        ['10000001', 1],
        ['10000003', 1],
        ['10000002', 1],
      ],
      '10000002/1',
      '1/1',
    ],
    // NIST StRD NumAcc3: 1000000.2, then .1 and .3 in turn, 1,001 readings; sample variance exactly 0.01.
    [
      'NumAcc3',
      1,
      [
        ['1000000.2', 1],
        ['1000000.1', 500],
        ['1000000.3', 500],
      ],
      '5000001/5',
      '1/100',
    ],
    // NIST StRD NumAcc4: the same seven digits further out, where one-pass doubles lose everything.
    [
      'NumAcc4',
      1,
      [
        ['10000000.2', 1],
        ['10000000.1', 500],
        ['10000000.3', 500],
      ],
      '50000001/5',
      '1/100',
    ],
    ['equal readings', 1, [['999999999999.9', 7]], '9999999999999/10', '0/1'],
  ];
  test.each(cases)('%s is exact', (_, decimals, runs, mean, variance) => {
    const schema = schemaOf(decimals, '0');
    const readings = runs.flatMap(([reading, times]) => Array.from({ length: times }, () => reading));
    const result = univariate(momentsOf(schema, sumsOf(schema, readings)), 'x');
    expect(`${result.mean?.numerator}/${result.mean?.denominator}`).toBe(mean);
    expect(`${result.sampleVariance?.numerator}/${result.sampleVariance?.denominator}`).toBe(variance);
  });
});

test('one reading has no sample variance, none have no mean', () => {
  const schema = schemaOf(1, '3');
  expect(univariate(momentsOf(schema, sumsOf(schema, ['-2.5'])), 'x')).toEqual({
    count: 1n,
    sum: fraction(-5n, 2n),
    mean: fraction(-5n, 2n),
    populationVariance: fraction(0n, 1n),
    sampleVariance: null,
  });
  expect(univariate(momentsOf(schema, sumsOf(schema, [])), 'x')).toEqual({
    count: 0n,
    sum: fraction(0n, 1n),
    mean: null,
    populationVariance: null,
    sampleVariance: null,
  });
});

test('a stream of highest moment 1 has sum and mean but no variance', () => {
  const schema = schemaOf(0, '0', 1);
  const result = univariate(momentsOf(schema, sumsOf(schema, [1, 4, 16])), 'x');
  expect(result).toMatchObject({ count: 3n, sum: fraction(21n, 1n), mean: fraction(7n, 1n) });
  expect([result.populationVariance, result.sampleVariance]).toEqual([null, null]);
});

test('each field has its own statistics', () => {
  const fields = [
    { name: 'x', unit: '', decimals: 0, offset: '0', min: '0', max: '9' },
    { name: 'y', unit: '', decimals: 2, offset: '-1.5', min: '-2', max: '2' },
  ];
  const schema = { fields, elements: momentElements(fields, 2) };
  const moments = momentsOf(
    schema,
    sumsOf(schema, [
      { x: 1, y: -0.25 },
      { x: 3, y: 1.75 },
    ]),
  );
  expect(univariate(moments, 'x').populationVariance).toEqual(fraction(1n, 1n));
  expect(univariate(moments, 'y').mean).toEqual(fraction(3n, 4n));
  expect(univariate(moments, 'y').sampleVariance).toEqual(fraction(2n, 1n));
  expect(() => univariate(moments, 'z')).toThrow('a field whose sum is shared');
});

test('sums of another schema are refused', () => {
  const schema = schemaOf(0, '0');
  expect(() => momentsOf(schema, sumsOf(schemaOf(0, '0', 3), [1]))).toThrow('expected 3 sums, got 4');
});
