import {
  addIntervals,
  divideIntervals,
  type Interval,
  integerInterval,
  logarithm,
  multiplyIntervals,
  pi,
  type Rational,
  rational,
  rationalInterval,
  subtractIntervals,
} from '../arithmetic/index.ts';

/**
 * ln Gamma(z) for a rational z > 0, to about 2^-bits of its size. Stirling's series (DLMF 5.11.1)
 *
 *     (z - 1/2) ln z - z + ln(2 pi)/2 + sum over k of B_2k / (2k (2k-1) z^(2k-1))
 *
 * ends with an error of the sign and below the size of the first term left out (DLMF 5.11(ii), real z > 0). A small
 * z is moved up first: Gamma(z) = Gamma(z + n) / (z (z+1) ... (z+n-1)).
 */
export function logarithmOfGamma(z: Rational, bits: number): Interval {
  const least = Math.ceil(bits / 4) + 2;
  const whole = z.numerator / z.denominator;
  const steps = whole >= BigInt(least) ? 0 : least - Number(whole);
  const far = rationalInterval(rational(z.numerator + BigInt(steps) * z.denominator, z.denominator), bits);
  const stirling = stirlingSeries(far, bits);
  if (steps === 0) return stirling;
  let product = integerInterval(1n);
  for (let i = 0n; i < BigInt(steps); i++) {
    const factor = rationalInterval(rational(z.numerator + i * z.denominator, z.denominator), bits);
    product = multiplyIntervals(product, factor, bits);
  }
  return subtractIntervals(stirling, logarithm(product, bits), bits);
}

function stirlingSeries(z: Interval, bits: number): Interval {
  const half = rationalInterval(rational(1n, 2n), bits);
  const twoPi = multiplyIntervals(integerInterval(2n), pi(bits), bits);
  let sum = multiplyIntervals(subtractIntervals(z, half, bits), logarithm(z, bits), bits);
  sum = subtractIntervals(sum, z, bits);
  sum = addIntervals(sum, multiplyIntervals(half, logarithm(twoPi, bits), bits), bits);
  const terms = Math.ceil(bits / 8) + 2;
  const coefficients = stirlingCoefficients(terms + 1);
  const square = multiplyIntervals(z, z, bits);
  let power = z;
  let term = integerInterval(0n);
  for (const [k, { above, below }] of coefficients.entries()) {
    const coefficient = divideIntervals(integerInterval(above), integerInterval(below), bits);
    term = divideIntervals(coefficient, power, bits);
    if (k < terms) sum = addIntervals(sum, term, bits);
    power = multiplyIntervals(power, square, bits);
  }
  // What is left out lies between nothing and the last term, whatever that one's sign.
  const rest = {
    low: term.low < 0n ? term.low : 0n,
    high: term.high > 0n ? term.high : 0n,
    exponent: term.exponent,
  };
  return addIntervals(sum, rest, bits);
}

interface Fraction {
  readonly above: bigint;
  readonly below: bigint;
}

/** B_2k / (2k (2k-1)) for k = 1 .. count, through the tangent numbers: B_2k = (-1)^(k-1) 2k T_k / (4^k (4^k - 1)). */
function stirlingCoefficients(count: number): readonly Fraction[] {
  if (known.length < count) {
    known = tangentNumbers(2 * count).map((tangent, i) => {
      const k = BigInt(i + 1);
      const power = 4n ** k;
      // Not in lowest terms: finding those would cost more than all the rest.
      return { above: i % 2 === 0 ? tangent : -tangent, below: power * (power - 1n) * (2n * k - 1n) };
    });
  }
  return known.slice(0, count);
}

/** The longest list made so far; the numbers never change. */
let known: readonly Fraction[] = [];

/** T_1 .. T_count = 1, 2, 16, 272 ..., by the recurrence of Brent and Harvey (2011), integers throughout. */
function tangentNumbers(count: number): bigint[] {
  const numbers: bigint[] = [1n];
  for (let k = 1; k < count; k++) numbers.push(BigInt(k) * (numbers[k - 1] ?? 0n));
  for (let k = 1; k < count; k++) {
    for (let j = k; j < count; j++) {
      numbers[j] = BigInt(j - k) * (numbers[j - 1] ?? 0n) + BigInt(j - k + 2) * (numbers[j] ?? 0n);
    }
  }
  return numbers;
}
