import type { Decimal } from '../arithmetic/index.ts';

/**
 * Largest exponent of ten a value on a grid may need. p/2 is below 10^39, so a larger value fits no stream, and
 * the integer is never built from a hostile exponent.
 */
export const GRID_EXPONENT_MAX = 64;

/** The value times 10^decimals where that is an integer: never rounded. */
export function gridInteger(
  { coefficient, exponent }: Decimal,
  decimals: number,
): bigint | 'too precise' | 'too large' {
  const power = exponent + decimals;
  if (power < 0) return 'too precise';
  if (power > GRID_EXPONENT_MAX) return 'too large';
  return coefficient * 10n ** BigInt(power);
}

/** So many decimals, in words. */
export function decimalsText(decimals: number): string {
  return decimals === 1 ? '1 decimal' : `${decimals} decimals`;
}
