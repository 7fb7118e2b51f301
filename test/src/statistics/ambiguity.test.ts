import { expect } from 'vitest';
import { momentElements, type ReadingSchema } from '../../../src/sharing/index.ts';
import { ambiguityBits, leastSensors, leavesAmbiguity } from '../../../src/statistics/index.ts';
import { fc, test } from '../../support/property.ts';

function schemaOf(max: number, degree: number, offset = '0', decimals = 0, min = '0'): ReadingSchema {
  const fields = [{ name: 'x', unit: '', decimals, offset, min, max: String(max) }];
  return { fields, elements: momentElements(fields, degree) };
}

// Figures of the privacy review's model, which uses log-gamma and Legendre coefficients instead of elimination.
test.each([
  [40, [13, 21, 37]],
  [400, [7, 12, 19]],
  [10_000, [6, 9, 15]],
])('a field of 0..%i needs %j sensors at degrees 2, 3 and 4', (max, expected) => {
  expect([2, 3, 4].map((degree) => leastSensors(schemaOf(max, degree)))).toEqual(expected);
});

test('eight sensors of 0..40 leave eleven bits at degree 2 and less than none at degree 4', () => {
  expect(ambiguityBits(schemaOf(40, 2), 8)).toBeCloseTo(10.97, 2);
  expect(ambiguityBits(schemaOf(40, 4), 8)).toBeCloseTo(-19.94, 2);
});

test.prop([
  fc.integer({ min: 20, max: 2000 }),
  fc.integer({ min: 1, max: 4 }),
  fc.integer({ min: -1000, max: 1000 }),
])(
  'offset and scale do not matter, and the least number of sensors is the first to leave enough',
  (max, degree, offset) => {
    const plain = schemaOf(max, degree);
    const moved = schemaOf(max / 10, degree, String(offset), 1);
    expect(ambiguityBits(moved, 10)).toBeCloseTo(ambiguityBits(plain, 10), 6);
    const least = leastSensors(plain, 25);
    expect(leastSensors(moved, 25)).toBe(least);
    expect(ambiguityBits(plain, least)).toBeGreaterThanOrEqual(25);
    if (least > 2) expect(ambiguityBits(plain, least - 1)).toBeLessThan(25);
  },
);

test('a yes/no field never leaves enough: its sum is its multiset', () => {
  expect(leastSensors(schemaOf(1, 2))).toBe(Number.POSITIVE_INFINITY);
  expect(leastSensors(schemaOf(0, 2))).toBe(Number.POSITIVE_INFINITY);
});

test('two fields with all products need fewer sensors than the rule of thumb and more than a few', () => {
  const fields = ['x', 'y'].map((name) => ({
    name,
    unit: '',
    decimals: 0,
    offset: '0',
    min: '0',
    max: '40',
  }));
  const least = leastSensors({ fields, elements: momentElements(fields, 2) });
  expect(least).toBeGreaterThan(5);
  expect(least).toBeLessThanOrEqual(25);
});

test('cells are left out of the estimate', () => {
  const plain = schemaOf(40, 2);
  const cells: ReadingSchema = {
    fields: plain.fields,
    elements: [
      ...plain.elements,
      { kind: 'cell', field: 'x', from: '0', to: '20' },
      { kind: 'cell', field: 'x', from: '20', to: '41' },
    ],
  };
  expect(ambiguityBits(cells, 13)).toBe(ambiguityBits(plain, 13));
  const only = { fields: plain.fields, elements: cells.elements.filter(({ kind }) => kind !== 'moment') };
  expect(ambiguityBits(only, 2)).toBe(Number.POSITIVE_INFINITY);
  expect(leastSensors(only)).toBe(2);
});

test.prop([
  fc.integer({ min: 0, max: 2000 }),
  fc.integer({ min: 1, max: 3 }),
  fc.integer({ min: 2, max: 60 }),
])('a number of sensors leaves enough exactly from the least on', (max, degree, sensors) => {
  const schema = schemaOf(max, degree);
  expect(leavesAmbiguity(schema, sensors)).toBe(sensors >= leastSensors(schema));
});
