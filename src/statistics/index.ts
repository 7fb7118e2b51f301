export {
  AMBIGUITY_BITS,
  ambiguityBits,
  LEAST_SENSORS_MAX,
  leastSensors,
  MOMENTS_ESTIMATED_MAX,
} from './ambiguity.ts';
export type { CapacityReport, ElementCapacity } from './capacity.ts';
export { checkCapacity } from './capacity.ts';
export type { Moments, Univariate } from './moments.ts';
export { momentsOf, momentsOfSums, univariate } from './moments.ts';
export type { PlausibilityCheck } from './plausibility.ts';
export { checkPlausible } from './plausibility.ts';
export type { RationalDocument, ResultDocument } from './result-document.ts';
export { resultDocument } from './result-document.ts';
export type { StoredSums } from './stored-sums.ts';
export { readSignedSums } from './stored-sums.ts';
