import { formatRational, formatSquareRoot, type Rational } from '../../src/arithmetic/index.ts';
import type { JointDocument, MatrixDocument } from '../../src/statistics/index.ts';
import { lowestTerms, type WholeNumbers, wholeNumbers } from './plain-statistics.ts';

/** One column of a file: its name and its decimal texts, as many as every other column has. */
export interface PlainColumn {
  readonly name: string;
  readonly texts: readonly string[];
}

/**
 * Sample covariances and correlations the plain way: the distances from both means, multiplied reading by reading.
 * Like {@link plainStatistics} it shares no step but the rounding with what it is compared with.
 */
export function plainJointStatistics(columns: readonly PlainColumn[], digits: number): JointDocument {
  const whole = new Map(columns.map(({ name, texts }) => [name, wholeNumbers(texts)]));
  const names = columns.map(({ name }) => name);
  const matrix = (entry: (x: WholeNumbers, y: WholeNumbers) => string | null): MatrixDocument =>
    Object.fromEntries(
      names.map((x) => [
        x,
        Object.fromEntries(names.map((y) => [y, entry(columnOf(whole, x), columnOf(whole, y))])),
      ]),
    );
  return {
    covariance: matrix((x, y) => {
      const count = BigInt(x.values.length);
      if (count < 2n) return null;
      const scale = 10n ** BigInt(x.decimals + y.decimals);
      return formatRational(lowestTerms(products(x, y), count * count * (count - 1n) * scale), { digits });
    }),
    correlation: matrix((x, y) => {
      const spread = products(x, x) * products(y, y);
      if (spread === 0n) return null;
      const together = products(x, y);
      return signedRoot(together, lowestTerms(together * together, spread), digits);
    }),
  };
}

/** sign(value) * sqrt(square), printed. */
export function signedRoot(value: bigint, square: Rational, digits: number): string {
  if (value === 0n) return '0';
  return `${value < 0n ? '-' : ''}${formatSquareRoot(square, { digits })}`;
}

/** The sum of (n x - sum x) (n y - sum y): n^2 times the scatter, a whole number. */
function products(x: WholeNumbers, y: WholeNumbers): bigint {
  const count = BigInt(x.values.length);
  const [totalX, totalY] = [total(x.values), total(y.values)];
  let sum = 0n;
  x.values.forEach((value, i) => {
    sum += (count * value - totalX) * (count * (y.values[i] ?? 0n) - totalY);
  });
  return sum;
}

function total(values: readonly bigint[]): bigint {
  let sum = 0n;
  for (const value of values) sum += value;
  return sum;
}

function columnOf(columns: ReadonlyMap<string, WholeNumbers>, name: string): WholeNumbers {
  return columns.get(name) ?? { values: [], decimals: 0 };
}
