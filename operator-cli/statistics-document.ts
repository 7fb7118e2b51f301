import { rational } from '../src/arithmetic/index.ts';
import type { StreamDocument } from '../src/protocol/stream-document.ts';
import {
  correlation,
  correlationInterval,
  covariance,
  type DocumentOptions,
  describe,
  type FieldDocument,
  fieldDocument,
  type HistogramDocument,
  histogramDocument,
  histogramsOf,
  type IntervalDocument,
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
} from '../src/statistics/index.ts';
import type { Sums } from './operator/index.ts';

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
  readonly regression?: RegressionDocument;
}

/** 95 in a hundred, where nobody asks for another confidence. */
export const CONFIDENCE = rational(19n, 20n);

export interface StatisticsOptions extends DocumentOptions {
  /** The field to regress on all other fields with sums. */
  readonly response?: string;
}

/**
 * What follows from the sums of a window, of a group or of several.
 * @throws EngineError `SINGULAR_DESIGN`, `STATISTIC_UNDEFINED` or `INVALID_ARGUMENT` for a regression that is not there
 */
export function statisticsDocument(
  stream: StreamDocument,
  { sums, fields }: Pick<Sums, 'sums' | 'fields'>,
  options: StatisticsOptions,
): StatisticsDocument {
  const moments = momentsOfSums(stream, sums);
  const names = fields.map(({ field }) => field.name);
  const { response } = options;
  const predictors = names.filter((name) => name !== response);
  return {
    fields: Object.fromEntries(
      names.map((name) => [name, fieldDocument(describe(moments, name, options.confidence), options)]),
    ),
    pairs: names.flatMap((x, i) => names.slice(i + 1).flatMap((y) => pairDocument(moments, x, y, options))),
    histograms: Object.fromEntries(
      histogramsOf(stream, sums).map((histogram) => [histogram.field, histogramDocument(histogram, options)]),
    ),
    ...(response === undefined
      ? {}
      : { regression: regressionDocument(regress(moments, response, predictors), options) }),
  };
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
