import {
  addRational,
  balanced,
  type FieldElement,
  multiplyRational,
  type Rational,
  rational,
} from '../arithmetic/index.ts';
import { invariant } from '../foundation/index.ts';
import { type ReadingSchema, type StoredSchema, storedSchema } from '../sharing/index.ts';
import { readSignedSums, type StoredSums } from './stored-sums.ts';

/** Sums over the included readings, exact and in the readings' own scale. */
export interface Moments {
  readonly count: bigint;
  /** Per field the sums of x, x^2, x^3 ... as far as the schema shares them without a gap. */
  readonly powerSums: ReadonlyMap<string, readonly Rational[]>;
  /** The sums of products of several fields' powers, by {@link productKey}. */
  readonly productSums: ReadonlyMap<string, Rational>;
}

/** A product of powers: fields, each with its power, in any order. */
export type Factors = readonly (readonly [field: string, power: number])[];

/** One text for one product, whatever the order of its factors. */
export function productKey(factors: Factors): string {
  return JSON.stringify(factors.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** The sum of a product of powers; `undefined` where the schema does not share it. */
export function momentSum(moments: Moments, factors: Factors): Rational | undefined {
  const [first, ...others] = factors;
  if (first === undefined) return rational(moments.count);
  const [field, power] = first;
  if (others.length === 0) return moments.powerSums.get(field)?.[power - 1];
  return moments.productSums.get(productKey(factors));
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
 * sum(x^k) = sum over j of C(k, j) * offset^(k-j) * sum(s^j) / 10^(dj), and likewise for each factor of a product.
 * A sum that needs another one that the schema does not share is left out.
 * @param sums one signed sum of stored integers per element, of one window or of several added.
 * @throws EngineError `WRONG_VECTOR_LENGTH`
 */
export function momentsOfSums(schema: ReadingSchema, sums: readonly bigint[]): Moments {
  const stored = storedSchema(schema);
  const read = readSignedSums(stored, sums);
  const powerSums = new Map<string, readonly Rational[]>();
  stored.fields.forEach((field, index) => {
    const own: Rational[] = [];
    for (let power = 1; ; power++) {
      const sum = rawSum(stored, read, [{ index, power }]);
      if (sum === undefined) break;
      own.push(sum);
    }
    powerSums.set(field.name, own);
  });
  const productSums = new Map<string, Rational>();
  for (const element of stored.elements) {
    if (element.kind !== 'moment' || element.factors.length < 2) continue;
    const sum = rawSum(stored, read, element.factors);
    const names = element.factors.map(({ index, power }) => [nameOf(stored, index), power] as const);
    if (sum !== undefined) productSums.set(productKey(names), sum);
  }
  return { count: read.count, powerSums, productSums };
}

function nameOf({ fields }: StoredSchema, index: number): string {
  return fields[index]?.name ?? '';
}

interface Factor {
  readonly index: number;
  readonly power: number;
}

/** The sum of a product of raw powers; everything is over 10 to the sum of decimals * power. */
function rawSum(
  { fields }: StoredSchema,
  read: StoredSums,
  factors: readonly Factor[],
): Rational | undefined {
  let scale = 0;
  // Each way to take s or the offset from every factor: a coefficient and the powers of s that are left.
  let parts: readonly {
    readonly coefficient: bigint;
    readonly left: readonly (readonly [number, number])[];
  }[] = [{ coefficient: 1n, left: [] }];
  for (const { index, power } of factors) {
    const { offset, decimals } = fields[index] ?? { offset: 0n, decimals: 0 };
    scale += decimals * power;
    parts = parts.flatMap(({ coefficient, left }) =>
      expansion(offset, power).map((factor, j) => ({
        coefficient: coefficient * factor,
        left: j === 0 ? left : [...left, [index, j] as const],
      })),
    );
  }
  let numerator = 0n;
  for (const { coefficient, left } of parts) {
    if (coefficient === 0n) continue;
    const sum = left.length === 0 ? read.count : read.moment(...left);
    if (sum === undefined) return undefined;
    numerator += coefficient * sum;
  }
  return rational(numerator, 10n ** BigInt(scale));
}

/** C(power, j) * offset^(power - j) for j = 0 .. power. */
function expansion(offset: bigint, power: number): bigint[] {
  const coefficients: bigint[] = [];
  let binomial = 1n;
  for (let j = 0; j <= power; j++) {
    coefficients.push(binomial * offset ** BigInt(power - j));
    binomial = (binomial * BigInt(power - j)) / BigInt(j + 1);
  }
  return coefficients;
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
