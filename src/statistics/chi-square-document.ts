import { formatReal } from '../arithmetic/index.ts';
import type { ChiSquareTest } from './chi-square-test.ts';
import type { DocumentOptions } from './field-document.ts';
import { printedRational, type RationalDocument } from './printed.ts';

/** A chi-square test as JSON. */
export interface ChiSquareDocument {
  readonly statistic: RationalDocument | null;
  readonly degrees: number;
  /** Upper tail, correctly rounded. */
  readonly p: string;
  /** Below 5 the p-value is a rough one. */
  readonly leastExpected: RationalDocument | null;
}

export function chiSquareDocument(
  { statistic, degrees, p, leastExpected }: ChiSquareTest,
  options: DocumentOptions,
): ChiSquareDocument {
  return {
    statistic: printedRational(statistic, options),
    degrees,
    p: formatReal(p, options),
    leastExpected: printedRational(leastExpected, options),
  };
}
