import {
  type FormatOptions,
  formatExactDecimal,
  formatSquareRoot,
  type Rational,
} from '../arithmetic/index.ts';
import { invariant } from '../foundation/index.ts';
import type { Univariate } from './moments.ts';
import { printedRational, type RationalDocument } from './printed.ts';

/** The statistics of one field as JSON; `null` where {@link Univariate} has none. */
export interface ResultDocument {
  readonly count: number;
  readonly sum: string;
  readonly mean: RationalDocument | null;
  readonly variance: {
    readonly population: RationalDocument | null;
    readonly sample: RationalDocument | null;
  };
  readonly standardDeviation: {
    readonly population: string | null;
    readonly sample: string | null;
  };
}

/** @param options `digits`: significant digits of decimals and roots; the sum is always printed whole. */
export function resultDocument(statistics: Univariate, options: FormatOptions): ResultDocument {
  const { count, sum, mean, populationVariance, sampleVariance } = statistics;
  invariant(count <= BigInt(Number.MAX_SAFE_INTEGER), 'expected a count that a number holds');
  const document = (value: Rational | null) => printedRational(value, options);
  const root = (value: Rational | null): string | null => value && formatSquareRoot(value, options);
  return {
    count: Number(count),
    sum: formatExactDecimal(sum),
    mean: document(mean),
    variance: { population: document(populationVariance), sample: document(sampleVariance) },
    standardDeviation: { population: root(populationVariance), sample: root(sampleVariance) },
  };
}
