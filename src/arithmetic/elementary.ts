import { invariant } from '../foundation/index.ts';
import {
  addIntervals,
  bitSize,
  ceilingQuotient,
  fixedPoint,
  hullOfIntervals,
  type Interval,
  integerInterval,
  multiplyIntervals,
} from './interval.ts';

/** Lower and upper bound of one number, times 2^bits. */
interface Bounds {
  readonly low: bigint;
  readonly high: bigint;
}

/**
 * The natural logarithm of a positive interval, to about 2^-bits absolutely. With x = f * 2^k and 1 <= f < 2:
 * ln x = 2 artanh((f - 1) / (f + 1)) + k ln 2, where artanh z = z + z^3/3 + z^5/5 + ...
 */
export function logarithm(x: Interval, bits: number): Interval {
  invariant(x.low > 0n, 'expected an interval that is certainly positive');
  const low = logarithmOf(x.low, x.exponent, bits);
  if (x.low === x.high) return low;
  return hullOfIntervals(low, logarithmOf(x.high, x.exponent, bits));
}

function logarithmOf(mantissa: bigint, exponent: number, bits: number): Interval {
  const top = bitSize(mantissa) - 1;
  const power = top + exponent;
  const scale = bits + bitSize(BigInt(power)) + 4;
  const one = 1n << BigInt(top);
  const { low, high } = artanh(mantissa - one, mantissa + one, scale);
  const fraction = { low: 2n * low, high: 2n * high, exponent: -scale };
  return addIntervals(
    fraction,
    multiplyIntervals(integerInterval(BigInt(power)), logarithmOfTwo(scale), scale),
    scale,
  );
}

/** ln 2 = 2 artanh(1/3). */
function logarithmOfTwo(bits: number): Interval {
  return remembered(logarithmsOfTwo, bits, () => {
    const { low, high } = artanh(1n, 3n, bits);
    return { low: 2n * low, high: 2n * high, exponent: -bits };
  });
}

/** artanh(numerator / denominator) for 0 <= numerator / denominator <= 1/3. */
function artanh(numerator: bigint, denominator: bigint, bits: number): Bounds {
  const shift = BigInt(bits);
  let low = (numerator << shift) / denominator;
  let high = ceilingQuotient(numerator << shift, denominator);
  const square = { low: (low * low) >> shift, high: ((high * high) >> shift) + 1n };
  const sum = { low, high };
  for (let odd = 3n; high > 2n; odd += 2n) {
    low = (low * square.low) >> shift;
    high = ((high * square.high) >> shift) + 1n;
    sum.low += low / odd;
    sum.high += high / odd + 1n;
  }
  // The rest is below the last term times z^2 / (1 - z^2), and z^2 is at most 1/9.
  sum.high += high;
  return sum;
}

/** e^x to about `bits` significant bits, if x is as narrow. With x = k ln 2 + r, 0 < r < 2: e^x = 2^k * e^r. */
export function exponential(x: Interval, bits: number): Interval {
  const low = exponentialOf(x.low, x.exponent, bits);
  if (x.low === x.high) return low;
  return hullOfIntervals(low, exponentialOf(x.high, x.exponent, bits));
}

function exponentialOf(mantissa: bigint, exponent: number, bits: number): Interval {
  const scale = bits + Math.max(0, bitSize(mantissa) + exponent) + 8;
  const shift = BigInt(scale);
  const x = fixedPoint({ low: mantissa, high: mantissa, exponent }, scale);
  const two = fixedPoint(logarithmOfTwo(scale), scale);
  // One less than the quotient keeps the rest positive, so that no term of the series cancels another.
  const power = x.low / two.high - (x.low < 0n ? 2n : 1n);
  const rest =
    power >= 0n
      ? { low: x.low - power * two.high, high: x.high - power * two.low }
      : { low: x.low - power * two.low, high: x.high - power * two.high };
  invariant(rest.low > 0n && rest.high < 3n << shift, 'expected a reduced argument between 0 and 3');
  let low = 1n << shift;
  let high = low;
  const sum = { low, high };
  for (let n = 1n; n < 8n || high > 2n; n++) {
    low = ((low * rest.low) >> shift) / n;
    high = ((high * rest.high) >> shift) / n + 1n;
    sum.low += low;
    sum.high += high;
  }
  // From the eighth term on each is below 3/8 of the one before.
  sum.high += high;
  return { low: sum.low, high: sum.high, exponent: Number(power) - scale };
}

/** Pi by Machin's formula: 16 arctan(1/5) - 4 arctan(1/239). */
export function pi(bits: number): Interval {
  return remembered(valuesOfPi, bits, () => {
    const scale = bits + 8;
    const [a, b] = [reciprocalArctangent(5n, scale), reciprocalArctangent(239n, scale)];
    return { low: 16n * a.low - 4n * b.high, high: 16n * a.high - 4n * b.low, exponent: -scale };
  });
}

/** arctan(1/n) = 1/n - 1/(3 n^3) + ..., alternating, so the error is below the last term. */
function reciprocalArctangent(n: bigint, bits: number): Bounds {
  let power = (1n << BigInt(bits)) / n;
  let sum = 0n;
  let terms = 0n;
  for (; power > 0n; terms++) {
    const term = power / (2n * terms + 1n);
    sum += terms % 2n === 0n ? term : -term;
    power /= n * n;
  }
  // Each power and each term is cut by less than one unit and a half together, the rest is below one.
  return { low: sum - 3n * terms - 2n, high: sum + 3n * terms + 2n };
}

/** Constants of the few precisions a program asks for again and again; so many at most. */
const logarithmsOfTwo = new Map<number, Interval>();
const valuesOfPi = new Map<number, Interval>();
const CONSTANTS_REMEMBERED_MAX = 64;

function remembered(values: Map<number, Interval>, bits: number, make: () => Interval): Interval {
  const known = values.get(bits);
  if (known !== undefined) return known;
  if (values.size >= CONSTANTS_REMEMBERED_MAX) values.clear();
  const value = make();
  values.set(bits, value);
  return value;
}
