import { expect, test } from 'vitest';
import { rational } from '../../../src/arithmetic/index.ts';
import { momentElements } from '../../../src/sharing/index.ts';
import { momentsOf, resultDocument, univariate } from '../../../src/statistics/index.ts';
import { sumsOf } from './sums.ts';

const fields = [{ name: 'x', unit: '', decimals: 2, offset: '1', min: '-100', max: '100' }];
const schema = { fields, elements: momentElements(fields, 2) };

function documentOf(readings: readonly string[], digits = 30) {
  return resultDocument(univariate(momentsOf(schema, sumsOf(schema, readings)), 'x'), { digits });
}

test('the document has fractions in lowest terms and decimals of the digits asked for', () => {
  expect(documentOf(['1', '2', '4.5'])).toEqual({
    count: 3,
    sum: '7.5',
    mean: { fraction: '5/2', decimal: '2.5' },
    variance: {
      population: { fraction: '13/6', decimal: '2.16666666666666666666666666667' },
      sample: { fraction: '13/4', decimal: '3.25' },
    },
    standardDeviation: {
      population: '1.47196014438797447579400712116',
      sample: '1.80277563773199464655961063374',
    },
  });
});

test('one reading has null for everything of a sample', () => {
  expect(documentOf(['-12.25'], 5)).toEqual({
    count: 1,
    sum: '-12.25',
    mean: { fraction: '-49/4', decimal: '-12.25' },
    variance: { population: { fraction: '0/1', decimal: '0' }, sample: null },
    standardDeviation: { population: '0', sample: null },
  });
});

test('no reading has a count, a sum and nothing else', () => {
  expect(documentOf([])).toEqual({
    count: 0,
    sum: '0',
    mean: null,
    variance: { population: null, sample: null },
    standardDeviation: { population: null, sample: null },
  });
});

test('the sum is whole however few digits are asked for', () => {
  expect(documentOf(['99.99', '99.99'], 1).sum).toBe('199.98');
});

test('a count that a number cannot hold is a programming error', () => {
  const statistics = {
    count: 2n ** 53n,
    sum: rational(0n),
    mean: null,
    populationVariance: null,
    sampleVariance: null,
  };
  expect(() => resultDocument(statistics, { digits: 5 })).toThrow('expected a count that a number holds');
});
