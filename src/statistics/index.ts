export { AMBIGUITY_BITS, ambiguityBits, LEAST_SENSORS_MAX, leastSensors } from './ambiguity.ts';
export type { CapacityReport, ElementCapacity } from './capacity.ts';
export { checkCapacity } from './capacity.ts';
export type { Moments, Univariate } from './moments.ts';
export { momentsOf, univariate } from './moments.ts';
export type { PlausibilityCheck } from './plausibility.ts';
export { checkPlausible } from './plausibility.ts';
export type { RationalDocument, ResultDocument } from './result-document.ts';
export { resultDocument } from './result-document.ts';
