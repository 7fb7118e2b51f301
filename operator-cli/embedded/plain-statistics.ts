import { formatRational, formatSquareRoot, type Rational } from '../../src/arithmetic/index.ts';
import type { ResultDocument } from '../../src/statistics/index.ts';

/**
 * The statistics of decimal texts, computed the plain way: all readings in one place, whole numbers at one
 * scale, variance as the mean square distance from the mean. It shares no step with the path it is compared
 * with: no field, no schema, no moments. Only the last step, from a fraction to its rounded digits, is the
 * library's, which has its own tests.
 * @param texts decimal numbers such as "-12.50" or "1.5e3", at least one.
 */
export function plainStatistics(texts: readonly string[], digits: number): ResultDocument {
  const { values, decimals } = wholeNumbers(texts);
  const scale = 10n ** BigInt(decimals);
  const count = BigInt(values.length);
  let total = 0n;
  for (const value of values) total += value;
  // Distances from the mean times count, so that they stay whole.
  let squares = 0n;
  for (const value of values) squares += (value * count - total) ** 2n;
  const spread = count * count * scale * scale;
  const document = (numerator: bigint, denominator: bigint) => {
    const fraction = lowestTerms(numerator, denominator);
    return {
      fraction: `${fraction.numerator}/${fraction.denominator}`,
      decimal: formatRational(fraction, { digits }),
    };
  };
  const root = (numerator: bigint, denominator: bigint) =>
    formatSquareRoot(lowestTerms(numerator, denominator), { digits });
  const several = count > 1n;
  return {
    count: values.length,
    sum: decimalText(total, decimals),
    mean: document(total, count * scale),
    variance: {
      population: document(squares, spread * count),
      sample: several ? document(squares, spread * (count - 1n)) : null,
    },
    standardDeviation: {
      population: root(squares, spread * count),
      sample: several ? root(squares, spread * (count - 1n)) : null,
    },
  };
}

/** Decimal texts as whole numbers: value = whole / 10^decimals. */
export interface WholeNumbers {
  readonly values: readonly bigint[];
  readonly decimals: number;
}

export function wholeNumbers(texts: readonly string[]): WholeNumbers {
  const parts = texts.map(partsOf);
  const decimals = parts.reduce((most, { exponent }) => Math.max(most, -exponent), 0);
  return { values: parts.map(({ whole, exponent }) => whole * 10n ** BigInt(exponent + decimals)), decimals };
}

export function lowestTerms(numerator: bigint, denominator: bigint): Rational {
  let [a, b] = [numerator < 0n ? -numerator : numerator, denominator < 0n ? -denominator : denominator];
  const sign = denominator < 0n ? -1n : 1n;
  while (b !== 0n) [a, b] = [b, a % b];
  return { numerator: (sign * numerator) / a, denominator: (sign * denominator) / a };
}

/** A text as whole * 10^exponent. */
function partsOf(text: string): { readonly whole: bigint; readonly exponent: number } {
  const [mantissa = '', power = '0'] = text.toLowerCase().split('e');
  const negative = mantissa.startsWith('-');
  const [before = '', after = ''] = mantissa.replace(/^[+-]/, '').split('.');
  const size = BigInt(`${before}${after}` || '0');
  return { whole: negative ? -size : size, exponent: Number(power) - after.length };
}

/** value / 10^decimals with every digit and no trailing zero. */
function decimalText(value: bigint, decimals: number): string {
  const sign = value < 0n ? '-' : '';
  const digits = (value < 0n ? -value : value).toString().padStart(decimals + 1, '0');
  const whole = digits.slice(0, digits.length - decimals);
  const fraction = digits.slice(digits.length - decimals).replace(/0+$/, '');
  return `${sign}${whole}${fraction === '' ? '' : `.${fraction}`}`;
}
