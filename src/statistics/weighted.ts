import { divideRational, multiplyRational, type Rational, subtractRational } from '../arithmetic/index.ts';
import { EngineError } from '../foundation/index.ts';
import { type Moments, momentSum } from './moments.ts';

/** Statistics of a field whose readings count with the weight of another field. */
export interface Weighted {
  readonly sumOfWeights: Rational;
  /** sum(w x) / sum(w). */
  readonly mean: Rational;
  /** sum(w x^2) / sum(w) - mean^2; `null` where the stream does not share w x^2. */
  readonly populationVariance: Rational | null;
  /** sum(w (x - mean)^2) / (sum(w) - sum(w^2) / sum(w)), for weights that are no counts; `null` without w^2. */
  readonly sampleVariance: Rational | null;
  /** Kish's (1965) effective number of readings, sum(w)^2 / sum(w^2). */
  readonly effectiveCount: Rational | null;
}

/**
 * NIST/SEMATECH Dataplot, weighted mean and weighted standard deviation. The stream shares w, w x, and for variances
 * w x^2 and w^2.
 * @throws EngineError `STATISTIC_UNDEFINED` where w or w x is not shared, the weights do not add up to more than 0, or so
 * many are negative that the variance is
 */
export function weighted(moments: Moments, weight: string, field: string): Weighted {
  const sumOfWeights = momentSum(moments, [[weight, 1]]);
  const first = momentSum(moments, [
    [weight, 1],
    [field, 1],
  ]);
  if (sumOfWeights === undefined || first === undefined) {
    throw new EngineError(
      'STATISTIC_UNDEFINED',
      `expected a stream that shares the sums of ${weight} and of ${weight} times ${field}, got one without`,
    );
  }
  if (sumOfWeights.numerator <= 0n) {
    throw new EngineError('STATISTIC_UNDEFINED', `expected weights ${weight} that add up to more than 0`);
  }
  const mean = divideRational(first, sumOfWeights);
  const second = momentSum(moments, [
    [weight, 1],
    [field, 2],
  ]);
  const squares = momentSum(moments, [[weight, 2]]);
  const populationVariance =
    second === undefined
      ? null
      : subtractRational(divideRational(second, sumOfWeights), multiplyRational(mean, mean));
  if (populationVariance !== null && populationVariance.numerator < 0n) {
    throw new EngineError(
      'STATISTIC_UNDEFINED',
      `expected weights ${weight} none of which is negative, got a variance of ${field} below 0`,
    );
  }
  return {
    sumOfWeights,
    mean,
    populationVariance,
    sampleVariance: sampleOf(populationVariance, sumOfWeights, squares),
    effectiveCount:
      squares === undefined || squares.numerator === 0n
        ? null
        : divideRational(multiplyRational(sumOfWeights, sumOfWeights), squares),
  };
}

function sampleOf(
  variance: Rational | null,
  weights: Rational,
  squares: Rational | undefined,
): Rational | null {
  if (variance === null || squares === undefined) return null;
  const divisor = subtractRational(weights, divideRational(squares, weights));
  if (divisor.numerator <= 0n) return null;
  return divideRational(multiplyRational(variance, weights), divisor);
}
