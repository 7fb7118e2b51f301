import {
  boundsText,
  type ChiSquareDocument,
  type FieldDocument,
  type FigureName,
  type HistogramDocument,
  type IntervalDocument,
  isExact,
  type RationalDocument,
  type RegressionDocument,
  type RootDocument,
  type WeightedDocument,
} from '../src/statistics/index.ts';
import type { StatisticsDocument } from './statistics-document.ts';

/** One number of a result: what every output but JSON is made of. */
export interface Figure {
  /** The field or fields it belongs to. */
  readonly subject: string;
  readonly name: FigureName;
  /** Which of several of that name: population or sample, an end of an interval, a cell. */
  readonly variant: string;
  /** `null` for one of the basic figures that the readings do not define. */
  readonly value: string | null;
  /** The exact fraction, of a root the fraction of its square; empty where there is none. */
  readonly fraction: string;
  /** The printed digits are all there are. */
  readonly exact: boolean;
}

/** Every figure of a result that is defined, in the order in which people read them. */
export function figuresOf(result: StatisticsDocument): readonly Figure[] {
  return [
    ...Object.entries(result.fields).flatMap(([field, document]) => fieldFigures(field, document)),
    ...jointFigures(result),
    ...Object.entries(result.histograms).flatMap(([field, document]) => histogramFigures(field, document)),
    ...(result.regression ? regressionFigures(result.regression) : []),
    ...(result.weighted ? weightedFigures(result.weighted) : []),
    ...chiSquareFigures('goodness of fit', result.goodnessOfFit),
    ...chiSquareFigures('independence', result.independence),
  ];
}

type Printed = RationalDocument | RootDocument | null;

function figure(subject: string, name: FigureName, variant: string, printed: Printed): Figure[] {
  if (printed === null) return [];
  const fraction = 'fraction' in printed ? printed.fraction : printed.squareFraction;
  return [{ subject, name, variant, value: printed.decimal, fraction, exact: isExact(printed) }];
}

/** A number that is a text already: whole counts and sums are exact, the rest is rounded. */
function text(
  subject: string,
  name: FigureName,
  variant: string,
  value: string | null,
  exact: boolean,
): Figure[] {
  return value === null ? [] : [{ subject, name, variant, value, fraction: '', exact }];
}

function ends(subject: string, name: FigureName, interval: IntervalDocument | null): Figure[] {
  if (interval === null) return [];
  const variant = (end: string) => `${interval.confidence} ${end}`;
  return [
    ...text(subject, name, variant('low'), interval.low, false),
    ...text(subject, name, variant('high'), interval.high, false),
  ];
}

/** The basic figures are shown even where they are not defined: a person looks for them. */
function basic(subject: string, name: FigureName, variant: string, printed: Printed): Figure[] {
  if (printed !== null) return figure(subject, name, variant, printed);
  return [{ subject, name, variant, value: null, fraction: '', exact: true }];
}

function fieldFigures(field: string, document: FieldDocument): readonly Figure[] {
  const { variance, standardDeviation, skewness, excessKurtosis } = document;
  const deviation = (variant: 'population' | 'sample') => {
    const [decimal, square] = [standardDeviation[variant], variance[variant]];
    return decimal === null || square === null ? null : { squareFraction: square.fraction, decimal };
  };
  return [
    ...text(field, 'count', '', String(document.count), true),
    ...text(field, 'sum', '', document.sum, true),
    ...basic(field, 'mean', '', document.mean),
    ...basic(field, 'variance', 'population', variance.population),
    ...basic(field, 'variance', 'sample', variance.sample),
    ...basic(field, 'standard deviation', 'population', deviation('population')),
    ...basic(field, 'standard deviation', 'sample', deviation('sample')),
    ...figure(field, 'standard error', '', document.standardError),
    ...ends(field, 'interval of the mean', document.meanInterval),
    ...figure(field, 'coefficient of variation', '', document.coefficientOfVariation),
    ...figure(field, 'root mean square', '', document.rootMeanSquare),
    ...figure(field, 'skewness', 'population', skewness.population),
    ...figure(field, 'skewness', 'adjusted', skewness.adjusted),
    ...figure(field, 'excess kurtosis', 'population', excessKurtosis.population),
    ...figure(field, 'excess kurtosis', 'adjusted', excessKurtosis.adjusted),
  ];
}

/** Each pair of fields once: the matrices are symmetric, and their diagonals stand with the fields. */
function jointFigures({ pairs }: StatisticsDocument): readonly Figure[] {
  return pairs.flatMap(({ fields, covariance, correlation, correlationInterval }) => {
    const subject = fields.join(', ');
    return [
      ...figure(subject, 'covariance', 'sample', covariance),
      ...figure(subject, 'correlation', '', correlation),
      ...ends(subject, 'interval of the correlation', correlationInterval),
    ];
  });
}

function histogramFigures(field: string, document: HistogramDocument): readonly Figure[] {
  const bounds = (variant: string, value: HistogramDocument['min'], name: FigureName = 'quantile') =>
    text(field, name, variant, value && boundsText(value), true);
  return [
    ...document.bins.flatMap((bin) => {
      const cell = boundsText(bin);
      return [
        ...text(field, 'count', cell, String(bin.count), true),
        ...figure(field, 'share', cell, bin.share),
        ...(bin.interval === null
          ? []
          : [
              ...text(
                field,
                'interval of the share',
                `${cell}, ${bin.interval.confidence} low`,
                bin.interval.low,
                false,
              ),
              ...text(
                field,
                'interval of the share',
                `${cell}, ${bin.interval.confidence} high`,
                bin.interval.high,
                false,
              ),
            ]),
      ];
    }),
    ...bounds('min', document.min),
    ...bounds('lower quartile', document.lowerQuartile),
    ...bounds('median', document.median),
    ...bounds('upper quartile', document.upperQuartile),
    ...bounds('max', document.max),
    ...document.modes.flatMap((mode) => bounds('', mode, 'mode')),
  ];
}

function weightedFigures({ weight, effectiveCount, fields }: WeightedDocument): readonly Figure[] {
  return [
    ...figure(weight, 'effective count', '', effectiveCount),
    ...Object.entries(fields).flatMap(([field, { mean, variance, standardDeviation }]) => [
      ...figure(field, 'weighted mean', `by ${weight}`, mean),
      ...figure(field, 'weighted variance', `population, by ${weight}`, variance.population),
      ...figure(field, 'weighted variance', `sample, by ${weight}`, variance.sample),
      ...figure(
        field,
        'weighted standard deviation',
        `population, by ${weight}`,
        standardDeviation.population,
      ),
      ...figure(field, 'weighted standard deviation', `sample, by ${weight}`, standardDeviation.sample),
    ]),
  ];
}

function chiSquareFigures(
  name: 'goodness of fit' | 'independence',
  test: ({ readonly field: string } & ChiSquareDocument) | null | undefined,
): readonly Figure[] {
  if (!test) return [];
  const { field, statistic, degrees, p, leastExpected } = test;
  return [
    ...figure(field, name, 'chi-square', statistic),
    ...text(field, name, 'degrees of freedom', String(degrees), true),
    ...text(field, name, 'p', p, false),
    ...figure(field, name, 'least expected count', leastExpected),
  ];
}

function regressionFigures(regression: RegressionDocument): readonly Figure[] {
  const { response, coefficients, residualStandardDeviation, r2, adjustedR2, f, p } = regression;
  const rounded = (name: FigureName, variant: string, value: string | null) =>
    text(response, name, variant, value, false);
  return [
    ...coefficients.flatMap(({ term, estimate, standardError, t, p: twoSided }) => [
      ...rounded('coefficient', term, estimate),
      ...rounded('coefficient', `${term}, standard error`, standardError),
      ...rounded('coefficient', `${term}, t`, t),
      ...rounded('coefficient', `${term}, p`, twoSided),
    ]),
    ...rounded('coefficient', 'residual standard deviation', residualStandardDeviation),
    ...rounded('R squared', '', r2),
    ...rounded('R squared', 'adjusted', adjustedR2),
    ...rounded('F', '', f),
    ...rounded('F', 'p', p),
  ];
}
