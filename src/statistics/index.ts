export {
  AMBIGUITY_BITS,
  ambiguityBits,
  LEAST_SENSORS_MAX,
  leastSensors,
  leavesAmbiguity,
  MOMENTS_ESTIMATED_MAX,
} from './ambiguity.ts';
export type { CapacityReport, ElementCapacity } from './capacity.ts';
export { checkCapacity } from './capacity.ts';
export type { ChiSquareDocument } from './chi-square-document.ts';
export { chiSquareDocument } from './chi-square-document.ts';
export type { ChiSquareTest, TwoWayTable } from './chi-square-test.ts';
export { goodnessOfFit, independence, jointCategory, twoWayTable } from './chi-square-test.ts';
export type { Anova, Sample, VarianceTest, WelchTest } from './comparison.ts';
export { anova, varianceRatio, welch } from './comparison.ts';
export type { RealInterval } from './confidence.ts';
export { correlationInterval, studentInterval, wilsonInterval } from './confidence.ts';
export type { Covariance, SignedRoot } from './covariance.ts';
export { correlation, covariance, scatterOf } from './covariance.ts';
export type { Description } from './description.ts';
export { describe } from './description.ts';
export {
  chiSquareCdf,
  chiSquareQuantile,
  chiSquareUpper,
  fCdf,
  fQuantile,
  fUpper,
  normalCdf,
  normalQuantile,
  normalTwoSided,
  normalTwoSidedQuantile,
  studentCdf,
  studentQuantile,
  studentTwoSided,
  studentTwoSidedQuantile,
} from './distributions.ts';
export type { Explanation, FigureName } from './explanations.ts';
export { EXPLANATIONS } from './explanations.ts';
export type { DocumentOptions, FieldDocument } from './field-document.ts';
export { fieldDocument } from './field-document.ts';
export type { Bin, Bounds, Histogram, Proportion } from './histogram.ts';
export {
  histogramsOf,
  medianBounds,
  mergeHistograms,
  modes,
  proportions,
  quantileBounds,
  rangeBounds,
} from './histogram.ts';
export type { BinDocument, BoundsDocument, HistogramDocument } from './histogram-document.ts';
export { boundsText, histogramDocument } from './histogram-document.ts';
export type { JointDocument, MatrixDocument, RegressionDocument } from './joint-document.ts';
export { jointDocument, regressionDocument } from './joint-document.ts';
export { mergeMoments } from './merge.ts';
export type { Factors, Moments, Univariate } from './moments.ts';
export { momentSum, momentsOf, momentsOfSums, productKey, univariate } from './moments.ts';
export type { PlausibilityCheck } from './plausibility.ts';
export { checkPlausible } from './plausibility.ts';
export type { IntervalDocument, RationalDocument, RootDocument } from './printed.ts';
export { isExact, printedInterval, printedRational, printedRoot } from './printed.ts';
export type { Coefficient, Regression } from './regression.ts';
export { INTERCEPT, regress } from './regression.ts';
export type { ResultDocument } from './result-document.ts';
export { resultDocument } from './result-document.ts';
export type { StoredSums } from './stored-sums.ts';
export { readSignedSums } from './stored-sums.ts';
export type { Weighted } from './weighted.ts';
export { weighted } from './weighted.ts';
export type { WeightedDocument, WeightedFieldDocument } from './weighted-document.ts';
export { weightedDocument } from './weighted-document.ts';
