import {
  type FormatOptions,
  formatRational,
  formatReal,
  formatSquareRoot,
  type Rational,
  type Real,
} from '../arithmetic/index.ts';
import { correlation, covariance, type SignedRoot } from './covariance.ts';
import type { Moments } from './moments.ts';
import { rootText } from './printed.ts';
import type { Regression } from './regression.ts';

/** A square matrix by the names of its rows and columns; `null` where an entry is not defined. */
export type MatrixDocument = Readonly<Record<string, Readonly<Record<string, string | null>>>>;

/** How several fields of the same readings go together, as JSON. */
export interface JointDocument {
  /** Divided by n - 1. */
  readonly covariance: MatrixDocument;
  readonly correlation: MatrixDocument;
}

/**
 * The sample covariances and Pearson correlations of the fields; the readings need every product of two of them.
 * @throws EngineError `STATISTIC_UNDEFINED`
 */
export function jointDocument(
  moments: Moments,
  fields: readonly string[],
  options: FormatOptions,
): JointDocument {
  const matrix = (entry: (x: string, y: string) => string | null): MatrixDocument =>
    Object.fromEntries(fields.map((x) => [x, Object.fromEntries(fields.map((y) => [y, entry(x, y)]))]));
  return {
    covariance: matrix((x, y) => decimalOrNull(covariance(moments, x, y).sample, options)),
    correlation: matrix((x, y) => rootOrNull(correlation(moments, x, y), options)),
  };
}

export interface CoefficientDocument {
  readonly term: string;
  readonly estimate: string;
  readonly standardError: string | null;
  readonly t: string | null;
  readonly p: string | null;
}

/** A regression as JSON: correctly rounded decimals, `null` where {@link Regression} has none. */
export interface RegressionDocument {
  readonly response: string;
  readonly coefficients: readonly CoefficientDocument[];
  readonly residualStandardDeviation: string | null;
  readonly r2: string | null;
  readonly adjustedR2: string | null;
  readonly f: string | null;
  readonly p: string | null;
}

export function regressionDocument(regression: Regression, options: FormatOptions): RegressionDocument {
  const { response, coefficients, residualVariance, r2, adjustedR2, f, p } = regression;
  return {
    response,
    coefficients: coefficients.map(({ term, estimate, variance, t, p: twoSided }) => ({
      term,
      estimate: formatRational(estimate, options),
      standardError: variance && formatSquareRoot(variance, options),
      t: rootOrNull(t, options),
      p: realOrNull(twoSided, options),
    })),
    residualStandardDeviation: residualVariance && formatSquareRoot(residualVariance, options),
    r2: decimalOrNull(r2, options),
    adjustedR2: decimalOrNull(adjustedR2, options),
    f: decimalOrNull(f, options),
    p: realOrNull(p, options),
  };
}

function rootOrNull(root: SignedRoot | null, options: FormatOptions): string | null {
  return root && rootText(root, options);
}

function decimalOrNull(value: Rational | null, options: FormatOptions): string | null {
  return value && formatRational(value, options);
}

function realOrNull(real: Real | null, options: FormatOptions): string | null {
  return real && formatReal(real, options);
}
