import { expect, test } from 'vitest';
import { hasCode } from '../../../src/foundation/index.ts';
import {
  type ElementSchema,
  type FieldSchema,
  momentElements,
  type ReadingSchema,
  storedSchema,
} from '../../../src/sharing/index.ts';

const x: FieldSchema = { name: 'x', unit: '', decimals: 1, offset: '2.5', min: '0', max: '10' };
const count: ElementSchema = { kind: 'count' };
const moment = (field: string, power: number): ElementSchema => ({
  kind: 'moment',
  factors: [{ field, power }],
});
const cell = (from: string, to: string): ElementSchema => ({ kind: 'cell', field: 'x', from, to });

test('bounds and cells become integers on the grid, offset taken off', () => {
  const stored = storedSchema({
    fields: [x],
    elements: [count, moment('x', 2), cell('0', '5'), cell('5', '10.1')],
  });
  expect(stored.fields).toEqual([{ name: 'x', decimals: 1, offset: 25n, min: -25n, max: 75n }]);
  expect(stored.elements.slice(1)).toEqual([
    { kind: 'moment', factors: [{ index: 0, power: 2 }] },
    { kind: 'cell', index: 0, from: -25n, to: 25n },
    { kind: 'cell', index: 0, from: 25n, to: 76n },
  ]);
});

test('a schema is read once', () => {
  const schema = { fields: [x], elements: momentElements([x], 2) };
  expect(storedSchema(schema)).toBe(storedSchema(schema));
});

const refused: readonly (readonly [string, ReadingSchema])[] = [
  ['at least one field', { fields: [], elements: [count] }],
  ['the count as the first element', { fields: [x], elements: [] }],
  ['the count as the first element', { fields: [x], elements: [moment('x', 1), count] }],
  ['the count as the first element', { fields: [x], elements: [count, count] }],
  ['field x is declared twice', { fields: [x, x], elements: [count] }],
  ['the unknown field y', { fields: [x], elements: [count, moment('y', 1)] }],
  ['element x is declared twice', { fields: [x], elements: [count, moment('x', 1), moment('x', 1)] }],
  ['powers from 1 to 16', { fields: [x], elements: [count, moment('x', 0)] }],
  ['powers from 1 to 16', { fields: [x], elements: [count, moment('x', 17)] }],
  ['powers from 1 to 16', { fields: [x], elements: [count, moment('x', 1.5)] }],
  ['at least one factor', { fields: [x], elements: [count, { kind: 'moment', factors: [] }] }],
  [
    'each field once',
    {
      fields: [x],
      elements: [
        count,
        {
          kind: 'moment',
          factors: [
            { field: 'x', power: 1 },
            { field: 'x', power: 1 },
          ],
        },
      ],
    },
  ],
  ['0 to 38 decimals', { fields: [{ ...x, decimals: 39 }], elements: [count] }],
  ['0 to 38 decimals', { fields: [{ ...x, decimals: -1 }], elements: [count] }],
  [
    'expected offset as a decimal text with at most 1',
    { fields: [{ ...x, offset: '0.25' }], elements: [count] },
  ],
  ['expected min as a decimal text', { fields: [{ ...x, min: '-Infinity' }], elements: [count] }],
  ['expected max as a decimal text', { fields: [{ ...x, max: '1e99' }], elements: [count] }],
  ['expected min to be at most max', { fields: [{ ...x, min: '10.1' }], elements: [count] }],
  ['expected from to be below to', { fields: [x], elements: [count, cell('0', '0')] }],
  ['begin at or below min', { fields: [x], elements: [count, cell('1', '11')] }],
  ['end above max', { fields: [x], elements: [count, cell('0', '10')] }],
  ['without gap or overlap', { fields: [x], elements: [count, cell('0', '5'), cell('6', '11')] }],
  ['without gap or overlap', { fields: [x], elements: [count, cell('0', '5'), cell('4', '11')] }],
];

test.each(refused)('a schema that breaks a rule is refused: %s', (rule, schema) => {
  let caught: unknown;
  try {
    storedSchema(schema);
  } catch (error) {
    caught = error;
  }
  expect(hasCode(caught, 'STREAM_REFUSED')).toBe(true);
  expect((caught as Error).message).toContain(rule);
});
