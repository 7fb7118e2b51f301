import {
  compareRational,
  type FormatOptions,
  formatRational,
  formatReal,
  formatSquareRoot,
  multiplyRational,
  parseDecimal,
  type Rational,
  rational,
  rationalText,
} from '../arithmetic/index.ts';
import type { RealInterval } from './confidence.ts';
import type { SignedRoot } from './covariance.ts';

/** An exact value and its decimal text, correctly rounded to the digits asked for. */
export interface RationalDocument {
  readonly fraction: string;
  readonly decimal: string;
}

/** A root and the exact value of its square; the sign is the decimal's. */
export interface RootDocument {
  readonly squareFraction: string;
  readonly decimal: string;
}

/** A confidence interval, its ends correctly rounded. */
export interface IntervalDocument {
  readonly confidence: string;
  readonly low: string;
  readonly high: string;
}

export function printedRational(value: Rational | null, options: FormatOptions): RationalDocument | null {
  return value && { fraction: rationalText(value), decimal: formatRational(value, options) };
}

export function printedRoot(root: SignedRoot | null, options: FormatOptions): RootDocument | null {
  if (root === null) return null;
  return { squareFraction: rationalText(root.square), decimal: rootText(root, options) };
}

export function printedInterval(
  interval: RealInterval | null,
  confidence: Rational,
  options: FormatOptions,
): IntervalDocument | null {
  return (
    interval && {
      confidence: formatRational(confidence, options),
      low: formatReal(interval.low, options),
      high: formatReal(interval.high, options),
    }
  );
}

/** sign * sqrt(square). */
export function rootText(root: SignedRoot, options: FormatOptions): string {
  if (root.sign === 0) return '0';
  const size = formatSquareRoot(root.square, options);
  return root.sign < 0 ? `-${size}` : size;
}

/** Whether a printed decimal is the whole value and no rounding of it. */
export function isExact(printed: RationalDocument | RootDocument): boolean {
  const decimal = parseDecimal(printed.decimal);
  if ('fraction' in printed) return compareRational(decimal, fractionOf(printed.fraction)) === 0;
  return compareRational(multiplyRational(decimal, decimal), fractionOf(printed.squareFraction)) === 0;
}

function fractionOf(text: string): Rational {
  const [numerator = '0', denominator = '1'] = text.split('/');
  return rational(BigInt(numerator), BigInt(denominator));
}
