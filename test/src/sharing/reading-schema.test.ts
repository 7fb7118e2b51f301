import { expect, test } from 'vitest';
import { elementName, momentElements } from '../../../src/sharing/index.ts';

const names = (fields: readonly string[], degree: number) =>
  momentElements(
    fields.map((name) => ({ name })),
    degree,
  ).map(elementName);

test('one field gives the count and its powers', () => {
  expect(names(['x'], 1)).toEqual(['count', 'x']);
  expect(names(['x'], 4)).toEqual(['count', 'x', 'x^2', 'x^3', 'x^4']);
});

test('several fields give all products, lower degrees and earlier fields first', () => {
  expect(names(['x', 'y'], 2)).toEqual(['count', 'x', 'y', 'x^2', 'x*y', 'y^2']);
  expect(names(['x', 'y', 'z'], 2)).toEqual([
    'count',
    'x',
    'y',
    'z',
    'x^2',
    'x*y',
    'x*z',
    'y^2',
    'y*z',
    'z^2',
  ]);
  expect(names(['x', 'y'], 3).slice(6)).toEqual(['x^3', 'x^2*y', 'x*y^2', 'y^3']);
});

test('a cell is named by its field and ends', () => {
  expect(elementName({ kind: 'cell', field: 'x', from: '0', to: '10' })).toBe('cell of x from 0 to 10');
});
