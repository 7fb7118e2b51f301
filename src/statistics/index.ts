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
export type { Covariance, SignedRoot } from './covariance.ts';
export { correlation, covariance, scatterOf } from './covariance.ts';
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
export type { JointDocument, MatrixDocument, RegressionDocument } from './joint-document.ts';
export { jointDocument, regressionDocument } from './joint-document.ts';
export type { Factors, Moments, Univariate } from './moments.ts';
export { momentSum, momentsOf, momentsOfSums, productKey, univariate } from './moments.ts';
export type { PlausibilityCheck } from './plausibility.ts';
export { checkPlausible } from './plausibility.ts';
export type { Coefficient, Regression } from './regression.ts';
export { INTERCEPT, regress } from './regression.ts';
export type { RationalDocument, ResultDocument } from './result-document.ts';
export { resultDocument } from './result-document.ts';
export type { StoredSums } from './stored-sums.ts';
export { readSignedSums } from './stored-sums.ts';
