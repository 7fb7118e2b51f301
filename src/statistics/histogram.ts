import {
  addRational,
  compareRational,
  largestOf,
  multiplyRational,
  type Rational,
  rational,
  smallestOf,
} from '../arithmetic/index.ts';
import { EngineError } from '../foundation/index.ts';
import { type ReadingSchema, storedSchema } from '../sharing/index.ts';
import { type RealInterval, wilsonInterval } from './confidence.ts';
import { readSignedSums } from './stored-sums.ts';

/** One cell of a field: the readings from `least` to `most`, both included, that a reading can have in it. */
export interface Bin {
  readonly least: Rational;
  readonly most: Rational;
  readonly count: bigint;
}

/** How many readings fell into each cell of a field, from the lowest cell to the highest. */
export interface Histogram {
  readonly field: string;
  readonly count: bigint;
  readonly bins: readonly Bin[];
}

/** Where a number lies that the cells do not tell: between two values, both possible. */
export interface Bounds {
  readonly least: Rational;
  readonly most: Rational;
}

/**
 * The histograms of all fields that have cells. A cell's ends are the smallest and the largest value on the field's
 * grid and within its bounds, so a cell of one category is one value.
 * @param sums one signed sum per element, of one window or of several added, checked by the caller.
 * @throws EngineError `WRONG_VECTOR_LENGTH`
 */
export function histogramsOf(schema: ReadingSchema, sums: readonly bigint[]): readonly Histogram[] {
  const stored = storedSchema(schema);
  const { count, values } = readSignedSums(stored, sums);
  return stored.fields.flatMap((field, index) => {
    const cells = stored.elements.flatMap((element, i) =>
      element.kind === 'cell' && element.index === index ? [{ ...element, count: values[i] ?? 0n }] : [],
    );
    if (cells.length === 0) return [];
    const value = (integer: bigint) => rational(integer + field.offset, 10n ** BigInt(field.decimals));
    const bins = cells
      .toSorted((a, b) => (a.from < b.from ? -1 : 1))
      .filter(({ from, to }) => from <= field.max && to > field.min)
      .map(({ from, to, count: inside }) => ({
        least: value(largestOf(from, field.min)),
        most: value(smallestOf(to - 1n, field.max)),
        count: inside,
      }));
    return [{ field: field.name, count, bins }];
  });
}

/**
 * Bounds of a quantile: the smallest reading x with at least p n readings at most x, the inverse of the empirical
 * distribution (Hyndman and Fan 1996, type 1). `null` without readings.
 * @throws EngineError `INVALID_ARGUMENT` for a p that is not from 0 to 1
 */
export function quantileBounds(histogram: Histogram, p: Rational): Bounds | null {
  if (p.numerator < 0n || p.numerator > p.denominator) {
    throw new EngineError('INVALID_ARGUMENT', 'expected a quantile from 0 to 1');
  }
  const rank = (p.numerator * histogram.count + p.denominator - 1n) / p.denominator;
  return orderStatistic(histogram, rank < 1n ? 1n : rank);
}

/** Bounds of the median: the mean of the two middle readings where their number is even. */
export function medianBounds(histogram: Histogram): Bounds | null {
  const { count } = histogram;
  const lower = orderStatistic(histogram, (count + 1n) / 2n);
  const upper = orderStatistic(histogram, count / 2n + 1n);
  if (lower === null || upper === null) return lower;
  return { least: middle(lower.least, upper.least), most: middle(lower.most, upper.most) };
}

/** Bounds of the smallest and of the largest reading. */
export function rangeBounds(histogram: Histogram): { readonly min: Bounds; readonly max: Bounds } | null {
  const min = orderStatistic(histogram, 1n);
  const max = orderStatistic(histogram, histogram.count);
  return min && max && { min, max };
}

/** The cells with the most readings; more than one where they are level. */
export function modes({ bins }: Histogram): readonly Bin[] {
  const most = largestOf(1n, ...bins.map(({ count }) => count));
  return bins.filter(({ count }) => count === most);
}

/** A cell's part of all readings, and Wilson's interval of it. */
export interface Proportion {
  readonly share: Rational;
  readonly interval: RealInterval;
}

/** One for each cell; none without readings. */
export function proportions({ count, bins }: Histogram, confidence: Rational): readonly Proportion[] {
  if (count === 0n) return [];
  return bins.map((bin) => ({
    share: rational(bin.count, count),
    interval: wilsonInterval(bin.count, count, confidence),
  }));
}

/**
 * The histogram of the readings of several windows or streams together.
 * @throws EngineError `INVALID_ARGUMENT` where the cells are not the same, or there is no histogram
 */
export function mergeHistograms(histograms: readonly Histogram[]): Histogram {
  const [first, ...others] = histograms;
  if (first === undefined) throw new EngineError('INVALID_ARGUMENT', 'expected a histogram, got none');
  return others.reduce((sum, next) => {
    const alike =
      next.field === sum.field &&
      next.bins.length === sum.bins.length &&
      next.bins.every((bin, i) => sameBin(bin, sum.bins[i]));
    if (!alike) {
      throw new EngineError('INVALID_ARGUMENT', `expected the same cells of ${sum.field} in all, got others`);
    }
    return {
      field: sum.field,
      count: sum.count + next.count,
      bins: sum.bins.map((bin, i) => ({ ...bin, count: bin.count + (next.bins[i]?.count ?? 0n) })),
    };
  }, first);
}

function sameBin(a: Bin, b: Bin | undefined): boolean {
  return b !== undefined && compareRational(a.least, b.least) === 0 && compareRational(a.most, b.most) === 0;
}

/** Bounds of the reading of a rank, counted from 1 at the smallest. */
function orderStatistic({ bins }: Histogram, rank: bigint): Bounds | null {
  let below = 0n;
  for (const { least, most, count } of bins) {
    below += count;
    if (count > 0n && below >= rank) return { least, most };
  }
  return null;
}

function middle(a: Rational, b: Rational): Rational {
  return multiplyRational(addRational(a, b), rational(1n, 2n));
}
