import { bitLength, lcm } from 'bigint-crypto-utils';
import {
  addRational,
  multiplyRational,
  type Rational,
  rational,
  subtractRational,
} from '../arithmetic/index.ts';
import { type ReadingSchema, type StoredField, type StoredSchema, storedSchema } from '../sharing/index.ts';
import { eliminate } from './elimination.ts';

/** Bits of ambiguity that the released sums of a window must leave by default. */
export const AMBIGUITY_BITS = 20;

/** Sensors beyond which {@link leastSensors} stops looking: a yes/no field never gets there, its sum is its multiset. */
export const LEAST_SENSORS_MAX = 100_000;

/** Moments beyond which nothing is estimated: the determinant takes seconds, and a sensor checks it too. */
export const MOMENTS_ESTIMATED_MAX = 160;

/**
 * Estimate of how much the released sums leave open about `sensors` readings: bits in a multiset of readings on
 * the stream's grid minus bits in the sums, as if the readings were uniform between the bounds and the sums
 * normal. Near or below zero the sums determine who measured what up to the order. Cells publish the multiset
 * by design and are left out; without any moment the estimate is infinite, with more than
 * {@link MOMENTS_ESTIMATED_MAX} it is minus infinity, because nobody knows.
 */
export function ambiguityBits(schema: ReadingSchema, sensors: number): number {
  const terms = ambiguityTerms(schema);
  if (terms === undefined) return Number.POSITIVE_INFINITY;
  if (terms === 'too many') return Number.NEGATIVE_INFINITY;
  let bits = 0;
  for (let i = 0; i < sensors; i++) bits += multisetStep(terms, i);
  return bits - releasedBits(terms, sensors);
}

/**
 * The least number of sensors, at least 2, whose sums leave `bits` of ambiguity; infinite where even
 * {@link LEAST_SENSORS_MAX} are too few, or nobody knows. One field of 0..40 in steps of 1: 13 at degree 2, 21 at 3, 37 at 4.
 */
export function leastSensors(schema: ReadingSchema, bits: number = AMBIGUITY_BITS): number {
  const terms = ambiguityTerms(schema);
  if (terms === undefined) return 2;
  if (terms === 'too many') return Number.POSITIVE_INFINITY;
  let multiset = multisetStep(terms, 0);
  for (let sensors = 2; sensors <= LEAST_SENSORS_MAX; sensors++) {
    multiset += multisetStep(terms, sensors - 1);
    if (multiset - releasedBits(terms, sensors) >= bits) return sensors;
  }
  return Number.POSITIVE_INFINITY;
}

/**
 * Whether so many sensors are enough, as {@link leastSensors} has it. Most streams pass a bound that takes the sums for
 * unrelated and costs nothing; the determinant of a hundred of them takes seconds, and every sensor checks its stream.
 */
export function leavesAmbiguity(schema: ReadingSchema, sensors: number, bits = AMBIGUITY_BITS): boolean {
  const bound = boundTerms(schema);
  if (bound === null) return sensors >= leastSensors(schema, bits);
  const told = Math.min(sensors, TOLD_SENSORS_MAX);
  let multiset = 0;
  for (let i = 0; i < told; i++) multiset += multisetStep(bound, i);
  return multiset - releasedBits(bound, told) >= bits || sensors >= leastSensors(schema, bits);
}

/** Sensors that {@link leavesAmbiguity} looks at; what holds for so many holds for more. */
const TOLD_SENSORS_MAX = 1_000;

/** As {@link ambiguityTerms} with the product of the variances, which no determinant exceeds (Hadamard). */
function boundTerms(schema: ReadingSchema): AmbiguityTerms | null {
  const stored = storedSchema(schema);
  const moments = momentPowers(stored);
  if (moments.length === 0 || moments.length > MOMENTS_ESTIMATED_MAX) return null;
  let covarianceBits = 0;
  for (const powers of moments) {
    const mean = uniformMean(stored.fields, powers);
    const square = uniformMean(
      stored.fields,
      powers.map((power) => 2 * power),
    );
    const { numerator, denominator } = subtractRational(square, multiplyRational(mean, mean));
    if (numerator > 0n) covarianceBits += log2(numerator) - log2(denominator);
  }
  return { gridPoints: gridPointsOf(stored, moments), rank: moments.length, covarianceBits };
}

interface AmbiguityTerms {
  /** Readings that the grid distinguishes. */
  readonly gridPoints: bigint;
  /** Sums that are not a function of the others. */
  readonly rank: number;
  /** log2 of the determinant of the covariance matrix of those sums' terms, for one reading. */
  readonly covarianceBits: number;
}

/** What choosing reading number i + 1 adds to log2 of the multisets, C(gridPoints + n - 1, n). */
function multisetStep({ gridPoints }: AmbiguityTerms, i: number): number {
  return log2(gridPoints + BigInt(i)) - Math.log2(i + 1);
}

/** Entropy of a normal vector: log2 of its determinant times (2 pi e)^rank, halved. */
function releasedBits({ rank, covarianceBits }: AmbiguityTerms, sensors: number): number {
  return 0.5 * (rank * Math.log2(2 * Math.PI * Math.E * sensors) + covarianceBits);
}

type Powers = readonly number[];

function ambiguityTerms(schema: ReadingSchema): AmbiguityTerms | 'too many' | undefined {
  const stored = storedSchema(schema);
  const moments = momentPowers(stored);
  if (moments.length === 0) return undefined;
  if (moments.length > MOMENTS_ESTIMATED_MAX) return 'too many';
  const means = moments.map((powers) => uniformMean(stored.fields, powers));
  const covariance = moments.map((row, i) =>
    moments.map((column, j) =>
      subtractRational(
        uniformMean(
          stored.fields,
          row.map((power, index) => power + (column[index] ?? 0)),
        ),
        multiplyRational(means[i] ?? ZERO, means[j] ?? ZERO),
      ),
    ),
  );
  let common = 1n;
  for (const { denominator } of covariance.flat()) common = lcm(common, denominator);
  const { rank, determinant } = eliminate(
    covariance.map((row) => row.map(({ numerator, denominator }) => (numerator * common) / denominator)),
  );
  return {
    gridPoints: gridPointsOf(stored, moments),
    rank,
    covarianceBits: log2(determinant) - rank * log2(common),
  };
}

/** A field without moments would add grid points that no sum in the estimate pays for. */
function gridPointsOf({ fields }: StoredSchema, moments: readonly Powers[]): bigint {
  return fields.reduce(
    (points, { min, max }, index) =>
      moments.some((powers) => powers[index] !== 0) ? points * (max - min + 1n) : points,
    1n,
  );
}

const ZERO = rational(0n);

/** Per moment element the power of each field. */
function momentPowers({ fields, elements }: StoredSchema): Powers[] {
  return elements
    .filter((element) => element.kind === 'moment')
    .map(({ factors }) =>
      fields.map((_, index) => factors.find((factor) => factor.index === index)?.power ?? 0),
    );
}

/** Mean of a product of powers of independent fields, each uniform between its bounds. */
function uniformMean(fields: readonly StoredField[], powers: Powers): Rational {
  return fields.reduce(
    (product, { min, max }, index) => multiplyRational(product, powerMean(min, max, powers[index] ?? 0)),
    rational(1n),
  );
}

/** Mean of s^power for s uniform on [min, max]: (min^power + min^(power-1) max + ... + max^power) / (power + 1). */
function powerMean(min: bigint, max: bigint, power: number): Rational {
  let sum = ZERO;
  for (let i = 0; i <= power; i++)
    sum = addRational(sum, rational(min ** BigInt(i) * max ** BigInt(power - i)));
  return multiplyRational(sum, rational(1n, BigInt(power + 1)));
}

/** log2 of a positive integer of any size. */
function log2(value: bigint): number {
  const shift = Math.max(0, bitLength(value) - 64);
  return Math.log2(Number(value >> BigInt(shift))) + shift;
}
