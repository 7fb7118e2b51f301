import { describe, expect, it } from 'vitest';
import { plainJointStatistics } from '../../../operator-cli/embedded/plain-joint-statistics.ts';
import { plainRegression } from '../../../operator-cli/embedded/plain-regression.ts';
import { addElements, type FieldElement, fieldElement } from '../../../src/arithmetic/index.ts';
import { encodeReading, momentElements, type ReadingSchema } from '../../../src/sharing/index.ts';
import {
  correlation,
  covariance,
  jointDocument,
  type Moments,
  momentsOf,
  regress,
  regressionDocument,
} from '../../../src/statistics/index.ts';
import { fc, test } from '../../support/property.ts';

const NAMES = ['y', 'a', 'b', 'c'] as const;

function schemaOf(names: readonly string[], degree = 2): ReadingSchema {
  const fields = names.map((name, i) => ({
    name,
    unit: '',
    decimals: 2,
    offset: String(i * 3 - 4),
    min: '-100000',
    max: '100000',
  }));
  return { fields, elements: momentElements(fields, degree) };
}

/** The moments that domains would add up to, of readings given as rows. */
function momentsOfRows(names: readonly string[], rows: readonly (readonly string[])[], degree = 2): Moments {
  const schema = schemaOf(names, degree);
  const zero: FieldElement[] = schema.elements.map(() => fieldElement(0n));
  const sums = rows
    .map((row) => encodeReading(schema, Object.fromEntries(names.map((name, i) => [name, row[i] ?? '0']))))
    .reduce((a, b) => a.map((element, i) => addElements(element, b[i] ?? fieldElement(0n))), zero);
  return momentsOf(schema, sums);
}

function columnsOf(names: readonly string[], rows: readonly (readonly string[])[]) {
  return names.map((name, i) => ({ name, texts: rows.map((row) => row[i] ?? '0') }));
}

const cell = fc.integer({ min: -400, max: 400 }).map((n) => (n / 100).toFixed(2));
const rowsOf = (width: number) =>
  fc.array(fc.array(cell, { minLength: width, maxLength: width }), { minLength: 1, maxLength: 14 });

function settled<T>(make: () => T): unknown {
  try {
    return make();
  } catch (error) {
    return error instanceof Error ? error.message : error;
  }
}

describe('regression, covariance and correlation from sums', () => {
  const digits = 25;

  test.prop([fc.integer({ min: 2, max: 4 }).chain(rowsOf)], { numRuns: 60 })(
    'are to the last digit what all readings in one place give, or refuse alike',
    (rows) => {
      const names = NAMES.slice(0, rows[0]?.length ?? 2);
      const moments = momentsOfRows(names, rows);
      const columns = columnsOf(names, rows);
      expect(jointDocument(moments, names, { digits })).toEqual(plainJointStatistics(columns, digits));
      expect(settled(() => regressionDocument(regress(moments, 'y', names.slice(1)), { digits }))).toEqual(
        settled(() => plainRegression(columns, 'y', digits)),
      );
    },
  );

  it('have no figures that nothing defines', () => {
    const exactFit = regress(
      momentsOfRows(
        ['y', 'a'],
        [
          ['1', '1'],
          ['3', '2'],
          ['5', '3'],
        ],
      ),
      'y',
      ['a'],
    );
    expect(regressionDocument(exactFit, { digits })).toEqual({
      response: 'y',
      coefficients: [
        { term: '(intercept)', estimate: '-1', standardError: '0', t: null, p: null },
        { term: 'a', estimate: '2', standardError: '0', t: null, p: null },
      ],
      residualStandardDeviation: '0',
      r2: '1',
      adjustedR2: '1',
      f: null,
      p: null,
    });
    const two = regress(
      momentsOfRows(
        ['y', 'a'],
        [
          ['1', '1'],
          ['3', '2'],
        ],
      ),
      'y',
      ['a'],
    );
    expect(regressionDocument(two, { digits })).toMatchObject({
      coefficients: [
        { standardError: null, t: null },
        { estimate: '2', standardError: null },
      ],
      residualStandardDeviation: null,
      r2: '1',
      adjustedR2: null,
    });
    const flat = regress(
      momentsOfRows(
        ['y', 'a'],
        [
          ['3', '1'],
          ['3', '2'],
          ['3', '5'],
          ['3', '4'],
        ],
      ),
      'y',
      ['a'],
    );
    expect(regressionDocument(flat, { digits })).toMatchObject({
      r2: null,
      adjustedR2: null,
      f: null,
      p: null,
    });
  });

  it('name the columns that follow from each other', () => {
    const rows = [
      ['1', '1', '2', '3'],
      ['5', '2', '0', '2'],
      ['2', '4', '4', '8'],
      ['2', '0', '1', '1'],
      ['9', '3', '7', '10'],
    ];
    const moments = momentsOfRows(NAMES, rows);
    expect(() => regress(moments, 'y', ['a', 'b', 'c'])).toThrow(
      expect.objectContaining({ code: 'SINGULAR_DESIGN', details: { columns: 'a, b, c' } }),
    );
    const shifted = momentsOfRows(
      ['y', 'a', 'b'],
      rows.map(([y = '', a = '']) => [y, a, String(Number(a) + 1)]),
    );
    expect(() => regress(shifted, 'y', ['a', 'b'])).toThrow(/: \(intercept\), a, b$/);
    const few = momentsOfRows(
      ['y', 'a', 'b'],
      [
        ['1', '1', '5'],
        ['2', '3', '1'],
      ],
    );
    expect(() => regress(few, 'y', ['a', 'b'])).toThrow(expect.objectContaining({ code: 'SINGULAR_DESIGN' }));
  });

  it('correlate with sign, and not at all with what does not vary', () => {
    const moments = momentsOfRows(
      ['y', 'a', 'b'],
      [
        ['1', '3', '7'],
        ['2', '1', '7'],
        ['3', '-1', '7'],
      ],
    );
    expect(correlation(moments, 'y', 'a')).toEqual({ sign: -1, square: { numerator: 1n, denominator: 1n } });
    expect(correlation(moments, 'y', 'b')).toBeNull();
    expect(covariance(momentsOfRows(['y'], [['4']]), 'y', 'y').sample).toBeNull();
  });

  it.each([
    [
      'no product is shared',
      () => covariance(momentsOfRows(['y', 'a'], [['1', '2']], 1), 'y', 'a'),
      'STATISTIC_UNDEFINED',
    ],
    ['there is no reading', () => covariance(momentsOfRows(['y', 'a'], []), 'y', 'a'), 'STATISTIC_UNDEFINED'],
    [
      'the response is a predictor',
      () => regress(momentsOfRows(['y', 'a'], [['1', '2']]), 'y', ['y']),
      'INVALID_ARGUMENT',
    ],
    [
      'there is no predictor',
      () => regress(momentsOfRows(['y', 'a'], [['1', '2']]), 'y', []),
      'INVALID_ARGUMENT',
    ],
  ])('refuse where %s', (_, make, code) => {
    expect(make).toThrow(expect.objectContaining({ code }));
  });
});
