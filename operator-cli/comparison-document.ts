import { formatReal } from '../src/arithmetic/index.ts';
import { EngineError } from '../src/foundation/index.ts';
import {
  anova,
  type DocumentOptions,
  describe,
  type FieldDocument,
  fieldDocument,
  type IntervalDocument,
  type Moments,
  mergeMoments,
  momentsOfSums,
  printedInterval,
  printedRational,
  printedRoot,
  type RationalDocument,
  type RootDocument,
  type Sample,
  univariate,
  varianceRatio,
  welch,
} from '../src/statistics/index.ts';
import type { SeriesResult, Sums } from './operator/index.ts';

/** What is compared: streams as wholes, or the groups or windows of one. */
export type ComparedBy = 'stream' | 'group' | 'window';

/** Tests of samples that share no reading, as JSON: `comparison` in docs/result.schema.json. */
export interface ComparisonDocument {
  readonly field: string;
  readonly by: ComparedBy;
  readonly samples: readonly ({ readonly name: string } & Pick<
    FieldDocument,
    'count' | 'mean' | 'standardDeviation'
  >)[];
  /** The readings of all samples as one, merged exactly. */
  readonly together: FieldDocument;
  /** Of two samples only. */
  readonly welch: {
    readonly difference: RationalDocument | null;
    readonly interval: IntervalDocument | null;
    readonly t: RootDocument | null;
    readonly degrees: RationalDocument | null;
    readonly p: string;
  } | null;
  /** Of two samples only. */
  readonly varianceRatio: { readonly f: RationalDocument | null; readonly p: string } | null;
  readonly analysisOfVariance: {
    readonly betweenSumOfSquares: RationalDocument | null;
    readonly withinSumOfSquares: RationalDocument | null;
    readonly betweenDegrees: number;
    readonly withinDegrees: number;
    readonly f: RationalDocument | null;
    readonly p: string;
    readonly r2: RationalDocument | null;
  };
}

/**
 * The samples that answers about streams hold: their totals, or of one stream its groups or its windows.
 * @throws EngineError `INVALID_ARGUMENT` for a field that is not shared, or groups or windows of several streams
 */
export function samplesOf(
  answers: readonly SeriesResult[],
  by: ComparedBy,
  field: string,
): readonly Sample[] {
  const [only, ...others] = answers;
  if (by !== 'stream' && others.length > 0) {
    throw new EngineError(
      'INVALID_ARGUMENT',
      `expected one stream to compare by ${by}, got ${answers.length}`,
    );
  }
  const named = (answer: SeriesResult, name: string, part: Sums): Sample => {
    const moments = momentsOfSums(answer.stream, part.sums);
    if (moments.powerSums.get(field)?.[1] !== undefined) return { name, moments, field };
    throw new EngineError(
      'INVALID_ARGUMENT',
      `expected a field of ${answer.stream.name} with sums of squares, got ${field}`,
    );
  };
  if (by === 'stream' || only === undefined) {
    return answers.flatMap((answer) =>
      answer.total === null ? [] : [named(answer, answer.stream.name, answer.total)],
    );
  }
  if (by === 'group') {
    return only.groups.flatMap(({ group, total }) =>
      total === null ? [] : [named(only, group.name ?? '', total)],
    );
  }
  return only.windows.map(({ window, group, result }) =>
    named(only, group.name === null ? String(window) : `${window} ${group.name}`, result),
  );
}

/** @throws EngineError `STATISTIC_UNDEFINED` below two samples, or where they do not vary */
export function comparisonDocument(
  samples: readonly Sample[],
  by: ComparedBy,
  options: DocumentOptions,
): ComparisonDocument {
  const variance = anova(samples);
  const [first, second, ...more] = samples;
  const pair = first !== undefined && second !== undefined && more.length === 0;
  const rational = (value: Parameters<typeof printedRational>[0]) => printedRational(value, options);
  return {
    field: first?.field ?? '',
    by,
    samples: samples.map(({ name, moments, field }) => {
      const { count, mean, standardDeviation } = fieldDocument(
        describe(moments, field, options.confidence),
        options,
      );
      return { name, count, mean, standardDeviation };
    }),
    together: fieldDocument(describe(merged(samples), first?.field ?? '', options.confidence), options),
    welch: pair ? welchDocument(first, second, options) : null,
    varianceRatio: pair ? ratioDocument(first, second, options) : null,
    analysisOfVariance: {
      betweenSumOfSquares: rational(variance.betweenSumOfSquares),
      withinSumOfSquares: rational(variance.withinSumOfSquares),
      betweenDegrees: Number(variance.betweenDegrees.numerator),
      withinDegrees: Number(variance.withinDegrees.numerator),
      f: rational(variance.f),
      p: formatReal(variance.p, options),
      r2: rational(variance.r2),
    },
  };
}

/** Streams may differ in all fields but the compared one. */
function merged(samples: readonly Sample[]): Moments {
  return mergeMoments(
    samples.map(({ moments: { count, powerSums }, field }) => ({
      count,
      powerSums: new Map([[field, powerSums.get(field) ?? []]]),
      productSums: new Map(),
    })),
  );
}

function welchDocument(a: Sample, b: Sample, options: DocumentOptions): ComparisonDocument['welch'] {
  const { difference, interval, t, degrees, p } = welch(a, b, options.confidence);
  return {
    difference: printedRational(difference, options),
    interval: printedInterval(interval, options.confidence, options),
    t: printedRoot(t, options),
    degrees: printedRational(degrees, options),
    p: formatReal(p, options),
  };
}

function ratioDocument(a: Sample, b: Sample, options: DocumentOptions): ComparisonDocument['varianceRatio'] {
  // A variance of zero is no divisor.
  if (univariate(b.moments, b.field).sampleVariance?.numerator === 0n) return null;
  const { f, p } = varianceRatio(a, b);
  return { f: printedRational(f, options), p: formatReal(p, options) };
}
