import {
  addIntervals,
  divideIntervals,
  exponential,
  hullOfIntervals,
  type Interval,
  integerInterval,
  multiplyIntervals,
  negateInterval,
  pi,
  type Rational,
  rationalInterval,
  rootOfInterval,
  subtractIntervals,
} from '../arithmetic/index.ts';
import { invariant } from '../foundation/index.ts';

/** From here on the continued fraction of erfc is short; below, its complement's series is, and cancels little. */
const FRACTION_FROM = 8n;

/** Terms of one series or levels of one continued fraction, at most. */
const GAMMA_TERMS_MAX = 2 ** 22;

/**
 * The regularised upper incomplete gamma function Q(k/2, y) for a whole number k >= 1 and rational y >= 0: the upper
 * tail of chi-square with k degrees of freedom at 2y. All terms are positive (DLMF 8.4.10, 8.8.2):
 *
 *     k even:  e^-y (1 + y + y^2/2! + ... + y^(k/2-1)/(k/2-1)!)
 *     k odd:   erfc(sqrt y) + e^-y sqrt(y) 2/sqrt(pi) (1 + 2y/3 + (2y)^2/(3*5) + ...), (k-1)/2 terms
 */
export function upperGamma(k: number, y: Rational, bits: number): Interval {
  invariant(
    Number.isSafeInteger(k) && k >= 1 && k <= GAMMA_TERMS_MAX,
    'expected degrees of freedom of at least 1',
  );
  if (y.numerator <= 0n) return integerInterval(1n);
  const wide = bits + 32;
  const at = rationalInterval(y, wide);
  const fall = exponential(negateInterval(at), wide);
  if (k % 2 === 0) return multiplyIntervals(fall, risingSum(at, 1, 1, k / 2, wide), bits);
  const front = frontOfErf(at, fall, wide);
  const terms = (k - 1) / 2;
  const sum = multiplyIntervals(
    front,
    risingSum(multiplyIntervals(integerInterval(2n), at, wide), 3, 2, terms, wide),
    wide,
  );
  return addIntervals(erfcOfRoot(y, at, fall, wide), sum, bits);
}

/** 1 + z/s + z^2/(s (s+step)) + ..., so many terms. */
function risingSum(z: Interval, start: number, step: number, terms: number, bits: number): Interval {
  let term = integerInterval(1n);
  let sum = integerInterval(0n);
  for (let n = 0; n < terms; n++) {
    sum = addIntervals(sum, term, bits);
    term = divideIntervals(multiplyIntervals(term, z, bits), integerInterval(BigInt(start + step * n)), bits);
  }
  return sum;
}

/** e^-y sqrt(y) 2/sqrt(pi). */
function frontOfErf(y: Interval, fall: Interval, bits: number): Interval {
  const root = rootOfInterval(divideIntervals(y, pi(bits), bits), bits);
  return multiplyIntervals(multiplyIntervals(integerInterval(2n), root, bits), fall, bits);
}

function erfcOfRoot(exact: Rational, y: Interval, fall: Interval, bits: number): Interval {
  if (exact.numerator >= FRACTION_FROM * exact.denominator) {
    // erfc(sqrt y) = e^-y sqrt(y)/sqrt(pi) * the fraction below, which is half the front of erf times it.
    const front = divideIntervals(frontOfErf(y, fall, bits), integerInterval(2n), bits);
    return multiplyIntervals(
      front,
      laplaceFraction(y, Number(exact.numerator / exact.denominator), bits),
      bits,
    );
  }
  return subtractIntervals(
    integerInterval(1n),
    multiplyIntervals(frontOfErf(y, fall, bits), erfSeries(y, bits), bits),
    bits,
  );
}

/** 1 + 2y/3 + (2y)^2/(3*5) + ..., for y < 8. */
function erfSeries(y: Interval, bits: number): Interval {
  const twice = multiplyIntervals(integerInterval(2n), y, bits);
  let term = integerInterval(1n);
  let sum = term;
  for (let n = 0; n < GAMMA_TERMS_MAX; n++) {
    term = divideIntervals(multiplyIntervals(term, twice, bits), integerInterval(BigInt(2 * n + 3)), bits);
    sum = addIntervals(sum, term, bits);
    // From 2y < 16 on, a divisor of 2n + 5 >= 32 halves each term at least: the rest is below the last one.
    if (n >= 14 && belowLastBit(term, bits)) {
      return addIntervals(sum, { low: 0n, high: term.high, exponent: term.exponent }, bits);
    }
  }
  invariant(false, 'expected a series of fewer terms');
}

function belowLastBit({ high, exponent }: Interval, bits: number): boolean {
  return exponent + high.toString(2).length < -bits;
}

/**
 * 1/(y + (1/2)/(1 + 1/(y + (3/2)/(1 + 2/(y + ...))))) (DLMF 7.9.1). All its parts are positive, so the value lies
 * between any two convergents that follow each other: the width of that bracket is the error.
 */
function laplaceFraction(y: Interval, size: number, bits: number): Interval {
  const nats = (bits * Math.LN2) / 4;
  const levels = 16 + Math.ceil((1.5 * nats * nats) / size);
  invariant(levels <= GAMMA_TERMS_MAX, 'expected a continued fraction of fewer levels');
  const even = convergent(y, 2 * levels, bits);
  const odd = convergent(y, 2 * levels + 1, bits);
  return hullOfIntervals(even, odd);
}

/** The fraction cut after `levels` divisions: level n adds n/2 over what follows, to y and to 1 in turn. */
function convergent(y: Interval, levels: number, bits: number): Interval {
  const one = integerInterval(1n);
  const part = (level: number) => (level % 2 === 0 ? y : one);
  let value = part(levels);
  for (let level = levels; level >= 1; level--) {
    const above = { low: BigInt(level), high: BigInt(level), exponent: -1 };
    value = addIntervals(part(level - 1), divideIntervals(above, value, bits), bits);
  }
  return divideIntervals(one, value, bits);
}
