import { invariant } from '../foundation/index.ts';
import { largestOf, smallestOf } from './extremes.ts';
import { integerSquareRoot } from './integer-root.ts';
import type { Rational } from './rational.ts';

/**
 * Every real number from low * 2^exponent to high * 2^exponent. Operations round outwards, so that the interval of
 * a result holds the true value whatever was lost on the way: the width is the proven error bound.
 */
export interface Interval {
  readonly low: bigint;
  readonly high: bigint;
  readonly exponent: number;
}

/** A real number as a recipe: an interval that holds it, the narrower the more bits are asked for. */
export type Real = (bits: number) => Interval;

/** Bits of |n|; 0 for 0. */
export function bitSize(n: bigint): number {
  if (n === 0n) return 0;
  const hex = (n < 0n ? -n : n).toString(16);
  return 4 * hex.length - Math.clz32(Number.parseInt(hex.slice(0, 1), 16)) + 28;
}

/** The integer itself. */
export function integerInterval(value: bigint): Interval {
  return { low: value, high: value, exponent: 0 };
}

/** The rational to `bits` significant bits. */
export function rationalInterval({ numerator, denominator }: Rational, bits: number): Interval {
  return quotient(numerator, denominator, bits);
}

export function addIntervals(a: Interval, b: Interval, bits: number): Interval {
  // What is far below the larger one's last bit only widens the result by one unit; shifting left instead would
  // build a number as long as the distance of the exponents.
  const exponent = Math.max(topOf(a), topOf(b)) - bits - GUARD_BITS;
  const from = Math.max(exponent, Math.min(a.exponent, b.exponent));
  const [x, y] = [aligned(a, from), aligned(b, from)];
  return trimmed(x.low + y.low, x.high + y.high, from, bits);
}

export function negateInterval({ low, high, exponent }: Interval): Interval {
  return { low: -high, high: -low, exponent };
}

export function subtractIntervals(a: Interval, b: Interval, bits: number): Interval {
  return addIntervals(a, negateInterval(b), bits);
}

export function multiplyIntervals(a: Interval, b: Interval, bits: number): Interval {
  const exponent = a.exponent + b.exponent;
  if (a.low >= 0n && b.low >= 0n) return trimmed(a.low * b.low, a.high * b.high, exponent, bits);
  const products = [a.low * b.low, a.low * b.high, a.high * b.low, a.high * b.high] as const;
  return trimmed(smallestOf(...products), largestOf(...products), exponent, bits);
}

/** a / b; a divisor that may be zero or negative is a programmer's error. */
export function divideIntervals(a: Interval, b: Interval, bits: number): Interval {
  invariant(b.low > 0n, 'expected a divisor that is certainly positive');
  const least = quotient(a.low, a.low >= 0n ? b.high : b.low, bits);
  const most = quotient(a.high, a.high >= 0n ? b.low : b.high, bits);
  const { low, high, exponent } = hullOfIntervals(least, most);
  return trimmed(low, high, exponent + a.exponent - b.exponent, bits);
}

/** The square root; what the interval has below zero is taken as zero. */
export function rootOfInterval(a: Interval, bits: number): Interval {
  invariant(a.high >= 0n, 'expected an interval that is not wholly negative');
  let shift = Math.max(0, 2 * bits - bitSize(a.high));
  if ((a.exponent - shift) % 2 !== 0) shift++;
  const low = a.low > 0n ? integerSquareRoot(a.low << BigInt(shift)) : 0n;
  const high = integerSquareRoot(a.high << BigInt(shift)) + 1n;
  return trimmed(low, high, (a.exponent - shift) / 2, bits);
}

/** a to a power that is a whole number and not negative, of an interval that is not negative. */
export function powerOfInterval(a: Interval, power: number, bits: number): Interval {
  let result = integerInterval(1n);
  let square = a;
  for (let rest = power; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) result = multiplyIntervals(result, square, bits);
    if (rest > 1) square = multiplyIntervals(square, square, bits);
  }
  return result;
}

/** The smallest interval that holds both. */
export function hullOfIntervals(a: Interval, b: Interval): Interval {
  const exponent = Math.min(a.exponent, b.exponent);
  const [x, y] = [aligned(a, exponent), aligned(b, exponent)];
  return { low: smallestOf(x.low, y.low), high: largestOf(x.high, y.high), exponent };
}

/** The interval of the smaller of two numbers, whichever that is. */
export function smallerInterval(a: Interval, b: Interval): Interval {
  const exponent = Math.min(a.exponent, b.exponent);
  const [x, y] = [aligned(a, exponent), aligned(b, exponent)];
  return { low: smallestOf(x.low, y.low), high: smallestOf(x.high, y.high), exponent };
}

/** floor(value * 2^bits) of the low end and the ceiling of the high end. */
export function fixedPoint(a: Interval, bits: number): { readonly low: bigint; readonly high: bigint } {
  return aligned(a, -bits);
}

/** -1, 1 or 0 as a is certainly less than b, certainly greater, or the intervals touch. */
export function compareIntervals(a: Interval, b: Interval): -1 | 0 | 1 {
  const exponent = Math.min(a.exponent, b.exponent);
  const [x, y] = [aligned(a, exponent), aligned(b, exponent)];
  if (x.high < y.low) return -1;
  return x.low > y.high ? 1 : 0;
}

export function ceilingQuotient(numerator: bigint, denominator: bigint): bigint {
  return -floorQuotient(-numerator, denominator);
}

/** The largest integer that is at most numerator / denominator, for a positive denominator. */
export function floorQuotient(numerator: bigint, denominator: bigint): bigint {
  const whole = numerator / denominator;
  return numerator < 0n && whole * denominator !== numerator ? whole - 1n : whole;
}

/** Bits kept below the precision asked for, so that a sum of a few terms does not lose its last bit. */
const GUARD_BITS = 8;

/** The exponent of the first bit, about; zero has none, and must not push the other term below its own last bit. */
function topOf({ low, high, exponent }: Interval): number {
  if (low === 0n && high === 0n) return Number.NEGATIVE_INFINITY;
  return exponent + Math.max(bitSize(low), bitSize(high));
}

function aligned({ low, high, exponent }: Interval, to: number) {
  if (exponent >= to) {
    const shift = BigInt(exponent - to);
    return { low: low << shift, high: high << shift };
  }
  const shift = BigInt(to - exponent);
  return { low: low >> shift, high: -(-high >> shift) };
}

function quotient(numerator: bigint, denominator: bigint, bits: number): Interval {
  const shift = Math.max(0, bits + GUARD_BITS + bitSize(denominator) - bitSize(numerator));
  return {
    low: floorQuotient(numerator << BigInt(shift), denominator),
    high: ceilingQuotient(numerator << BigInt(shift), denominator),
    exponent: -shift,
  };
}

function trimmed(low: bigint, high: bigint, exponent: number, bits: number): Interval {
  const surplus = Math.max(bitSize(low), bitSize(high)) - bits - GUARD_BITS;
  if (surplus <= 0) return { low, high, exponent };
  const shift = BigInt(surplus);
  return { low: low >> shift, high: -(-high >> shift), exponent: exponent + surplus };
}
