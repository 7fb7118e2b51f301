import { rational } from '../src/arithmetic/index.ts';
import { EngineError } from '../src/foundation/index.ts';
import type { StreamDocument } from '../src/protocol/stream-document.ts';
import {
  type ChiSquareDocument,
  chiSquareDocument,
  correlation,
  correlationInterval,
  covariance,
  type DocumentOptions,
  describe,
  type FieldDocument,
  fieldDocument,
  goodnessOfFit,
  type Histogram,
  type HistogramDocument,
  histogramDocument,
  histogramsOf,
  type IntervalDocument,
  independence,
  type Moments,
  momentSum,
  momentsOfSums,
  printedInterval,
  printedRational,
  printedRoot,
  type RationalDocument,
  type RegressionDocument,
  type RootDocument,
  regress,
  regressionDocument,
  twoWayTable,
  type WeightedDocument,
  weightedDocument,
} from '../src/statistics/index.ts';
import type { Sums } from './operator/index.ts';
import type { CrossOption, FitOption } from './option-values.ts';

/** How two fields of the same readings go together. */
export interface PairDocument {
  readonly fields: readonly [string, string];
  /** Divided by n - 1. */
  readonly covariance: RationalDocument | null;
  readonly correlation: RootDocument | null;
  readonly correlationInterval: IntervalDocument | null;
}

/** Every statistic that sums of readings define, as JSON: docs/result.schema.json describes it. */
export interface StatisticsDocument {
  /** By name, fields whose sum the stream shares. */
  readonly fields: Readonly<Record<string, FieldDocument>>;
  /** Every two fields whose product the stream shares. */
  readonly pairs: readonly PairDocument[];
  /** By name, fields that have cells. */
  readonly histograms: Readonly<Record<string, HistogramDocument>>;
  /** Asked for, and `null` where the readings of a part are too few or too alike for it; so are the next three. */
  readonly regression?: RegressionDocument | null;
  readonly weighted?: WeightedDocument | null;
  readonly goodnessOfFit?: ({ readonly field: string } & ChiSquareDocument) | null;
  readonly independence?:
    | ({
        readonly field: string;
        /** Counts: a row for each value of the first category. */
        readonly table: readonly (readonly number[])[];
      } & ChiSquareDocument)
    | null;
}

/** 95 in a hundred, where nobody asks for another confidence. */
export const CONFIDENCE = rational(19n, 20n);

export interface StatisticsOptions extends DocumentOptions {
  /** The field to regress on all other fields with sums. */
  readonly response?: string;
  /** The field whose values are the weights of all other fields with sums. */
  readonly weight?: string;
  readonly fit?: FitOption;
  readonly cross?: CrossOption;
}

/** Refused is what nobody could answer; of a part among many, what its readings do not define is only left out. */
type Defined = <T>(make: () => T) => T | null;

const refused: Defined = (make) => make();

const leftOut: Defined = (make) => {
  try {
    return make();
  } catch (error) {
    const poor =
      error instanceof EngineError && ['STATISTIC_UNDEFINED', 'SINGULAR_DESIGN'].includes(error.code);
    if (poor) return null;
    throw error;
  }
};

/**
 * What follows from the sums of one part of a series, such as a window.
 * @throws EngineError `INVALID_ARGUMENT` for a field that is not there
 */
export function partStatistics(
  stream: StreamDocument,
  part: Pick<Sums, 'sums' | 'fields'>,
  options: StatisticsOptions,
): StatisticsDocument {
  return documentOf(stream, part, options, leftOut);
}

/**
 * What follows from the sums of all that was asked for.
 * @throws EngineError `SINGULAR_DESIGN` or `STATISTIC_UNDEFINED` where what was asked for is not defined,
 * `INVALID_ARGUMENT` for a field that is not there
 */
export function statisticsDocument(
  stream: StreamDocument,
  sums: Pick<Sums, 'sums' | 'fields'>,
  options: StatisticsOptions,
): StatisticsDocument {
  return documentOf(stream, sums, options, refused);
}

function documentOf(
  stream: StreamDocument,
  { sums, fields }: Pick<Sums, 'sums' | 'fields'>,
  options: StatisticsOptions,
  defined: Defined,
): StatisticsDocument {
  const moments = momentsOfSums(stream, sums);
  const names = fields.map(({ field }) => field.name);
  const { response, weight, fit, cross } = options;
  const predictors = names.filter((name) => name !== response);
  const histograms = histogramsOf(stream, sums);
  return {
    fields: Object.fromEntries(
      names.map((name) => [name, fieldDocument(describe(moments, name, options.confidence), options)]),
    ),
    pairs: names.flatMap((x, i) => names.slice(i + 1).flatMap((y) => pairDocument(moments, x, y, options))),
    histograms: Object.fromEntries(
      histograms.map((histogram) => [histogram.field, histogramDocument(histogram, options)]),
    ),
    ...(response === undefined
      ? {}
      : { regression: defined(() => regressionDocument(regress(moments, response, predictors), options)) }),
    ...(weight === undefined
      ? {}
      : { weighted: defined(() => weightedDocument(moments, weight, weighedBy(weight, names), options)) }),
    ...(fit === undefined ? {} : { goodnessOfFit: defined(() => fitDocument(histograms, fit, options)) }),
    ...(cross === undefined
      ? {}
      : { independence: defined(() => crossDocument(histograms, cross, options)) }),
  };
}

/** The fields that a weight weighs. */
function weighedBy(weight: string, names: readonly string[]): readonly [string, ...string[]] {
  const [first, ...others] = names.filter((name) => name !== weight);
  if (first !== undefined && names.includes(weight)) return [first, ...others];
  throw new EngineError(
    'INVALID_ARGUMENT',
    `expected a weight among ${names.join(', ') || 'fields with sums'} and another field, got ${weight}`,
  );
}

function fitDocument(
  histograms: readonly Histogram[],
  { field, shares }: FitOption,
  options: DocumentOptions,
) {
  const counts = histogramNamed(histograms, field).bins.map(({ count }) => count);
  return { field, ...chiSquareDocument(goodnessOfFit(counts, shares), options) };
}

function crossDocument(
  histograms: readonly Histogram[],
  { field, columns }: CrossOption,
  options: DocumentOptions,
) {
  const table = twoWayTable(histogramNamed(histograms, field), columns);
  return {
    field,
    table: table.map((row) => row.map(Number)),
    ...chiSquareDocument(independence(table), options),
  };
}

function histogramNamed(histograms: readonly Histogram[], name: string): Histogram {
  const found = histograms.find(({ field }) => field === name);
  if (found !== undefined) return found;
  const names = histograms.map(({ field }) => field).join(', ') || 'none in this stream';
  throw new EngineError('INVALID_ARGUMENT', `expected a field with cells (${names}), got ${name}`);
}

/** None where the stream does not share the product, or there is no reading. */
function pairDocument(moments: Moments, x: string, y: string, options: DocumentOptions): PairDocument[] {
  const shared = [x, y].every((field) => momentSum(moments, [[field, 2]]) !== undefined);
  const product = momentSum(moments, [
    [x, 1],
    [y, 1],
  ]);
  if (moments.count === 0n || !shared || product === undefined) return [];
  const r = correlation(moments, x, y);
  const interval = r && correlationInterval(r, moments.count, options.confidence);
  return [
    {
      fields: [x, y],
      covariance: printedRational(covariance(moments, x, y).sample, options),
      correlation: printedRoot(r, options),
      correlationInterval: printedInterval(interval, options.confidence, options),
    },
  ];
}
