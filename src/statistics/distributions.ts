import {
  addRational,
  divideRational,
  formatRational,
  type Interval,
  integerInterval,
  multiplyRational,
  negateInterval,
  type Rational,
  type Real,
  rational,
  subtractIntervals,
  subtractRational,
} from '../arithmetic/index.ts';
import { EngineError } from '../foundation/index.ts';
import { incompleteBeta } from './incomplete-beta.ts';
import { upperGamma } from './incomplete-gamma.ts';
import { inverseOfTail, type Tail } from './inverse.ts';

const ZERO = rational(0n);
const HALF = rational(1n, 2n);
const ONE = rational(1n);
const TWO = rational(2n);

/**
 * P(|T| >= t) of Student's t with `degrees` > 0 of freedom, any rational, for t^2: I_(v/(v+t^2))(v/2, 1/2)
 * (DLMF 8.17(i); NIST/SEMATECH 1.3.6.6.4). It takes the square because that is what stays rational.
 */
export function studentTwoSided(square: Rational, degrees: Rational): Real {
  const tail = studentTail(degrees);
  return (bits) => tail(square, bits);
}

function studentTail(degrees: Rational): Tail {
  positive('degrees of freedom', degrees);
  const beta = incompleteBeta(multiplyRational(degrees, HALF), HALF);
  return (square, bits) => beta(divideRational(degrees, addRational(degrees, square)), bits);
}

/** The t >= 0 with P(|T| >= t) = alpha, for 0 < alpha < 1: the factor of a two-sided interval of confidence 1 - alpha. */
export function studentTwoSidedQuantile(alpha: Rational, degrees: Rational): Real {
  const tail = studentTail(degrees);
  probability(alpha);
  return inverseOfTail(
    (t, bits) => tail(multiplyRational(t, t), bits),
    alpha,
    () => studentGuess(normalGuess(approximate(alpha)), approximate(degrees)),
  );
}

/** Abramowitz and Stegun 26.2.23, off by less than 0.00045: the normal two-sided quantile. */
function normalGuess(alpha: number): number {
  const t = Math.sqrt(-2 * Math.log(alpha / 2));
  return (
    t - (2.515517 + t * (0.802853 + t * 0.010328)) / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)))
  );
}

/** Abramowitz and Stegun 26.7.5: Student's quantile from the normal one; none where z^2 is not below the degrees. */
function studentGuess(z: number, degrees: number): number {
  const square = z * z;
  if (square > degrees) return Number.NaN;
  const first = (square + 1) / 4;
  const second = (square * (5 * square + 16) + 3) / 96;
  const third = (square * (square * (3 * square + 19) + 17) - 15) / 384;
  return z * (1 + (first + (second + third / degrees) / degrees) / degrees);
}

function approximate(value: Rational): number {
  return Number(formatRational(value, { digits: 15 }));
}

/** P(T <= t) of Student's t. */
export function studentCdf(t: Rational, degrees: Rational): Real {
  return symmetricCdf(t, studentTwoSided(multiplyRational(t, t), degrees));
}

/** The t with P(T <= t) = p, for 0 < p < 1. */
export function studentQuantile(p: Rational, degrees: Rational): Real {
  positive('degrees of freedom', degrees);
  return symmetricQuantile(p, (alpha) => studentTwoSidedQuantile(alpha, degrees));
}

/** P(|Z| >= z) of the standard normal, for z^2: Q(1/2, z^2/2) (DLMF 7.11; NIST/SEMATECH 1.3.6.6.1). */
export function normalTwoSided(square: Rational): Real {
  const y = multiplyRational(square, HALF);
  return (bits) => upperGamma(1, y, bits);
}

/** The z >= 0 with P(|Z| >= z) = alpha, for 0 < alpha < 1. */
export function normalTwoSidedQuantile(alpha: Rational): Real {
  probability(alpha);
  return inverseOfTail(
    (z, bits) => normalTwoSided(multiplyRational(z, z))(bits),
    alpha,
    () => normalGuess(approximate(alpha)),
  );
}

/** P(Z <= z) of the standard normal. */
export function normalCdf(z: Rational): Real {
  return symmetricCdf(z, normalTwoSided(multiplyRational(z, z)));
}

/** The z with P(Z <= z) = p, for 0 < p < 1. */
export function normalQuantile(p: Rational): Real {
  return symmetricQuantile(p, normalTwoSidedQuantile);
}

/** P(X >= x) of chi-square with a whole number of degrees of freedom: Q(k/2, x/2) (NIST/SEMATECH 1.3.6.6.6). */
export function chiSquareUpper(x: Rational, degrees: number): Real {
  wholeDegrees(degrees);
  const y = multiplyRational(x, HALF);
  return (bits) => upperGamma(degrees, y, bits);
}

/** P(X <= x) of chi-square. */
export function chiSquareCdf(x: Rational, degrees: number): Real {
  return complement(chiSquareUpper(x, degrees));
}

/** The x with P(X <= x) = p, for 0 < p < 1. */
export function chiSquareQuantile(p: Rational, degrees: number): Real {
  wholeDegrees(degrees);
  probability(p);
  return inverseOfTail((x, bits) => chiSquareUpper(x, degrees)(bits), subtractRational(ONE, p));
}

/** P(X >= f) of Fisher's F with d1 and d2 degrees of freedom: I_(d2/(d2+d1 f))(d2/2, d1/2) (NIST/SEMATECH 1.3.6.6.5). */
export function fUpper(f: Rational, d1: Rational, d2: Rational): Real {
  const tail = fTail(d1, d2);
  return (bits) => tail(f, bits);
}

function fTail(d1: Rational, d2: Rational): Tail {
  positive('degrees of freedom', d1);
  positive('degrees of freedom', d2);
  const beta = incompleteBeta(multiplyRational(d2, HALF), multiplyRational(d1, HALF));
  return (f, bits) => {
    const above = f.numerator < 0n ? ZERO : f;
    return beta(divideRational(d2, addRational(d2, multiplyRational(d1, above))), bits);
  };
}

/** P(X <= f) of Fisher's F. */
export function fCdf(f: Rational, d1: Rational, d2: Rational): Real {
  if (f.numerator <= 0n) return () => integerInterval(0n);
  return fUpper(divideRational(ONE, f), d2, d1);
}

/** The f with P(X <= f) = p, for 0 < p < 1. */
export function fQuantile(p: Rational, d1: Rational, d2: Rational): Real {
  const tail = fTail(d1, d2);
  probability(p);
  return inverseOfTail(tail, subtractRational(ONE, p));
}

function symmetricCdf(at: Rational, twoSided: Real): Real {
  const half = (bits: number): Interval => {
    const { low, high, exponent } = twoSided(bits);
    return { low, high, exponent: exponent - 1 };
  };
  return at.numerator < 0n ? half : complement(half);
}

function symmetricQuantile(p: Rational, twoSided: (alpha: Rational) => Real): Real {
  probability(p);
  const twice = multiplyRational(p, TWO);
  if (twice.numerator === twice.denominator) return () => integerInterval(0n);
  if (twice.numerator > twice.denominator) return twoSided(subtractRational(TWO, twice));
  const size = twoSided(twice);
  return (bits) => negateInterval(size(bits));
}

function complement(real: Real): Real {
  return (bits) => subtractIntervals(integerInterval(1n), real(bits), bits);
}

function probability(p: Rational): void {
  if (p.numerator > 0n && p.numerator < p.denominator) return;
  throw new EngineError('INVALID_ARGUMENT', 'expected a probability above 0 and below 1');
}

function positive(what: string, value: Rational): void {
  if (value.numerator > 0n) return;
  throw new EngineError('INVALID_ARGUMENT', `expected ${what} above 0`);
}

function wholeDegrees(degrees: number): void {
  if (Number.isSafeInteger(degrees) && degrees >= 1) return;
  throw new EngineError('INVALID_ARGUMENT', 'expected degrees of freedom of at least 1, a whole number');
}
