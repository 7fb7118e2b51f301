import { invariant } from '../foundation/index.ts';
import { integerSquareRoot } from './integer-root.ts';
import { type Rational, rational } from './rational.ts';

export interface FormatOptions {
  /** Significant digits, at least 1. */
  readonly digits: number;
}

/** Exponents below this are printed in scientific notation: "0.0000001" is still read at a glance. */
const PLAIN_EXPONENT_MIN = -7;

/**
 * The decimal text of a rational, correctly rounded (half to even) to `digits` significant digits. A value
 * with fewer digits is printed exactly, without trailing zeros; a rounded one always shows all its digits, so
 * the two can be told apart by their length.
 *
 * Notation: plain while the first digit's power of ten is from -7 to digits - 1, so that every printed digit
 * is significant; otherwise scientific, "1.5e+40" or "1.5e-8".
 */
export function formatRational(value: Rational, { digits }: FormatOptions): string {
  const rounded = roundDecimal(value, digits);
  return layOut(rounded, digits);
}

/** A value rounded to so many significant digits, before it is a text. */
export interface RoundedDecimal {
  readonly negative: boolean;
  /** The digits as an integer: one more than asked for after rounding 99..9 up, zero only for zero. */
  readonly significand: bigint;
  /** The power of ten of the first digit before rounding. */
  readonly exponent: number;
  /** The significand is the whole value. */
  readonly exact: boolean;
}

/** The nearest decimal of `digits` significant digits, half to even. */
export function roundDecimal(value: Rational, digits: number): RoundedDecimal {
  checkDigits(digits);
  if (value.numerator === 0n) return { negative: false, significand: 0n, exponent: 0, exact: true };
  const negative = value.numerator < 0n;
  const size = negative ? -value.numerator : value.numerator;
  const exponent = decimalExponent(size, value.denominator);
  const [dividend, divisor] = scaled(size, value.denominator, digits - 1 - exponent);
  const quotient = dividend / divisor;
  const twiceRest = 2n * (dividend % divisor);
  const up = twiceRest > divisor || (twiceRest === divisor && quotient % 2n === 1n);
  return { negative, significand: up ? quotient + 1n : quotient, exponent, exact: twiceRest === 0n };
}

/** All digits of a rational whose expansion ends, in plain notation; one that does not end is a programmer's error. */
export function formatExactDecimal(value: Rational): string {
  let decimals = 0;
  let divisor = 1n;
  // A denominator 2^a * 5^b divides 10^max(a, b), and its bit length is above max(a, b).
  while (divisor % value.denominator !== 0n) {
    divisor *= 10n;
    decimals++;
    invariant(decimals <= value.denominator.toString(2).length, 'expected a decimal that ends');
  }
  const size = value.numerator < 0n ? -value.numerator : value.numerator;
  const digits = ((size * divisor) / value.denominator).toString().padStart(decimals + 1, '0');
  const whole = digits.slice(0, digits.length - decimals);
  const text = decimals === 0 ? whole : `${whole}.${digits.slice(digits.length - decimals)}`;
  return value.numerator < 0n ? `-${text}` : text;
}

/**
 * The square root of a rational that is not negative, in the form and rounding of {@link formatRational}.
 */
export function formatSquareRoot(value: Rational, { digits }: FormatOptions): string {
  checkDigits(digits);
  invariant(value.numerator >= 0n, 'expected a rational that is not negative');
  // In lowest terms the root is rational only if both parts are squares. Only then can it be short or lie
  // exactly between two roundings; every other root is irrational and has digits without end.
  const root = rational(integerSquareRoot(value.numerator), integerSquareRoot(value.denominator));
  if (root.numerator ** 2n === value.numerator && root.denominator ** 2n === value.denominator) {
    return formatRational(root, { digits });
  }
  const exponent = Math.floor(decimalExponent(value.numerator, value.denominator) / 2);
  // One digit more than asked: it decides the rounding alone, since what follows it is never all zero.
  const [dividend, divisor] = scaled(value.numerator, value.denominator, 2 * (digits - exponent));
  const withGuard = integerSquareRoot(dividend / divisor);
  const rounded = withGuard / 10n + (withGuard % 10n >= 5n ? 1n : 0n);
  return layOut({ negative: false, significand: rounded, exponent, exact: false }, digits);
}

/** The power of ten of the first digit of numerator / denominator > 0. */
function decimalExponent(numerator: bigint, denominator: bigint): number {
  const estimate = numerator.toString().length - denominator.toString().length;
  const [a, b] = scaled(numerator, denominator, -estimate);
  return a < b ? estimate - 1 : estimate;
}

/** numerator * 10^power / denominator as a dividend and a divisor. */
function scaled(numerator: bigint, denominator: bigint, power: number): readonly [bigint, bigint] {
  return power >= 0
    ? [numerator * 10n ** BigInt(power), denominator]
    : [numerator, denominator * 10n ** BigInt(-power)];
}

/** The text of a rounded decimal, in the notation of {@link formatRational}. */
export function layOut(rounded: RoundedDecimal, digits: number): string {
  if (rounded.significand === 0n) return '0';
  const text = sizeText(rounded, digits);
  return rounded.negative ? `-${text}` : text;
}

function sizeText({ significand, exponent, exact }: RoundedDecimal, digits: number): string {
  const all = significand.toString();
  const power = exponent + all.length - digits;
  let shown = all.slice(0, digits);
  if (exact) {
    let length = shown.length;
    while (length > 1 && shown[length - 1] === '0') length--;
    shown = shown.slice(0, length);
  }
  if (power < PLAIN_EXPONENT_MIN || power >= digits) {
    const fraction = shown.length > 1 ? `.${shown.slice(1)}` : '';
    return `${shown.slice(0, 1)}${fraction}e${power < 0 ? '-' : '+'}${Math.abs(power)}`;
  }
  if (power < 0) return `0.${'0'.repeat(-power - 1)}${shown}`;
  if (shown.length <= power + 1) return shown.padEnd(power + 1, '0');
  return `${shown.slice(0, power + 1)}.${shown.slice(power + 1)}`;
}

function checkDigits(digits: number): void {
  invariant(Number.isSafeInteger(digits) && digits >= 1, 'expected at least one significant digit');
}
