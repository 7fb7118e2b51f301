import {
  addRational,
  divideRational,
  multiplyRational,
  type Rational,
  rational,
  subtractRational,
} from '../arithmetic/index.ts';
import { type RealInterval, studentInterval } from './confidence.ts';
import { type SignedRoot, signedRoot } from './covariance.ts';
import { type Moments, type Univariate, univariate } from './moments.ts';

/**
 * Everything that the power sums of one field say, exactly. `null` where the readings are too few, do not vary, or
 * the stream does not share the power: mean from degree 1, variances from 2, skewness from 3, kurtosis from 4.
 */
export interface Description extends Univariate {
  /** Sample standard deviation over the mean. */
  readonly coefficientOfVariation: SignedRoot | null;
  /** Square of the standard error of the mean, s^2 / n. */
  readonly standardErrorSquare: Rational | null;
  /** Student's interval of the mean, mean -+ t s / sqrt(n) with n - 1 degrees of freedom. */
  readonly meanInterval: RealInterval | null;
  /** Square of the root mean square: sum(x^2) / n. */
  readonly meanSquare: Rational | null;
  /** g1 = m3 / m2^(3/2), and G1 = g1 sqrt(n (n-1)) / (n-2) (Joanes and Gill 1998). */
  readonly skewness: { readonly population: SignedRoot | null; readonly adjusted: SignedRoot | null };
  /** g2 = m4 / m2^2 - 3, and G2 = (n-1) ((n+1) g2 + 6) / ((n-2) (n-3)). */
  readonly excessKurtosis: { readonly population: Rational | null; readonly adjusted: Rational | null };
}

/**
 * NIST/SEMATECH e-Handbook 1.3.5 for every formula; m_k is the mean k-th power of the distances from the mean.
 * @param field a field whose first moment the schema shares; another one is a programmer's error.
 * @param confidence of the interval of the mean, above 0 and below 1.
 * @throws EngineError `INVALID_ARGUMENT` for another confidence
 */
export function describe(moments: Moments, field: string, confidence: Rational): Description {
  const base = univariate(moments, field);
  const { count, mean, sampleVariance } = base;
  const squares = moments.powerSums.get(field)?.[1];
  const none = mean === null || squares === undefined;
  const perReading = (sum: Rational) => multiplyRational(sum, rational(1n, count));
  const standardErrorSquare = sampleVariance && perReading(sampleVariance);
  return {
    ...base,
    coefficientOfVariation: variation(mean, sampleVariance),
    standardErrorSquare,
    meanInterval:
      mean &&
      standardErrorSquare &&
      studentInterval(mean, standardErrorSquare, rational(count - 1n), confidence),
    meanSquare: none ? null : perReading(squares),
    ...shapeOf(moments, field, mean),
  };
}

function variation(mean: Rational | null, variance: Rational | null): SignedRoot | null {
  if (mean === null || variance === null || mean.numerator === 0n) return null;
  return signedRoot(mean, divideRational(variance, multiplyRational(mean, mean)));
}

const NO_SHAPE: Pick<Description, 'skewness' | 'excessKurtosis'> = {
  skewness: { population: null, adjusted: null },
  excessKurtosis: { population: null, adjusted: null },
};

function shapeOf(moments: Moments, field: string, mean: Rational | null): typeof NO_SHAPE {
  const { count } = moments;
  const [, , cubes] = moments.powerSums.get(field) ?? [];
  if (mean === null || cubes === undefined) return NO_SHAPE;
  const n = rational(count);
  const second = centralSum(moments, field, mean, 2);
  if (second.numerator === 0n) return NO_SHAPE;
  const third = centralSum(moments, field, mean, 3);
  // g1^2 = n M3^2 / M2^3 with the sums M instead of the means m.
  const g1 = divideRational(multiplyRational(n, power(third, 2)), power(second, 3));
  const factor = rational(count * (count - 1n), (count - 2n) ** 2n || 1n);
  const skewness = {
    population: signedRoot(third, g1),
    adjusted: count < 3n ? null : signedRoot(third, multiplyRational(g1, factor)),
  };
  if (moments.powerSums.get(field)?.[3] === undefined) return { ...NO_SHAPE, skewness };
  const fourth = centralSum(moments, field, mean, 4);
  const g2 = subtractRational(divideRational(multiplyRational(n, fourth), power(second, 2)), rational(3n));
  const inner = addRational(multiplyRational(rational(count + 1n), g2), rational(6n));
  const adjusted =
    count < 4n ? null : multiplyRational(rational(count - 1n, (count - 2n) * (count - 3n)), inner);
  return { skewness, excessKurtosis: { population: g2, adjusted } };
}

/** The sum of (x - mean)^k by the binomial theorem. */
function centralSum(moments: Moments, field: string, mean: Rational, k: number): Rational {
  const sums = [rational(moments.count), ...(moments.powerSums.get(field) ?? [])];
  let total = rational(0n);
  let binomial = 1n;
  for (let j = 0; j <= k; j++) {
    const sign = (k - j) % 2 === 0 ? binomial : -binomial;
    const part = multiplyRational(power(mean, k - j), sums[j] ?? rational(0n));
    total = addRational(total, multiplyRational(rational(sign), part));
    binomial = (binomial * BigInt(k - j)) / BigInt(j + 1);
  }
  return total;
}

function power({ numerator, denominator }: Rational, exponent: number): Rational {
  return rational(numerator ** BigInt(exponent), denominator ** BigInt(exponent));
}
