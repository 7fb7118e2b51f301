import {
  addRational,
  compareRational,
  divideRational,
  multiplyRational,
  type Rational,
  type Real,
  rational,
  subtractRational,
} from '../arithmetic/index.ts';
import { EngineError } from '../foundation/index.ts';
import { chiSquareUpper } from './distributions.ts';
import type { Histogram } from './histogram.ts';

/** Pearson's chi-square (Pearson 1900): the sum of (observed - expected)^2 / expected, and its upper tail. */
export interface ChiSquareTest {
  readonly statistic: Rational;
  readonly degrees: number;
  readonly p: Real;
  /** The least expected count: below 5 the p-value is only a rough one (Cochran 1952). */
  readonly leastExpected: Rational;
}

const ZERO = rational(0n);

/**
 * Goodness of fit of counts to expected proportions; equal ones where none are given (NIST/SEMATECH 1.3.5.15).
 * @param expected positive numbers in any scale: only their ratios matter.
 * @throws EngineError `INVALID_ARGUMENT` for another number of proportions or one that is not positive,
 * `STATISTIC_UNDEFINED` below two cells or without readings
 */
export function goodnessOfFit(counts: readonly bigint[], expected?: readonly Rational[]): ChiSquareTest {
  const weights = expected ?? counts.map(() => rational(1n));
  if (weights.length !== counts.length || weights.some(({ numerator }) => numerator <= 0n)) {
    throw new EngineError(
      'INVALID_ARGUMENT',
      `expected ${counts.length} positive proportions, got ${weights.length}`,
    );
  }
  const whole = sum(weights);
  const total = counts.reduce((a, b) => a + b, 0n);
  return tested(
    counts.map((count, i) => ({
      observed: count,
      expected: divideRational(multiplyRational(weights[i] ?? ZERO, rational(total)), whole),
    })),
    counts.length - 1,
  );
}

/** Counts of two categories at once: one row for each value of the first, one column for each of the second. */
export type TwoWayTable = readonly (readonly bigint[])[];

/**
 * The code under which a sensor uploads two categories as one: the cells of that one field are the two-way table, and
 * nothing about either category leaves the sensor by itself.
 * @throws EngineError `INVALID_ARGUMENT` for a category outside its list
 */
export function jointCategory(row: number, column: number, columns: number): number {
  if ([row, column, columns].every(Number.isSafeInteger) && row >= 0 && column >= 0 && column < columns) {
    return row * columns + column;
  }
  throw new EngineError('INVALID_ARGUMENT', `expected a column from 0 to ${columns - 1} and a row from 0`);
}

/**
 * Reads the two-way table off the cells of a field of joint categories.
 * @throws EngineError `INVALID_ARGUMENT` where the cells do not fill whole rows, or one holds several codes
 */
export function twoWayTable({ field, bins }: Histogram, columns: number): TwoWayTable {
  const single = bins.every(({ least, most }) => compareRational(least, most) === 0);
  if (!single || columns < 1 || bins.length % columns !== 0) {
    throw new EngineError(
      'INVALID_ARGUMENT',
      `expected cells of ${field} that hold one code each and fill rows of ${columns}, got ${bins.length} cells`,
    );
  }
  const rows: bigint[][] = [];
  bins.forEach(({ count }, i) => {
    if (i % columns === 0) rows.push([]);
    rows.at(-1)?.push(count);
  });
  return rows;
}

/**
 * Independence of the two categories of a table (NIST/SEMATECH 7.2.4.5 and Pearson 1904): expected counts are row
 * total times column total over n. Rows and columns without a reading say nothing and are left out.
 * @throws EngineError `STATISTIC_UNDEFINED` below two rows or two columns with readings
 */
export function independence(table: TwoWayTable): ChiSquareTest {
  const rows = table.map((row) => row.reduce((a, b) => a + b, 0n));
  const columns = (table[0] ?? []).map((_, j) => table.reduce((a, row) => a + (row[j] ?? 0n), 0n));
  const total = rows.reduce((a, b) => a + b, 0n);
  const filled = (totals: readonly bigint[]) => totals.filter((value) => value > 0n).length;
  const cells = table.flatMap((row, i) =>
    row.flatMap((observed, j) => {
      const product = (rows[i] ?? 0n) * (columns[j] ?? 0n);
      return product === 0n ? [] : [{ observed, expected: rational(product, total) }];
    }),
  );
  return tested(cells, (filled(rows) - 1) * (filled(columns) - 1));
}

interface Cell {
  readonly observed: bigint;
  readonly expected: Rational;
}

function tested(cells: readonly Cell[], degrees: number): ChiSquareTest {
  const [first] = cells;
  if (degrees < 1 || first === undefined || first.expected.numerator === 0n) {
    throw new EngineError('STATISTIC_UNDEFINED', 'expected readings in at least two categories, got fewer');
  }
  const statistic = sum(
    cells.map(({ observed, expected }) => {
      const distance = subtractRational(rational(observed), expected);
      return divideRational(multiplyRational(distance, distance), expected);
    }),
  );
  const leastExpected = cells.reduce(
    (least, { expected }) => (compareRational(expected, least) < 0 ? expected : least),
    first.expected,
  );
  return { statistic, degrees, p: chiSquareUpper(statistic, degrees), leastExpected };
}

function sum(values: readonly Rational[]): Rational {
  return values.reduce(addRational, ZERO);
}
