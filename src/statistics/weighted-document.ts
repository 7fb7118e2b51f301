import type { FormatOptions, Rational } from '../arithmetic/index.ts';
import { signedRoot } from './covariance.ts';
import type { Moments } from './moments.ts';
import { printedRational, printedRoot, type RationalDocument, type RootDocument } from './printed.ts';
import { weighted } from './weighted.ts';

/** One field under weights, as JSON; `null` where the stream lacks a sum or the weights do not define it. */
export interface WeightedFieldDocument {
  readonly mean: RationalDocument | null;
  readonly variance: {
    readonly population: RationalDocument | null;
    readonly sample: RationalDocument | null;
  };
  readonly standardDeviation: {
    readonly population: RootDocument | null;
    readonly sample: RootDocument | null;
  };
}

/** Fields whose readings count with the weight of another field, as JSON. */
export interface WeightedDocument {
  readonly weight: string;
  readonly sumOfWeights: RationalDocument | null;
  /** Kish's effective number of readings. */
  readonly effectiveCount: RationalDocument | null;
  readonly fields: Readonly<Record<string, WeightedFieldDocument>>;
}

/**
 * @param fields at least one, without the weight.
 * @throws EngineError `STATISTIC_UNDEFINED` as {@link weighted}
 */
export function weightedDocument(
  moments: Moments,
  weight: string,
  fields: readonly [string, ...string[]],
  options: FormatOptions,
): WeightedDocument {
  const root = (square: Rational | null) => printedRoot(square && signedRoot(square, square), options);
  const results = fields.map((field) => ({ field, result: weighted(moments, weight, field) }));
  const { sumOfWeights, effectiveCount } = weighted(moments, weight, fields[0]);
  return {
    weight,
    sumOfWeights: printedRational(sumOfWeights, options),
    effectiveCount: printedRational(effectiveCount, options),
    fields: Object.fromEntries(
      results.map(({ field, result: { mean, populationVariance, sampleVariance } }) => [
        field,
        {
          mean: printedRational(mean, options),
          variance: {
            population: printedRational(populationVariance, options),
            sample: printedRational(sampleVariance, options),
          },
          standardDeviation: { population: root(populationVariance), sample: root(sampleVariance) },
        },
      ]),
    ),
  };
}
