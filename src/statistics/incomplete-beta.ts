import {
  addIntervals,
  addRational,
  bitSize,
  ceilingQuotient,
  divideIntervals,
  exponential,
  fixedPoint,
  type Interval,
  integerInterval,
  logarithm,
  multiplyIntervals,
  type Rational,
  rational,
  rationalInterval,
  subtractIntervals,
  subtractRational,
} from '../arithmetic/index.ts';
import { invariant } from '../foundation/index.ts';
import { logarithmOfGamma } from './gamma.ts';

/**
 * Terms of one series, at most: statistics of 2^32 readings need below ten million, and a loop has a limit.
 */
const SERIES_TERMS_MAX = 2 ** 26;

/**
 * The regularised incomplete beta function I_x(a, b), the distribution function behind Student's t and F, for
 * rational a, b > 0 and 0 <= x <= 1. DLMF 8.17.7 and 15.8.1 give a series without a negative term:
 *
 *     I_x(a, b) = x^a (1-x)^b / (a B(a, b)) * (1 + (a+b)/(a+1) x + (a+b)(a+b+1)/((a+1)(a+2)) x^2 + ...)
 *
 * so nothing cancels and a tail of 10^-5000 has as many right digits as 1/2. Where the series for 1 - I_(1-x)(b, a)
 * is much shorter, that one is taken, with as many more bits as its subtraction costs.
 */
export function incompleteBeta(a: Rational, b: Rational): (x: Rational, bits: number) => Interval {
  const logarithmOfBeta = rememberingBeta(a, b);
  return (x, bits) => {
    if (x.numerator <= 0n) return integerInterval(0n);
    if (x.numerator >= x.denominator) return integerInterval(1n);
    const rest = subtractRational(ONE, x);
    const direct = { x, rest, a, b, logarithmOfBeta };
    const mirrored = { x: rest, rest: x, a: b, b: a, logarithmOfBeta };
    const lost = bitsBelowOne(direct);
    const directCost = seriesTerms(direct, bits) * bits;
    const mirroredCost = seriesTerms(mirrored, bits + lost) * (bits + lost) * (1 + lost / 2_000);
    if (directCost <= mirroredCost) return lowerTail(direct, bits);
    const wide = bits + Math.ceil(lost);
    return subtractIntervals(integerInterval(1n), lowerTail(mirrored, wide), wide);
  };
}

/** ln B(a, b) by its precision: a search for a quantile asks for the same one again and again. */
function rememberingBeta(a: Rational, b: Rational): (bits: number) => Interval {
  const known = new Map<number, Interval>();
  return (bits) => {
    let value = known.get(bits);
    if (value === undefined) {
      const product = addIntervals(logarithmOfGamma(a, bits), logarithmOfGamma(b, bits), bits);
      value = subtractIntervals(product, logarithmOfGamma(addRational(a, b), bits), bits);
      known.set(bits, value);
    }
    return value;
  };
}

interface BetaArguments {
  readonly x: Rational;
  /** 1 - x, exactly. */
  readonly rest: Rational;
  readonly a: Rational;
  readonly b: Rational;
  readonly logarithmOfBeta: (bits: number) => Interval;
}

const ONE = rational(1n);

function lowerTail(beta: BetaArguments, bits: number): Interval {
  const { x, rest, a, b } = beta;
  const size = (a.numerator + b.numerator) / (a.denominator + b.denominator);
  // a ln x and ln B(a, b) grow with a and nearly cancel: that many bits more.
  const wide = bits + 2 * bitSize(size) + 24;
  const times = (factor: Rational, base: Rational) =>
    multiplyIntervals(rationalInterval(factor, wide), logarithm(rationalInterval(base, wide), wide), wide);
  const power = addIntervals(times(a, x), times(b, rest), wide);
  const exponent = subtractIntervals(power, beta.logarithmOfBeta(wide), wide);
  const front = divideIntervals(exponential(exponent, bits), rationalInterval(a, wide), bits);
  return multiplyIntervals(front, series(beta, bits), bits);
}

/** The sum over n of x^n (a+b)(a+b+1)...(a+b+n-1) / ((a+1)...(a+n)). */
function series(beta: BetaArguments, bits: number): Interval {
  const { x, rest, a, b } = beta;
  const denominator = a.denominator * b.denominator;
  const [scaledA, scaledB] = [a.numerator * b.denominator, b.numerator * a.denominator];
  // Every term is cut by a unit, the cuts add up over the terms, and the rest is bounded through 1 - ratio.
  const scale = bits + 3 * (bitSize(rest.denominator) - bitSize(rest.numerator)) + 64;
  const shift = BigInt(scale);
  const factor = fixedPoint(rationalInterval(x, scale + 8), scale);
  let low = 1n << shift;
  let high = low;
  const sum = { low, high };
  for (let n = 0; n < SERIES_TERMS_MAX; n++) {
    const above = scaledA + scaledB + BigInt(n) * denominator;
    const below = scaledA + (BigInt(n) + 1n) * denominator;
    if (n % 16 === 0) {
      const end = restOfSeries(high, factor.high, scaledB >= denominator ? { above, below } : ALIKE, shift);
      if (end !== undefined) return { low: sum.low, high: sum.high + end, exponent: -scale };
    }
    // x comes last: it takes the cut of the division, which above / below would enlarge, down again.
    low = (((low * above) / below) * factor.low) >> shift;
    high = ((ceilingQuotient(high * above, below) * factor.high) >> shift) + 1n;
    sum.low += low;
    sum.high += high;
  }
  invariant(false, 'expected a series of fewer terms');
}

const ALIKE = { above: 1n, below: 1n };

/**
 * A bound of the terms after `last`, once they are at the level of the cuts. Their ratio x (a+b+n)/(a+1+n) falls
 * from now on if b >= 1 and otherwise stays below x.
 */
function restOfSeries(
  last: bigint,
  x: bigint,
  { above, below }: typeof ALIKE,
  shift: bigint,
): bigint | undefined {
  const gap = (1n << shift) - ceilingQuotient(x * above, below);
  if (gap <= 0n || last * gap > 1n << (shift + 3n)) return undefined;
  return ceilingQuotient(last << shift, gap);
}

/** About how many bits below 1 the lower tail is: by the relative entropy between a/(a+b) and x, 0 above the mean. */
function bitsBelowOne({ x, rest, a, b }: BetaArguments): number {
  const [sizeA, sizeB] = [approximate(a), approximate(b)];
  const mean = sizeA / (sizeA + sizeB);
  if (mean <= approximate(x)) return 0;
  const nats =
    sizeA * (Math.log(mean) - approximateLogarithm(x)) +
    sizeB * (Math.log(sizeB / (sizeA + sizeB)) - approximateLogarithm(rest));
  return Math.max(0, nats / Math.LN2);
}

/** About how many terms the series needs until one is 2^-bits, within a factor of two. */
function seriesTerms({ x, a, b }: BetaArguments, bits: number): number {
  const [sizeA, sizeB] = [approximate(a), approximate(b)];
  const slope = approximateLogarithm(x);
  const integral = (c: number, n: number) => (c + n) * Math.log(c + n) - c * Math.log(c);
  for (let n = 16; n < SERIES_TERMS_MAX; n *= 2) {
    const logarithmOfTerm = integral(sizeA + sizeB, n) - integral(sizeA + 1, n) + n * slope;
    if (logarithmOfTerm < -bits * Math.LN2) return n;
  }
  return SERIES_TERMS_MAX;
}

/** The value as a double, of a fraction of any length. */
function approximate(value: Rational): number {
  return Math.exp(approximateLogarithm(value));
}

function approximateLogarithm({ numerator, denominator }: Rational): number {
  return naturalLogarithm(numerator) - naturalLogarithm(denominator);
}

function naturalLogarithm(n: bigint): number {
  const surplus = Math.max(0, bitSize(n) - 64);
  return Math.log(Number(n >> BigInt(surplus))) + surplus * Math.LN2;
}
