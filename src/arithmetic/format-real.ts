import { invariant } from '../foundation/index.ts';
import { type FormatOptions, layOut, type RoundedDecimal, roundDecimal } from './format-decimal.ts';
import {
  bitSize,
  divideIntervals,
  type Interval,
  integerInterval,
  multiplyIntervals,
  powerOfInterval,
  type Real,
} from './interval.ts';
import { type Rational, rational } from './rational.ts';

/** Working precision beyond the digits asked for, in bits, at the first try. */
const GUARD_BITS = 32;
/** Working precision at which no function of this package is still undecided, in bits: a loop has a limit. */
const WORKING_BITS_MAX = 2 ** 22;
const BITS_PER_DIGIT = Math.log2(10);
/** An interval this narrow, in bits beyond twice the digits, that still holds a short decimal is taken for it. */
const COINCIDENCE_BITS = 200;

/**
 * The decimal text of a real number, correctly rounded: the working precision grows until both ends of the interval
 * round to the same digits (Ziv 1991), so the bounds proven for the interval decide, never a guess of the error.
 *
 * One question no precision answers: whether a number is exactly the decimal of so few digits that it seems to be
 * (Student's t of 1 with one degree of freedom has p = 1/2). An interval that holds such a decimal, or such a
 * midpoint of two, and is relatively narrower than 2^-{@link COINCIDENCE_BITS} / 100^digits is taken for it.
 */
export function formatReal(real: Real, { digits }: FormatOptions): string {
  const needed = Math.ceil(digits * BITS_PER_DIGIT);
  for (let bits = needed + GUARD_BITS; bits <= WORKING_BITS_MAX; bits *= 2) {
    const rounded = roundInterval(real(bits), digits, bits, 2 * needed + COINCIDENCE_BITS);
    if (rounded !== undefined) return layOut(rounded, digits);
  }
  invariant(false, 'expected a real number whose interval becomes narrow');
}

function roundInterval(
  value: Interval,
  digits: number,
  bits: number,
  coincidenceBits: number,
): RoundedDecimal | undefined {
  const width = bitSize(value.high - value.low);
  if (value.low <= 0n && value.high >= 0n) {
    const zero = width === 0 || width + value.exponent < -coincidenceBits;
    return zero ? { negative: false, significand: 0n, exponent: 0, exact: true } : undefined;
  }
  const power = decimalPower(value);
  const shifted = timesPowerOfTen(value, -power, Math.max(bits, coincidenceBits) + GUARD_BITS);
  const moved = (rounded: RoundedDecimal) => ({ ...rounded, exponent: rounded.exponent + power });
  const low = roundDecimal(endOf(shifted.low, shifted.exponent), digits);
  const high = roundDecimal(endOf(shifted.high, shifted.exponent), digits);
  if (shifted.low === shifted.high) return moved(low);
  if (same(low, high) && !holds(shifted, low, digits)) return moved({ ...low, exact: false });
  if (bitSize(value.high) - width < coincidenceBits) return undefined;
  // One digit more also finds the midpoint of two decimals, which goes to the even one.
  const decimal = roundDecimal(endOf(shifted.low, shifted.exponent), digits + 1);
  return moved(roundDecimal(decimalOf(decimal, digits + 1), digits));
}

function same(a: RoundedDecimal, b: RoundedDecimal): boolean {
  return a.significand === b.significand && a.exponent === b.exponent && a.negative === b.negative;
}

/** Whether the rounded decimal itself lies in the interval: then the value may be exact. */
function holds({ low, high, exponent }: Interval, rounded: RoundedDecimal, digits: number): boolean {
  const { numerator, denominator } = decimalOf(rounded, digits);
  const [a, b] = [endOf(low, exponent), endOf(high, exponent)];
  return (
    a.numerator * denominator <= numerator * a.denominator &&
    b.numerator * denominator >= numerator * b.denominator
  );
}

function decimalOf({ negative, significand, exponent }: RoundedDecimal, digits: number): Rational {
  const power = exponent - digits + 1;
  const size =
    power >= 0 ? rational(significand * 10n ** BigInt(power)) : rational(significand, 10n ** BigInt(-power));
  return negative ? { ...size, numerator: -size.numerator } : size;
}

function endOf(mantissa: bigint, exponent: number): Rational {
  return exponent >= 0 ? rational(mantissa << BigInt(exponent)) : rational(mantissa, 1n << BigInt(-exponent));
}

/** About the power of ten of the first digit. */
function decimalPower({ low, high, exponent }: Interval): number {
  return Math.floor((exponent + Math.max(bitSize(low), bitSize(high))) / BITS_PER_DIGIT);
}

/** The interval times a power of ten, so that a number like 10^-50000 is never written out. */
function timesPowerOfTen(value: Interval, power: number, bits: number): Interval {
  const factor = powerOfInterval(integerInterval(10n), Math.abs(power), bits);
  return power >= 0 ? multiplyIntervals(value, factor, bits) : divideIntervals(value, factor, bits);
}
