export type { Decimal } from './decimal.ts';
export { DECIMAL_CHARACTERS_MAX, DECIMAL_EXPONENT_MAX, parseDecimal, readDecimal } from './decimal.ts';
export {
  checkElements,
  decodeElements,
  ELEMENT_BYTES,
  encodeElements,
  isCanonical,
} from './element-codec.ts';
export type { ElementPool } from './element-pool.ts';
export { createElementPool, POOL_BYTES } from './element-pool.ts';
export { exponential, logarithm, pi } from './elementary.ts';
export { largestOf, smallestOf } from './extremes.ts';
export type { FieldElement } from './field.ts';
export {
  addElements,
  BALANCED_MAX,
  balanced,
  fieldElement,
  invertElement,
  MODULUS,
  multiplyElements,
  negateElement,
  powerElement,
  subtractElements,
} from './field.ts';
export type { FormatOptions } from './format-decimal.ts';
export { formatExactDecimal, formatRational, formatSquareRoot } from './format-decimal.ts';
export { formatReal } from './format-real.ts';
export { integerSquareRoot } from './integer-root.ts';
export type { Interval, Real } from './interval.ts';
export {
  addIntervals,
  bitSize,
  ceilingQuotient,
  compareIntervals,
  divideIntervals,
  fixedPoint,
  floorQuotient,
  hullOfIntervals,
  integerInterval,
  multiplyIntervals,
  negateInterval,
  powerOfInterval,
  rationalInterval,
  rootOfInterval,
  smallerInterval,
  subtractIntervals,
} from './interval.ts';
export type { LimbSum } from './limb-sum.ts';
export {
  addAllToLimbSum,
  addToLimbSum,
  createLimbSum,
  LIMB_ADDITIONS_MAX,
  limbSumElements,
  mergeLimbSum,
  subtractFromLimbSum,
  subtractInPlace,
  writeInteger,
} from './limb-sum.ts';
export type { Rational } from './rational.ts';
export {
  addRational,
  compareRational,
  divideRational,
  multiplyRational,
  rational,
  rationalText,
  subtractRational,
} from './rational.ts';
