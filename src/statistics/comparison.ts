import {
  addRational,
  divideRational,
  multiplyRational,
  type Rational,
  type Real,
  rational,
  smallerInterval,
  subtractRational,
} from '../arithmetic/index.ts';
import { EngineError } from '../foundation/index.ts';
import { type RealInterval, studentInterval } from './confidence.ts';
import { type SignedRoot, scatterOf, signedRoot } from './covariance.ts';
import { fCdf, fUpper, studentTwoSided } from './distributions.ts';
import { type Moments, univariate } from './moments.ts';

/** One field of one set of readings: a stream, a group or a window. */
export interface Sample {
  readonly name: string;
  readonly moments: Moments;
  readonly field: string;
}

/** Welch's t-test of two means without equal variances. */
export interface WelchTest {
  /** Mean of the first minus mean of the second. */
  readonly difference: Rational;
  readonly interval: RealInterval;
  readonly t: SignedRoot;
  /** Welch and Satterthwaite's degrees of freedom, no whole number in general. */
  readonly degrees: Rational;
  /** Two-sided. */
  readonly p: Real;
}

/**
 * Welch (1947), NIST/SEMATECH 1.3.5.3: t = (x1 - x2) / sqrt(s1^2/n1 + s2^2/n2).
 * @throws EngineError `STATISTIC_UNDEFINED` below two readings on a side, or where neither side varies,
 * `INVALID_ARGUMENT` for a confidence outside 0 to 1
 */
export function welch(a: Sample, b: Sample, confidence: Rational): WelchTest {
  const [first, second] = [spreadOf(a), spreadOf(b)];
  const square = addRational(first.perReading, second.perReading);
  if (square.numerator === 0n) throw undefinedFor([a, b], 'readings that vary');
  const difference = subtractRational(first.mean, second.mean);
  const part = ({ perReading, degrees }: Spread) =>
    divideRational(multiplyRational(perReading, perReading), degrees);
  const degrees = divideRational(multiplyRational(square, square), addRational(part(first), part(second)));
  const t = signedRoot(difference, divideRational(multiplyRational(difference, difference), square));
  return {
    difference,
    interval: studentInterval(difference, square, degrees, confidence),
    t,
    degrees,
    p: studentTwoSided(t.square, degrees),
  };
}

/** The F-test of two variances. */
export interface VarianceTest {
  /** Variance of the first over variance of the second. */
  readonly f: Rational;
  readonly degrees: readonly [Rational, Rational];
  /** Two-sided: twice the smaller tail. */
  readonly p: Real;
}

/**
 * Fisher's F (NIST/SEMATECH 1.3.5.9): sensitive to readings that are not normal.
 * @throws EngineError `STATISTIC_UNDEFINED` below two readings on a side, or where the second does not vary
 */
export function varianceRatio(a: Sample, b: Sample): VarianceTest {
  const [first, second] = [spreadOf(a), spreadOf(b)];
  if (second.variance.numerator === 0n) throw undefinedFor([b], 'readings that vary');
  const f = divideRational(first.variance, second.variance);
  const upper = fUpper(f, first.degrees, second.degrees);
  const lower = fCdf(f, first.degrees, second.degrees);
  return { f, degrees: [first.degrees, second.degrees], p: twiceTheSmaller(upper, lower) };
}

/** One-way analysis of variance. */
export interface Anova {
  readonly betweenSumOfSquares: Rational;
  readonly withinSumOfSquares: Rational;
  readonly betweenDegrees: Rational;
  readonly withinDegrees: Rational;
  readonly f: Rational;
  readonly p: Real;
  /** Between over total. */
  readonly r2: Rational;
}

/**
 * Fisher's one-way analysis of variance (NIST/SEMATECH 7.4.3): F = (SSB / (k-1)) / (SSW / (n-k)).
 * @throws EngineError `STATISTIC_UNDEFINED` below two samples, for an empty one, or where none varies in itself
 */
export function anova(samples: readonly Sample[]): Anova {
  if (samples.length < 2) {
    throw new EngineError('STATISTIC_UNDEFINED', `expected at least two samples, got ${samples.length}`);
  }
  const parts = samples.map((sample) => {
    const { count, sum } = univariate(sample.moments, sample.field);
    if (count === 0n) throw undefinedFor([sample], 'at least one reading');
    const perReading = divideRational(multiplyRational(sum, sum), rational(count));
    return { count, sum, perReading, within: scatterOf(sample.moments, sample.field, sample.field) };
  });
  const count = parts.reduce((total, part) => total + part.count, 0n);
  const sum = parts.reduce((total, part) => addRational(total, part.sum), ZERO);
  const within = parts.reduce((total, part) => addRational(total, part.within), ZERO);
  const perSample = parts.reduce((total, part) => addRational(total, part.perReading), ZERO);
  const between = subtractRational(perSample, divideRational(multiplyRational(sum, sum), rational(count)));
  if (within.numerator === 0n) throw undefinedFor(samples, 'readings that vary within a sample');
  const betweenDegrees = rational(BigInt(samples.length) - 1n);
  const withinDegrees = rational(count - BigInt(samples.length));
  const f = divideRational(divideRational(between, betweenDegrees), divideRational(within, withinDegrees));
  return {
    betweenSumOfSquares: between,
    withinSumOfSquares: within,
    betweenDegrees,
    withinDegrees,
    f,
    p: fUpper(f, betweenDegrees, withinDegrees),
    r2: divideRational(between, addRational(between, within)),
  };
}

const ZERO = rational(0n);

interface Spread {
  readonly mean: Rational;
  readonly variance: Rational;
  /** Variance over the number of readings. */
  readonly perReading: Rational;
  readonly degrees: Rational;
}

function spreadOf(sample: Sample): Spread {
  const { count, mean, sampleVariance } = univariate(sample.moments, sample.field);
  if (mean === null || sampleVariance === null) {
    throw undefinedFor([sample], 'at least two readings and their sum of squares');
  }
  return {
    mean,
    variance: sampleVariance,
    perReading: multiplyRational(sampleVariance, rational(1n, count)),
    degrees: rational(count - 1n),
  };
}

function twiceTheSmaller(a: Real, b: Real): Real {
  return (bits) => {
    const { low, high, exponent } = smallerInterval(a(bits), b(bits));
    return { low, high, exponent: exponent + 1 };
  };
}

function undefinedFor(samples: readonly Sample[], expected: string): EngineError {
  const names = samples.map(({ name }) => name).join(', ');
  return new EngineError('STATISTIC_UNDEFINED', `expected ${expected} in ${names}, got none`);
}
