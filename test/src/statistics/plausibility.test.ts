import { describe, expect } from 'vitest';
import { addElements, type FieldElement, fieldElement } from '../../../src/arithmetic/index.ts';
import { EngineError } from '../../../src/foundation/index.ts';
import { momentElements, type ReadingSchema } from '../../../src/sharing/index.ts';
import { checkPlausible } from '../../../src/statistics/index.ts';
import { anyElement } from '../../support/field.ts';
import { fc, test } from '../../support/property.ts';
import { sumsOf } from './sums.ts';

const x = { name: 'x', unit: '', decimals: 0, offset: '5', min: '0', max: '40' };
const y = { name: 'y', unit: '', decimals: 1, offset: '0', min: '-10', max: '10' };
const z = { name: 'z', unit: '', decimals: 0, offset: '0', min: '-3', max: '3' };

const single: ReadingSchema = { fields: [x], elements: momentElements([x], 2) };
const triple: ReadingSchema = { fields: [x, y, z], elements: momentElements([x, y, z], 2) };
const cells: ReadingSchema = {
  fields: [x],
  elements: [
    { kind: 'count' },
    { kind: 'cell', field: 'x', from: '0', to: '20' },
    { kind: 'cell', field: 'x', from: '20', to: '30' },
    { kind: 'cell', field: 'x', from: '30', to: '41' },
  ],
};

function failedCheck(
  schema: ReadingSchema,
  sums: readonly (FieldElement | bigint)[],
  readings?: number,
): unknown {
  try {
    checkPlausible(schema, sums.map(fieldElement), readings);
  } catch (error) {
    expect(error).toBeInstanceOf(EngineError);
    expect((error as EngineError).code).toBe('IMPOSSIBLE_AGGREGATE');
    return (error as EngineError).details.check;
  }
  return undefined;
}

const reading = fc.record({
  x: fc.integer({ min: 0, max: 40 }),
  y: fc.integer({ min: -100, max: 100 }).map((tenths) => tenths / 10),
  z: fc.integer({ min: -3, max: 3 }),
});

test.prop([fc.array(reading, { maxLength: 15 })])('sums of well-formed readings always pass', (readings) => {
  checkPlausible(triple, sumsOf(triple, readings), readings.length);
  const values = readings.map((one) => one.x);
  checkPlausible(single, sumsOf(single, values));
  checkPlausible(cells, sumsOf(cells, values));
});

test.prop([fc.array(reading, { maxLength: 15 }), fc.nat(), anyElement])(
  'a uniform error in any one element does not pass',
  (readings, position, noise) => {
    // The smallest error that is no accident of the generator: small ones may be sums of other readings.
    fc.pre(noise > 2n ** 64n && noise < fieldElement(-(2n ** 64n)));
    const sums = sumsOf(triple, readings);
    const at = position % sums.length;
    sums[at] = addElements(sums[at]!, noise);
    expect(failedCheck(triple, sums, readings.length)).toBeDefined();
  },
);

describe('each check is named', () => {
  // Stored integers of x are x - 5, from -5 to 35.
  test.each<[string, ReadingSchema, readonly bigint[]]>([
    ['count', single, [-1n, 0n, 0n]],
    ['bounds', single, [0n, 1n, 0n]],
    ['bounds', single, [0n, 0n, 1n]],
    ['bounds', single, [2n, 71n, 2600n]],
    ['bounds', single, [2n, -11n, 50n]],
    ['bounds', single, [2n, 0n, -1n]],
    ['bounds', single, [2n, 70n, 2451n]],
    ['variance', single, [2n, 70n, 2449n]],
    ['variance', single, [3n, 1n, 0n]],
    ['cell bounds', cells, [3n, 4n, -1n, 0n]],
    ['cell bounds', cells, [3n, 0n, 4n, 0n]],
    ['cell total', cells, [3n, 1n, 1n, 0n]],
    ['cell total', cells, [3n, 2n, 1n, 1n]],
  ])('%s', (check, schema, sums) => {
    expect(failedCheck(schema, sums)).toBe(check);
  });

  test('a count other than the number of readings that the domains added', () => {
    const sums = sumsOf(single, [10, 20, 30]);
    expect(failedCheck(single, sums, 3)).toBeUndefined();
    expect(failedCheck(single, sums, 2)).toBe('count');
  });

  test('a sensor that shares (1, 5000, 0) is seen', () => {
    const sums = sumsOf(single, [10, 20, 30]);
    const poisoned = [1n, 5000n, 0n].map((value, i) => addElements(sums[i]!, fieldElement(value)));
    expect(failedCheck(single, poisoned)).toBe('bounds');
  });
});

describe('covariance', () => {
  const pair: ReadingSchema = { fields: [y, z], elements: momentElements([y, z], 2) };

  test('a correlation above one is refused though both variances are possible', () => {
    // Two readings with y = -1, 1 and z = -1, 1 in stored units: sum of products at most 2.
    expect(failedCheck(pair, [2n, 0n, 0n, 2n, 2n, 2n])).toBeUndefined();
    expect(failedCheck(pair, [2n, 0n, 0n, 2n, 3n, 2n])).toBe('covariance');
    expect(failedCheck(pair, [2n, 0n, 0n, 2n, -3n, 2n])).toBe('covariance');
  });

  test('a constant field has covariance with nothing', () => {
    expect(failedCheck(pair, [2n, 0n, 2n, 2n, 0n, 2n])).toBeUndefined();
    expect(failedCheck(pair, [2n, 0n, 2n, 2n, 1n, 2n])).toBe('covariance');
  });

  test('three correlations can be impossible where each pair is possible', () => {
    // Correlations +a, +a, -a of three fields: every pair is fine below 1, the three together only up to 1/2.
    const sums = (a: bigint) => [100n, 0n, 0n, 0n, 100n, a, a, 100n, -a, 100n];
    const fields = ['u', 'v', 'w'].map((name) => ({ ...z, name }));
    const schema = { fields, elements: momentElements(fields, 2) };
    expect(failedCheck(schema, sums(50n))).toBeUndefined();
    expect(failedCheck(schema, sums(51n))).toBe('covariance');
    const pairs = { fields, elements: schema.elements.filter((_, i) => i !== 8) };
    expect(
      failedCheck(
        pairs,
        sums(51n).filter((_, i) => i !== 8),
      ),
    ).toBeUndefined();
    expect(
      failedCheck(
        pairs,
        sums(101n).filter((_, i) => i !== 8),
      ),
    ).toBe('covariance');
  });
});

test('the message names the check and the field and no sum', () => {
  expect(() => checkPlausible(single, [2n, 70n, 2449n].map(fieldElement))).toThrow(
    'check "variance" of x: expected count * sum(x^2) to be at least sum(x)^2',
  );
  expect(() => checkPlausible(single, [fieldElement(1n)])).toThrow('expected 3 sums, got 1');
});
