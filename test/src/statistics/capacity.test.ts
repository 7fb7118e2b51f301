import { expect } from 'vitest';
import { BALANCED_MAX, balanced, largestOf } from '../../../src/arithmetic/index.ts';
import { EngineError } from '../../../src/foundation/index.ts';
import { momentElements, type ReadingSchema } from '../../../src/sharing/index.ts';
import { checkCapacity } from '../../../src/statistics/index.ts';
import { fc, test } from '../../support/property.ts';
import { sumsOf } from './sums.ts';

function schemaOf(min: string, max: string, degree: number, decimals = 0, offset = '0'): ReadingSchema {
  const fields = [{ name: 'x', unit: '', decimals, offset, min, max }];
  return { fields, elements: momentElements(fields, degree) };
}

function refusal(schema: ReadingSchema, maxReadings: number): EngineError {
  try {
    checkCapacity(schema, maxReadings);
  } catch (error) {
    if (error instanceof EngineError) return error;
  }
  throw new Error('expected the stream to be refused');
}

test.prop([
  fc.bigInt({ min: -(10n ** 16n), max: 10n ** 16n }),
  fc.bigInt({ min: 0n, max: 10n ** 16n }),
  fc.integer({ min: 1, max: 4 }),
  fc.integer({ min: 1, max: 10 ** 9 }),
])(
  'a stream is refused exactly when some sum could exceed half the field',
  (min, width, degree, maxReadings) => {
    const schema = schemaOf(String(min), String(min + width), degree);
    const ends = [min, min + width].map((end) => (end < 0n ? -end : end));
    const size = largestOf(ends[0]!, ends[1]!);
    const sums = [0, 1, 2, 3, 4]
      .slice(0, degree + 1)
      .map((power) => size ** BigInt(power) * BigInt(maxReadings));
    if (sums.every((sum) => sum <= BALANCED_MAX)) {
      const report = checkCapacity(schema, maxReadings);
      expect(report.elements.map(({ largestSum }) => largestSum)).toEqual(sums);
      expect(report.maxReadingsLimit >= BigInt(maxReadings)).toBe(true);
    } else {
      const error = refusal(schema, maxReadings);
      expect(error.code).toBe('CAPACITY_EXCEEDED');
      const fits = Number(error.details.maxReadingsLimit);
      if (fits > 0 && Number.isSafeInteger(fits)) checkCapacity(schema, fits);
    }
  },
);

test('the refusal tells element, sum, limit and how many readings would fit', () => {
  // Seven digits with two decimals to the fourth power leave room for 170 readings; an offset gives it back.
  const error = refusal(schemaOf('9999000', '10000000', 4, 2), 171);
  expect(error.message).toBe(
    'element x^4: 171 readings could sum to 171000000000000000000000000000000000000, ' +
      'expected at most 170141183460469231473432886683950383104; the stream fits with at most 170 readings',
  );
  expect(checkCapacity(schemaOf('9999000', '10000000', 4, 2), 170).maxReadingsLimit).toBe(170n);
  checkCapacity(schemaOf('9999000', '10000000', 4, 2, '9999500'), 1_000_000_000);
});

test('at the limit the largest sums come back with their sign', () => {
  const schema = schemaOf('-10000000000000000000', '10', 2);
  expect(checkCapacity(schema, 1).maxReadingsLimit).toBe(1n);
  expect(sumsOf(schema, ['-10000000000000000000']).map(balanced)).toEqual([1n, -(10n ** 19n), 10n ** 38n]);
});

test('products of fields count with the product of their bounds', () => {
  const fields = [
    { name: 'x', unit: '', decimals: 0, offset: '0', min: '-7', max: '3' },
    { name: 'y', unit: '', decimals: 1, offset: '1', min: '0', max: '2' },
  ];
  const report = checkCapacity({ fields, elements: momentElements(fields, 2) }, 10);
  expect(report.elements).toEqual([
    { element: 'count', largestSum: 10n },
    { element: 'x', largestSum: 70n },
    { element: 'y', largestSum: 100n },
    { element: 'x^2', largestSum: 490n },
    { element: 'x*y', largestSum: 700n },
    { element: 'y^2', largestSum: 1000n },
  ]);
});

test('maxReadings must be a positive integer', () => {
  for (const maxReadings of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
    expect(refusal(schemaOf('0', '1', 1), maxReadings).code).toBe('STREAM_REFUSED');
  }
});
