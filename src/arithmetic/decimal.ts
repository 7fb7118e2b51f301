import { EngineError } from '../foundation/index.ts';
import { type Rational, rational } from './rational.ts';

/**
 * Characters of a decimal text that is read at all: the exact expansion of any double fits (1,077), and the
 * quadratic cost of turning digits into an integer stays small.
 */
export const DECIMAL_CHARACTERS_MAX = 1_100;

/**
 * Size of the exponent that {@link parseDecimal} takes. "1e999999999" is eleven characters long and an integer
 * of 400 MB; every double is far inside.
 */
export const DECIMAL_EXPONENT_MAX = 2_000;

/** coefficient * 10^exponent, the coefficient not divisible by ten; zero is 0 * 10^0. */
export interface Decimal {
  readonly coefficient: bigint;
  /** May be infinite where the text's exponent is absurd; callers compare it before they use it. */
  readonly exponent: number;
}

const DECIMAL = /^([+-]?)([0-9]*)(?:\.([0-9]*))?(?:[eE]([+-]?[0-9]+))?$/;

/**
 * Reads a decimal number: optional sign, digits with an optional point, optional exponent ("-12.50", ".5",
 * "1.5e-7"). No spaces, separators, hex or names of infinities; `undefined` for anything else.
 */
export function readDecimal(text: string): Decimal | undefined {
  if (text.length > DECIMAL_CHARACTERS_MAX) return undefined;
  const match = DECIMAL.exec(text);
  if (match === null) return undefined;
  const [, sign = '', whole = '', fraction = '', exponentText = '0'] = match;
  const digits = whole + fraction;
  if (digits === '') return undefined;
  let significant = digits.length;
  while (significant > 0 && digits[significant - 1] === '0') significant--;
  if (significant === 0) return { coefficient: 0n, exponent: 0 };
  const coefficient = BigInt(digits.slice(0, significant));
  return {
    coefficient: sign === '-' ? -coefficient : coefficient,
    exponent: Number(exponentText) - fraction.length + (digits.length - significant),
  };
}

/**
 * The exact value of a decimal text, by the grammar of {@link readDecimal}.
 * @throws EngineError `MALFORMED_TEXT`
 */
export function parseDecimal(text: string): Rational {
  const decimal = readDecimal(text);
  if (decimal === undefined || Math.abs(decimal.exponent) > DECIMAL_EXPONENT_MAX) {
    throw new EngineError('MALFORMED_TEXT', `expected a decimal number, got ${text.length} other characters`);
  }
  const { coefficient, exponent } = decimal;
  if (exponent >= 0) return rational(coefficient * 10n ** BigInt(exponent));
  return rational(coefficient, 10n ** BigInt(-exponent));
}
