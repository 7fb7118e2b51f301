/**
 * Integrals to 60 digits by the tanh-sinh rule (Takahasi and Mori 1974), in whole numbers at one scale: a second way
 * to the distributions that shares no code, series or gamma function with the product.
 */
const SCALE_BITS = 260n;
export const UNIT = 1n << SCALE_BITS;

export function fixed(numerator: bigint, denominator = 1n): bigint {
  return (numerator << SCALE_BITS) / denominator;
}

export function times(a: bigint, b: bigint): bigint {
  return (a * b) >> SCALE_BITS;
}

export function over(a: bigint, b: bigint): bigint {
  return (a << SCALE_BITS) / b;
}

export function root(a: bigint): bigint {
  if (a <= 0n) return 0n;
  const square = a << SCALE_BITS;
  let guess = 1n << BigInt(Math.ceil(square.toString(2).length / 2));
  for (;;) {
    const next = (guess + square / guess) >> 1n;
    if (next >= guess) return guess;
    guess = next;
  }
}

/** a^(halves / 2). */
export function powerOfHalves(a: bigint, halves: number): bigint {
  if (halves < 0) return over(UNIT, powerOfHalves(a, -halves));
  let result = halves % 2 === 1 ? root(a) : UNIT;
  let square = a;
  for (let rest = Math.floor(halves / 2); rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) result = times(result, square);
    square = times(square, square);
  }
  return result;
}

/** e^x by Taylor after halving the argument until it is small, then squaring back. */
export function exponentialOf(x: bigint): bigint {
  let halvings = 0n;
  while ((x < 0n ? -x : x) >> halvings > UNIT >> 8n) halvings++;
  const small = x >> halvings;
  let sum = UNIT;
  let term = UNIT;
  for (let n = 1n; term !== 0n && term !== -1n; n++) {
    term = times(term, small) / n;
    sum += term;
  }
  for (let i = 0n; i < halvings; i++) sum = times(sum, sum);
  return sum;
}

/** Pi as the area under 4 / (1 + x^2). */
export const PI: bigint = integral((x) => over(4n * UNIT, UNIT + times(x, x)), 0n, UNIT, machinPi());

/** The nodes need pi only roughly: any near number gives the same integral. */
function machinPi(): bigint {
  return fixed(3_141_592_653_589_793n, 1_000_000_000_000_000n);
}

/** Gamma(halves / 2) from Gamma(1) = 1 and Gamma(1/2) = sqrt(pi). */
export function gammaOfHalves(halves: number): bigint {
  let result = halves % 2 === 0 ? UNIT : root(PI);
  for (let at = halves % 2 === 0 ? 2 : 1; at < halves; at += 2) result = (result * BigInt(at)) / 2n;
  return result;
}

/**
 * The integral of f from a to b. Nodes closer to an end than the scale can tell are left out, so f may grow there
 * like an inverse root: `f` is given the distance from the nearer end as well.
 */
export function integral(f: (x: bigint) => bigint, a: bigint, b: bigint, pi: bigint = PI): bigint {
  const step = UNIT >> 6n;
  const half = (b - a) / 2n;
  let sum = 0n;
  for (let k = -340n; k <= 340n; k++) {
    const t = k * step;
    const grown = exponentialOf(t);
    const shrunk = over(UNIT, grown);
    const angle = times(pi, grown - shrunk) / 4n;
    if (angle > 120n * UNIT || angle < -120n * UNIT) continue;
    const out = exponentialOf(angle);
    const back = over(UNIT, out);
    const cosh = (out + back) / 2n;
    // 1 - tanh and 1 + tanh without cancellation: the distances from both ends.
    const fromEnd = over(back, cosh);
    const x = k > 0n ? b - times(half, fromEnd) : a + times(half, over(out, cosh));
    const weight = over(times(pi, grown + shrunk) / 4n, times(cosh, cosh));
    if (x > a && x < b) sum += times(weight, f(x));
  }
  return times(half, (sum * step) >> SCALE_BITS);
}

/** The first `digits` significant digits of a positive number below 10, correctly rounded unless it is a near tie. */
export function digitsOf(value: bigint, digits: number): string {
  let power = 0;
  let scaled = value;
  while (scaled < UNIT) {
    scaled *= 10n;
    power++;
  }
  const whole = (scaled * 10n ** BigInt(digits - 1) + UNIT / 2n) >> SCALE_BITS;
  return `${whole}e-${power + digits - 1}`;
}
