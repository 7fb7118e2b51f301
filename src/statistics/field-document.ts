import type { FormatOptions, Rational } from '../arithmetic/index.ts';
import { signedRoot } from './covariance.ts';
import type { Description } from './description.ts';
import {
  type IntervalDocument,
  printedInterval,
  printedRational,
  printedRoot,
  type RationalDocument,
  type RootDocument,
} from './printed.ts';
import { type ResultDocument, resultDocument } from './result-document.ts';

/** The whole description of one field as JSON; `null` where {@link Description} has none. */
export interface FieldDocument extends ResultDocument {
  readonly standardError: RootDocument | null;
  readonly meanInterval: IntervalDocument | null;
  readonly coefficientOfVariation: RootDocument | null;
  readonly rootMeanSquare: RootDocument | null;
  readonly skewness: { readonly population: RootDocument | null; readonly adjusted: RootDocument | null };
  readonly excessKurtosis: {
    readonly population: RationalDocument | null;
    readonly adjusted: RationalDocument | null;
  };
}

export interface DocumentOptions extends FormatOptions {
  /** Of every interval, above 0 and below 1. */
  readonly confidence: Rational;
}

export function fieldDocument(description: Description, options: DocumentOptions): FieldDocument {
  const { standardErrorSquare, meanInterval, coefficientOfVariation, meanSquare, skewness, excessKurtosis } =
    description;
  const root = (square: Rational | null) => printedRoot(square && signedRoot(square, square), options);
  return {
    ...resultDocument(description, options),
    standardError: root(standardErrorSquare),
    meanInterval: printedInterval(meanInterval, options.confidence, options),
    coefficientOfVariation: printedRoot(coefficientOfVariation, options),
    rootMeanSquare: root(meanSquare),
    skewness: {
      population: printedRoot(skewness.population, options),
      adjusted: printedRoot(skewness.adjusted, options),
    },
    excessKurtosis: {
      population: printedRational(excessKurtosis.population, options),
      adjusted: printedRational(excessKurtosis.adjusted, options),
    },
  };
}
