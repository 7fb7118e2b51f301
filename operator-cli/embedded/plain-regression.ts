import { formatRational, formatReal, formatSquareRoot, type Rational } from '../../src/arithmetic/index.ts';
import { EngineError } from '../../src/foundation/index.ts';
import type { RegressionDocument } from '../../src/statistics/index.ts';
import { fUpper, INTERCEPT, studentTwoSided } from '../../src/statistics/index.ts';
import { type PlainColumn, signedRoot } from './plain-joint-statistics.ts';
import { lowestTerms, wholeNumbers } from './plain-statistics.ts';

/**
 * Least squares the plain way: the design matrix with its column of ones, the normal equations as they stand, every
 * reading's residual by itself. It shares with what it is compared with only the last step, from fractions to
 * rounded digits and tail probabilities.
 * @throws EngineError `SINGULAR_DESIGN` naming collinear columns
 */
export function plainRegression(
  columns: readonly PlainColumn[],
  response: string,
  digits: number,
): RegressionDocument {
  const { y, design, names, scales } = designOf(columns, response);
  const rows = normalEquations(design, y);
  reduce(rows, names, y.length);
  const width = names.length;
  const estimates = rows.map((row) => row[width] ?? ZERO);
  const { residual, total } = squaresOf(design, y, estimates);
  const degrees = y.length - width;
  const slopes = width - 1;
  const variance = degrees > 0 ? divide(residual, whole(degrees)) : undefined;
  const unit = scales.response * scales.response;
  const coefficients = names.map((term, i) => {
    // An estimate of whole numbers, back in the units of the file.
    const scale: Rational = lowestTerms(scales.predictors[i] ?? 1n, scales.response);
    const estimate = multiply(estimates[i] ?? ZERO, scale);
    const inverse = rows[i]?.[width + 1 + i] ?? ZERO;
    const error = variance && multiply(multiply(variance, inverse), multiply(scale, scale));
    const shown = { term, estimate: formatRational(estimate, { digits }) };
    if (error === undefined) return { ...shown, standardError: null, t: null, p: null };
    const standardError = formatSquareRoot(error, { digits });
    if (error.numerator === 0n) return { ...shown, standardError, t: null, p: null };
    const square = divide(multiply(estimate, estimate), error);
    const t = signedRoot(estimate.numerator, square, digits);
    return { ...shown, standardError, t, p: formatReal(studentTwoSided(square, whole(degrees)), { digits }) };
  });
  const constant = total.numerator === 0n;
  const f =
    constant || variance === undefined || variance.numerator === 0n
      ? undefined
      : divide(divide(subtract(total, residual), whole(slopes)), variance);
  const adjusted =
    constant || variance === undefined ? undefined : divide(variance, divide(total, whole(y.length - 1)));
  const shown = (value: Rational | undefined) =>
    value === undefined ? null : formatRational(value, { digits });
  return {
    response,
    coefficients,
    residualStandardDeviation:
      variance === undefined ? null : formatSquareRoot(divide(variance, lowestTerms(unit, 1n)), { digits }),
    r2: shown(constant ? undefined : subtract(ONE, divide(residual, total))),
    adjustedR2: shown(adjusted && subtract(ONE, adjusted)),
    f: shown(f),
    p: f === undefined ? null : formatReal(fUpper(f, whole(slopes), whole(degrees)), { digits }),
  };
}

const ZERO: Rational = { numerator: 0n, denominator: 1n };
const ONE: Rational = { numerator: 1n, denominator: 1n };

/** Every column as whole numbers, the ones first; an estimate is scaled back at the end. */
function designOf(columns: readonly PlainColumn[], response: string) {
  const read = columns.map(({ name, texts }) => ({ name, ...wholeNumbers(texts) }));
  const predictors = read.filter(({ name }) => name !== response);
  const y = read.find(({ name }) => name === response) ?? { values: [], decimals: 0 };
  return {
    y: y.values,
    design: y.values.map((_, row) => [1n, ...predictors.map(({ values }) => values[row] ?? 0n)]),
    names: [INTERCEPT, ...predictors.map(({ name }) => name)],
    scales: {
      response: 10n ** BigInt(y.decimals),
      predictors: [1n, ...predictors.map(({ decimals }) => 10n ** BigInt(decimals))],
    },
  };
}

/** X'X, then X'y, then the unit matrix, side by side. */
function normalEquations(design: readonly (readonly bigint[])[], y: readonly bigint[]): Rational[][] {
  const width = design[0]?.length ?? 0;
  const columns = Array.from({ length: width }, (_, i) => design.map((row) => row[i] ?? 0n));
  return columns.map((column, i) => [
    ...columns.map((other) => lowestTerms(inner(column, other), 1n)),
    lowestTerms(inner(column, y), 1n),
    ...columns.map((_, j) => (i === j ? ONE : ZERO)),
  ]);
}

/** Gauss and Jordan with fractions: afterwards the left part is the unit matrix. */
function reduce(rows: Rational[][], names: readonly string[], readings: number): void {
  rows.forEach((pivotRow, k) => {
    const pivot = pivotRow[k] ?? ZERO;
    if (pivot.numerator === 0n) {
      // What was added to this row to make it vanish names the columns it follows from.
      const used = names.filter((_, j) => (pivotRow[names.length + 1 + j] ?? ZERO).numerator !== 0n);
      throw new EngineError(
        'SINGULAR_DESIGN',
        `expected columns none of which follows from the others over ${readings} readings, got collinear ones: ${used.join(', ')}`,
        { columns: used.join(', ') },
      );
    }
    pivotRow.forEach((entry, j) => {
      pivotRow[j] = divide(entry, pivot);
    });
    rows.forEach((row, i) => {
      const factor = row[k] ?? ZERO;
      if (i === k || factor.numerator === 0n) return;
      row.forEach((entry, j) => {
        row[j] = subtract(entry, multiply(factor, pivotRow[j] ?? ZERO));
      });
    });
  });
}

/** Sum of squared residuals and of squared distances from the mean response. */
function squaresOf(
  design: readonly (readonly bigint[])[],
  y: readonly bigint[],
  estimates: readonly Rational[],
) {
  let common = 1n;
  // The product of what is still missing: any common multiple keeps the residuals whole.
  for (const { denominator } of estimates) common *= lowestTerms(common, denominator).denominator;
  const scaled = estimates.map(({ numerator, denominator }) => (numerator * common) / denominator);
  const count = BigInt(y.length);
  let sum = 0n;
  for (const value of y) sum += value;
  let residual = 0n;
  let total = 0n;
  y.forEach((value, row) => {
    residual += (value * common - inner(design[row] ?? [], scaled)) ** 2n;
    total += (value * count - sum) ** 2n;
  });
  return { residual: lowestTerms(residual, common * common), total: lowestTerms(total, count * count) };
}

function inner(a: readonly bigint[], b: readonly bigint[]): bigint {
  let sum = 0n;
  a.forEach((value, i) => {
    sum += value * (b[i] ?? 0n);
  });
  return sum;
}

function whole(value: number): Rational {
  return { numerator: BigInt(value), denominator: 1n };
}

function multiply(a: Rational, b: Rational): Rational {
  return lowestTerms(a.numerator * b.numerator, a.denominator * b.denominator);
}

function divide(a: Rational, b: Rational): Rational {
  return lowestTerms(a.numerator * b.denominator, a.denominator * b.numerator);
}

function subtract(a: Rational, b: Rational): Rational {
  return lowestTerms(
    a.numerator * b.denominator - b.numerator * a.denominator,
    a.denominator * b.denominator,
  );
}
