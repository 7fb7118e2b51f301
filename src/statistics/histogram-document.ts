import { formatExactDecimal, rational } from '../arithmetic/index.ts';
import type { DocumentOptions } from './field-document.ts';
import {
  type Bounds,
  type Histogram,
  medianBounds,
  modes,
  proportions,
  quantileBounds,
  rangeBounds,
} from './histogram.ts';
import { type IntervalDocument, printedInterval, printedRational, type RationalDocument } from './printed.ts';

/** Two values between which a number lies, both possible and exact; the same text twice where it is known. */
export interface BoundsDocument {
  readonly least: string;
  readonly most: string;
}

export interface BinDocument extends BoundsDocument {
  readonly count: number;
  /** Part of all readings; `null` without readings. */
  readonly share: RationalDocument | null;
  /** Wilson's interval of the share. */
  readonly interval: IntervalDocument | null;
}

/** A histogram as JSON; `null` where there are no readings. */
export interface HistogramDocument {
  readonly count: number;
  readonly bins: readonly BinDocument[];
  readonly min: BoundsDocument | null;
  readonly lowerQuartile: BoundsDocument | null;
  readonly median: BoundsDocument | null;
  readonly upperQuartile: BoundsDocument | null;
  readonly max: BoundsDocument | null;
  /** The fullest cells. */
  readonly modes: readonly BoundsDocument[];
}

export function histogramDocument(histogram: Histogram, options: DocumentOptions): HistogramDocument {
  const shares = proportions(histogram, options.confidence);
  const range = rangeBounds(histogram);
  return {
    count: Number(histogram.count),
    bins: histogram.bins.map((bin, i) => {
      const proportion = shares[i];
      return {
        ...boundsDocument(bin),
        count: Number(bin.count),
        share: printedRational(proportion?.share ?? null, options),
        interval: printedInterval(proportion?.interval ?? null, options.confidence, options),
      };
    }),
    min: range && boundsDocument(range.min),
    lowerQuartile: orNull(quantileBounds(histogram, rational(1n, 4n))),
    median: orNull(medianBounds(histogram)),
    upperQuartile: orNull(quantileBounds(histogram, rational(3n, 4n))),
    max: range && boundsDocument(range.max),
    modes: modes(histogram).map(boundsDocument),
  };
}

/** "2" or "between 2 and 3.9". */
export function boundsText({ least, most }: BoundsDocument): string {
  return least === most ? least : `between ${least} and ${most}`;
}

function boundsDocument({ least, most }: Bounds): BoundsDocument {
  return { least: formatExactDecimal(least), most: formatExactDecimal(most) };
}

function orNull(bounds: Bounds | null): BoundsDocument | null {
  return bounds && boundsDocument(bounds);
}
