import { gcd } from 'bigint-crypto-utils';
import { invariant } from '../foundation/index.ts';

/** An exact fraction in lowest terms with a positive denominator; only {@link rational} should make one. */
export interface Rational {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

/** numerator / denominator in lowest terms; a denominator of zero is a programmer's error. */
export function rational(numerator: bigint, denominator = 1n): Rational {
  invariant(denominator !== 0n, 'expected a denominator other than zero');
  if (denominator === 1n) return { numerator, denominator };
  const divisor = gcd(numerator, denominator);
  const signed = denominator < 0n ? -divisor : divisor;
  return { numerator: numerator / signed, denominator: denominator / signed };
}

export function addRational(a: Rational, b: Rational): Rational {
  return rational(a.numerator * b.denominator + b.numerator * a.denominator, a.denominator * b.denominator);
}

export function subtractRational(a: Rational, b: Rational): Rational {
  return rational(a.numerator * b.denominator - b.numerator * a.denominator, a.denominator * b.denominator);
}

export function multiplyRational(a: Rational, b: Rational): Rational {
  return rational(a.numerator * b.numerator, a.denominator * b.denominator);
}

/** a / b; dividing by zero is a programmer's error. */
export function divideRational(a: Rational, b: Rational): Rational {
  return rational(a.numerator * b.denominator, a.denominator * b.numerator);
}

/** Negative, zero or positive as a is less than, equal to or greater than b. */
export function compareRational(a: Rational, b: Rational): -1 | 0 | 1 {
  const difference = a.numerator * b.denominator - b.numerator * a.denominator;
  if (difference === 0n) return 0;
  return difference < 0n ? -1 : 1;
}

/** "a/b", integers as "a/1". */
export function rationalText(value: Rational): string {
  return `${value.numerator}/${value.denominator}`;
}
