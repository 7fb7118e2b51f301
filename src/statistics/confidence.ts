import {
  addIntervals,
  divideIntervals,
  exponential,
  type Interval,
  integerInterval,
  logarithm,
  multiplyIntervals,
  multiplyRational,
  negateInterval,
  powerOfInterval,
  type Rational,
  type Real,
  rational,
  rationalInterval,
  rationalText,
  rootOfInterval,
  subtractIntervals,
  subtractRational,
} from '../arithmetic/index.ts';
import { EngineError } from '../foundation/index.ts';
import type { SignedRoot } from './covariance.ts';
import { normalTwoSidedQuantile, studentTwoSidedQuantile } from './distributions.ts';

/** The ends of a confidence interval. */
export interface RealInterval {
  readonly low: Real;
  readonly high: Real;
}

const ONE = rational(1n);

/**
 * center -+ t sqrt(square), t the two-sided quantile of Student's t (NIST/SEMATECH 1.3.5.2).
 * @throws EngineError `INVALID_ARGUMENT` for a confidence that is not above 0 and below 1
 */
export function studentInterval(
  center: Rational,
  square: Rational,
  degrees: Rational,
  confidence: Rational,
): RealInterval {
  const alpha = alphaOf(confidence);
  const factor = remembered(`${rationalText(alpha)} ${rationalText(degrees)}`, () =>
    studentTwoSidedQuantile(alpha, degrees),
  );
  const half: Real = (bits) =>
    multiplyIntervals(factor(bits), rootOfInterval(rationalInterval(square, 2 * bits), bits), bits);
  return around((bits) => rationalInterval(center, bits), half);
}

/**
 * Wilson's interval of a proportion (Wilson 1927; NIST/SEMATECH 7.2.4.1): with p = count / n and z the two-sided
 * quantile of the normal, (p + z^2/2n -+ z sqrt(p (1-p)/n + z^2/4n^2)) / (1 + z^2/n).
 * @throws EngineError `INVALID_ARGUMENT` without readings or for a confidence outside 0 to 1
 */
export function wilsonInterval(count: bigint, readings: bigint, confidence: Rational): RealInterval {
  if (readings < 1n) throw new EngineError('INVALID_ARGUMENT', 'expected at least one reading, got none');
  const z = normalFactor(confidence);
  const share = rational(count, readings);
  const spread = multiplyRational(
    multiplyRational(share, subtractRational(ONE, share)),
    rational(1n, readings),
  );
  // Both ends over n + z^2: center (c + z^2/2), half z sqrt(n^2 p(1-p)/n + z^2/4).
  const scaled = multiplyRational(spread, rational(readings * readings));
  const divided =
    (real: (square: Interval, bits: number) => Interval): Real =>
    (bits) => {
      const factor = z(bits);
      const square = multiplyIntervals(factor, factor, bits);
      const whole = addIntervals(integerInterval(readings), square, bits);
      return divideIntervals(real(square, bits), whole, bits);
    };
  const center = divided((square, bits) => addIntervals(integerInterval(count), scaledBy(square, -1), bits));
  const half = divided((square, bits) => {
    const inner = addIntervals(rationalInterval(scaled, bits), scaledBy(square, -2), bits);
    return rootOfInterval(multiplyIntervals(square, inner, bits), bits);
  });
  const { low, high } = around(center, half);
  // p = 0 and p = 1 end exactly at 0 and 1, which no subtraction of intervals finds out.
  return {
    low: count === 0n ? () => integerInterval(0n) : low,
    high: count === readings ? () => integerInterval(1n) : high,
  };
}

/**
 * The interval of a correlation by Fisher's z (Fisher 1921): tanh(artanh r -+ z / sqrt(n - 3)). `null` below four
 * readings or where r is 1 or -1.
 * @throws EngineError `INVALID_ARGUMENT` for a confidence outside 0 to 1
 */
export function correlationInterval(
  r: SignedRoot,
  readings: bigint,
  confidence: Rational,
): RealInterval | null {
  if (readings < 4n || r.square.numerator === r.square.denominator) return null;
  const factor = normalFactor(confidence);
  const rest = subtractRational(ONE, r.square);
  // (1 + |r|) / (1 - |r|) as (1 + |r|)^2 / (1 - r^2): the difference is exact, where an interval of 1 - |r| may hold zero.
  const center: Real = (bits) => {
    const size = rootOfInterval(rationalInterval(r.square, 2 * bits), bits);
    const above = powerOfInterval(addIntervals(integerInterval(1n), size, bits), 2, bits);
    const z = scaledBy(logarithm(divideIntervals(above, rationalInterval(rest, bits), bits), bits), -1);
    return r.sign < 0 ? negateInterval(z) : z;
  };
  const half: Real = (bits) =>
    multiplyIntervals(
      factor(bits),
      rootOfInterval(rationalInterval(rational(1n, readings - 3n), bits), bits),
      bits,
    );
  const { low, high } = around(center, half);
  return {
    low: (bits) => hyperbolicTangent(low(bits), bits),
    high: (bits) => hyperbolicTangent(high(bits), bits),
  };
}

/** 1 - 2 / (e^2x + 1). */
function hyperbolicTangent(x: Interval, bits: number): Interval {
  const grown = addIntervals(exponential(scaledBy(x, 1), bits), integerInterval(1n), bits);
  return subtractIntervals(integerInterval(1n), divideIntervals(integerInterval(2n), grown, bits), bits);
}

function normalFactor(confidence: Rational): Real {
  const alpha = alphaOf(confidence);
  return remembered(rationalText(alpha), () => normalTwoSidedQuantile(alpha));
}

/** Factors of intervals, kept: every cell of a histogram asks for the same one, and so do windows of equal counts. */
const factors = new Map<string, Real>();
const FACTORS_REMEMBERED_MAX = 256;

function remembered(key: string, make: () => Real): Real {
  let factor = factors.get(key);
  if (factor === undefined) {
    const real = make();
    const known = new Map<number, Interval>();
    factor = (bits) => {
      const interval = known.get(bits) ?? real(bits);
      known.set(bits, interval);
      return interval;
    };
    if (factors.size >= FACTORS_REMEMBERED_MAX) factors.clear();
    factors.set(key, factor);
  }
  return factor;
}

function around(center: Real, half: Real): RealInterval {
  return {
    low: (bits) => subtractIntervals(center(bits), half(bits), bits),
    high: (bits) => addIntervals(center(bits), half(bits), bits),
  };
}

/** Times a power of two. */
function scaledBy({ low, high, exponent }: Interval, power: number): Interval {
  return { low, high, exponent: exponent + power };
}

function alphaOf(confidence: Rational): Rational {
  if (confidence.numerator > 0n && confidence.numerator < confidence.denominator) {
    return subtractRational(ONE, confidence);
  }
  throw new EngineError('INVALID_ARGUMENT', 'expected a confidence above 0 and below 1');
}
