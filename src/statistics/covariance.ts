import {
  divideRational,
  multiplyRational,
  type Rational,
  rational,
  subtractRational,
} from '../arithmetic/index.ts';
import { EngineError } from '../foundation/index.ts';
import { type Moments, momentSum } from './moments.ts';

/**
 * The sum over readings of (x - mean x) (y - mean y), exactly: sum(xy) - sum(x) sum(y) / n.
 * @throws EngineError `STATISTIC_UNDEFINED` without readings, or where the stream does not share the product
 */
export function scatterOf(moments: Moments, x: string, y: string): Rational {
  if (moments.count === 0n)
    throw new EngineError('STATISTIC_UNDEFINED', 'expected at least one reading, got none');
  const product = momentSum(
    moments,
    x === y
      ? [[x, 2]]
      : [
          [x, 1],
          [y, 1],
        ],
  );
  const sumX = momentSum(moments, [[x, 1]]);
  const sumY = momentSum(moments, [[y, 1]]);
  if (product === undefined || sumX === undefined || sumY === undefined) {
    throw new EngineError(
      'STATISTIC_UNDEFINED',
      `expected a stream that shares the sums of ${x}, ${y} and their product, got one without`,
    );
  }
  return subtractRational(
    product,
    multiplyRational(multiplyRational(sumX, sumY), rational(1n, moments.count)),
  );
}

/** One entry of a covariance matrix. */
export interface Covariance {
  /** Divided by n. */
  readonly population: Rational;
  /** Divided by n - 1; `null` for one reading. */
  readonly sample: Rational | null;
}

/**
 * Covariance of two fields, of a field with itself its variance.
 * @throws EngineError `STATISTIC_UNDEFINED` as {@link scatterOf}
 */
export function covariance(moments: Moments, x: string, y: string): Covariance {
  const scatter = scatterOf(moments, x, y);
  const { count } = moments;
  return {
    population: multiplyRational(scatter, rational(1n, count)),
    sample: count === 1n ? null : multiplyRational(scatter, rational(1n, count - 1n)),
  };
}

/** A number whose square is rational: sign * sqrt(square). Correlations, t values and skewnesses are such. */
export interface SignedRoot {
  readonly sign: -1 | 0 | 1;
  readonly square: Rational;
}

/** sign(value) * sqrt(square). */
export function signedRoot(value: Rational, square: Rational): SignedRoot {
  return { sign: value.numerator > 0n ? 1 : value.numerator < 0n ? -1 : 0, square };
}

/**
 * Pearson's r (Pearson 1896), which is the same with n and with n - 1: r^2 = Sxy^2 / (Sxx Syy). `null` where one of
 * the fields does not vary.
 * @throws EngineError `STATISTIC_UNDEFINED` as {@link scatterOf}
 */
export function correlation(moments: Moments, x: string, y: string): SignedRoot | null {
  const variances = multiplyRational(scatterOf(moments, x, x), scatterOf(moments, y, y));
  if (variances.numerator === 0n) return null;
  const scatter = scatterOf(moments, x, y);
  return signedRoot(scatter, divideRational(multiplyRational(scatter, scatter), variances));
}
