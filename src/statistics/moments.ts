import {
  addRational,
  balanced,
  type FieldElement,
  multiplyRational,
  type Rational,
  rational,
} from '../arithmetic/index.ts';
import { invariant } from '../foundation/index.ts';
import { type ReadingSchema, type StoredField, storedSchema } from '../sharing/index.ts';
import { readSignedSums } from './stored-sums.ts';

/** Sums over the included readings, exact and in the readings' own scale. */
export interface Moments {
  readonly count: bigint;
  /** Per field the sums of x, x^2, x^3 ... as far as the schema shares them without a gap. */
  readonly powerSums: ReadonlyMap<string, readonly Rational[]>;
}

/**
 * {@link momentsOfSums} of combined elements.
 * @param sums the combined elements, checked with checkPlausible by the caller.
 * @throws EngineError `WRONG_VECTOR_LENGTH`
 */
export function momentsOf(schema: ReadingSchema, sums: readonly FieldElement[]): Moments {
  return momentsOfSums(schema, sums.map(balanced));
}

/**
 * Undoes offset and scale: with x = offset + s / 10^d and n readings,
 * sum(x^k) = sum over j of C(k, j) * offset^(k-j) * sum(s^j) / 10^(dj).
 * @param sums one signed sum of stored integers per element, of one window or of several added.
 * @throws EngineError `WRONG_VECTOR_LENGTH`
 */
export function momentsOfSums(schema: ReadingSchema, sums: readonly bigint[]): Moments {
  const stored = storedSchema(schema);
  const read = readSignedSums(stored, sums);
  const powerSums = new Map<string, readonly Rational[]>();
  stored.fields.forEach((field, index) => {
    const storedSums: bigint[] = [read.count];
    for (let power = 1; ; power++) {
      const sum = read.moment([index, power]);
      if (sum === undefined) break;
      storedSums.push(sum);
    }
    powerSums.set(
      field.name,
      storedSums.slice(1).map((_, i) => rawPowerSum(field, storedSums, i + 1)),
    );
  });
  return { count: read.count, powerSums };
}

/** The sums of s^0 .. s^power turned into the sum of x^power; everything is over 10^(decimals * power). */
function rawPowerSum(field: StoredField, storedSums: readonly bigint[], power: number): Rational {
  let numerator = 0n;
  let binomial = 1n;
  for (let j = 0; j <= power; j++) {
    numerator += binomial * field.offset ** BigInt(power - j) * (storedSums[j] ?? 0n);
    binomial = (binomial * BigInt(power - j)) / BigInt(j + 1);
  }
  return rational(numerator, 10n ** BigInt(field.decimals * power));
}

/** Exact statistics of one field; `null` where there are too few readings, or no second moment, to define one. */
export interface Univariate {
  readonly count: bigint;
  readonly sum: Rational;
  readonly mean: Rational | null;
  readonly populationVariance: Rational | null;
  readonly sampleVariance: Rational | null;
}

/** @param field a field whose first moment the schema shares; another one is a programmer's error. */
export function univariate(moments: Moments, field: string): Univariate {
  const { count } = moments;
  const [sum, squares] = moments.powerSums.get(field) ?? [];
  invariant(sum !== undefined, 'expected a field whose sum is shared');
  if (count === 0n) return { count, sum, mean: null, populationVariance: null, sampleVariance: null };
  const mean = multiplyRational(sum, rational(1n, count));
  if (squares === undefined) return { count, sum, mean, populationVariance: null, sampleVariance: null };
  const negatedSquare = multiplyRational(rational(-1n), multiplyRational(sum, mean));
  const scatter = addRational(squares, negatedSquare);
  return {
    count,
    sum,
    mean,
    populationVariance: multiplyRational(scatter, rational(1n, count)),
    sampleVariance: count === 1n ? null : multiplyRational(scatter, rational(1n, count - 1n)),
  };
}
