import { lcm } from 'bigint-crypto-utils';
import {
  addRational,
  divideRational,
  multiplyRational,
  type Rational,
  type Real,
  rational,
  subtractRational,
} from '../arithmetic/index.ts';
import { EngineError } from '../foundation/index.ts';
import { type SignedRoot, scatterOf, signedRoot } from './covariance.ts';
import { fUpper, studentTwoSided } from './distributions.ts';
import { type ExactInverse, exactInverse } from './exact-inverse.ts';
import { type Moments, momentSum } from './moments.ts';

/** The name of the constant term. */
export const INTERCEPT = '(intercept)';

/** One term of a regression; `null` where no degree of freedom is left, or the fit has no residual to compare with. */
export interface Coefficient {
  readonly term: string;
  readonly estimate: Rational;
  /** Square of the standard error. */
  readonly variance: Rational | null;
  readonly t: SignedRoot | null;
  /** Two-sided, with the residual degrees of freedom. */
  readonly p: Real | null;
}

/** An ordinary least-squares fit with an intercept, exact. */
export interface Regression {
  readonly response: string;
  /** The intercept first, then the predictors as they were given. */
  readonly coefficients: readonly Coefficient[];
  /** n - p - 1 for p predictors. */
  readonly residualDegrees: bigint;
  readonly residualSumOfSquares: Rational;
  /** Residual sum of squares over the residual degrees of freedom. */
  readonly residualVariance: Rational | null;
  /** 1 - RSS / TSS; `null` for a response that does not vary. */
  readonly r2: Rational | null;
  /** 1 - (RSS / (n-p-1)) / (TSS / (n-1)). */
  readonly adjustedR2: Rational | null;
  /** ((TSS - RSS) / p) / (RSS / (n-p-1)). */
  readonly f: Rational | null;
  readonly p: Real | null;
}

/**
 * Least squares of `response` on an intercept and the predictors (Gauss 1809; NIST/SEMATECH 4.1.4.1), from sums
 * alone: with S the scatter matrix of the predictors and s their scatter with the response, b = S^-1 s over exact
 * rationals, so that conditioning can't bite. Var(b) = RSS / (n-p-1) * S^-1.
 * @throws EngineError `SINGULAR_DESIGN` naming collinear predictors, `STATISTIC_UNDEFINED` where a sum is not shared,
 * `INVALID_ARGUMENT` without predictors or for one that is given twice or is the response
 */
export function regress(moments: Moments, response: string, predictors: readonly string[]): Regression {
  checkPredictors(response, predictors);
  const scatter = predictors.map((x) => predictors.map((y) => scatterOf(moments, x, y)));
  const withResponse = predictors.map((x) => scatterOf(moments, x, response));
  const inverse = inverseOf(scatter, moments, predictors);
  const slopes = inverse.map((row) => dot(row, withResponse));
  const means = predictors.map((x) => meanOf(moments, x));
  const intercept = subtractRational(meanOf(moments, response), dot(slopes, means));
  const total = scatterOf(moments, response, response);
  const residual = subtractRational(total, dot(slopes, withResponse));
  const degrees = moments.count - BigInt(predictors.length) - 1n;
  const variance = degrees > 0n ? multiplyRational(residual, rational(1n, degrees)) : null;
  const spread = (factor: Rational) => variance && multiplyRational(variance, factor);
  const ofIntercept = addRational(
    rational(1n, moments.count),
    dot(
      means,
      inverse.map((row) => dot(row, means)),
    ),
  );
  const term = (name: string, estimate: Rational, factor: Rational) =>
    coefficient(name, estimate, spread(factor), degrees);
  return {
    response,
    coefficients: [
      term(INTERCEPT, intercept, ofIntercept),
      ...predictors.map((name, i) => term(name, slopes[i] ?? ZERO, inverse[i]?.[i] ?? ZERO)),
    ],
    residualDegrees: degrees,
    residualSumOfSquares: residual,
    residualVariance: variance,
    ...fitOf(moments.count, BigInt(predictors.length), total, residual, variance),
  };
}

const ZERO = rational(0n);
const ONE = rational(1n);

function checkPredictors(response: string, predictors: readonly string[]): void {
  if (predictors.length === 0) {
    throw new EngineError(
      'INVALID_ARGUMENT',
      `expected a predictor beside the response ${response}, got none`,
    );
  }
  const seen = new Set([response]);
  for (const name of predictors) {
    if (seen.has(name))
      throw new EngineError('INVALID_ARGUMENT', `expected ${name} once in a regression, got it twice`);
    seen.add(name);
  }
}

function inverseOf(
  scatter: readonly (readonly Rational[])[],
  moments: Moments,
  predictors: readonly string[],
): Rational[][] {
  let common = 1n;
  for (const { denominator } of scatter.flat()) common = lcm(common, denominator);
  const whole = scatter.map((row) =>
    row.map(({ numerator, denominator }) => (numerator * common) / denominator),
  );
  const inverse = exactInverse(whole);
  if (inverse.kind === 'singular') throw singular(inverse, moments, predictors);
  return inverse.adjugate.map((row) => row.map((entry) => rational(entry * common, inverse.determinant)));
}

function singular(
  { combination }: Extract<ExactInverse, { kind: 'singular' }>,
  moments: Moments,
  predictors: readonly string[],
): EngineError {
  const names = predictors.filter((_, i) => (combination[i] ?? 0n) !== 0n);
  const constant = predictors.reduce(
    (sum, name, i) =>
      addRational(sum, multiplyRational(rational(combination[i] ?? 0n), meanOf(moments, name))),
    ZERO,
  );
  // A combination of columns that is a constant other than zero needs the intercept to vanish.
  const columns = constant.numerator === 0n ? names : [INTERCEPT, ...names];
  const shown = columns.length === 1 ? `${columns[0]}, which is zero throughout` : columns.join(', ');
  return new EngineError(
    'SINGULAR_DESIGN',
    `expected columns none of which follows from the others over ${moments.count} readings, got collinear ones: ${shown}`,
    { columns: columns.join(', ') },
  );
}

function coefficient(
  term: string,
  estimate: Rational,
  variance: Rational | null,
  degrees: bigint,
): Coefficient {
  if (variance === null || variance.numerator === 0n) return { term, estimate, variance, t: null, p: null };
  const square = divideRational(multiplyRational(estimate, estimate), variance);
  return {
    term,
    estimate,
    variance,
    t: signedRoot(estimate, square),
    p: studentTwoSided(square, rational(degrees)),
  };
}

function fitOf(
  count: bigint,
  predictors: bigint,
  total: Rational,
  residual: Rational,
  variance: Rational | null,
) {
  if (total.numerator === 0n) return { r2: null, adjustedR2: null, f: null, p: null };
  const r2 = subtractRational(ONE, divideRational(residual, total));
  if (variance === null) return { r2, adjustedR2: null, f: null, p: null };
  const totalVariance = multiplyRational(total, rational(1n, count - 1n));
  const adjustedR2 = subtractRational(ONE, divideRational(variance, totalVariance));
  if (variance.numerator === 0n) return { r2, adjustedR2, f: null, p: null };
  const explained = multiplyRational(subtractRational(total, residual), rational(1n, predictors));
  const f = divideRational(explained, variance);
  const p = fUpper(f, rational(predictors), rational(count - predictors - 1n));
  return { r2, adjustedR2, f, p };
}

function meanOf(moments: Moments, field: string): Rational {
  return multiplyRational(momentSum(moments, [[field, 1]]) ?? ZERO, rational(1n, moments.count));
}

function dot(a: readonly Rational[], b: readonly Rational[]): Rational {
  return a.reduce((sum, value, i) => addRational(sum, multiplyRational(value, b[i] ?? ZERO)), ZERO);
}
