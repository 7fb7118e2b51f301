import {
  bitSize,
  compareIntervals,
  fixedPoint,
  type Interval,
  type Rational,
  type Real,
  rational,
  rationalInterval,
} from '../arithmetic/index.ts';
import { invariant } from '../foundation/index.ts';

/** The upper tail of a distribution on x > 0: falls from 1 to 0. */
export type Tail = (x: Rational, bits: number) => Interval;

/** Precision of the first search, in bits. */
const SEARCH_BITS = 64;
/** Bits of the root that are found by halving; the secant goes faster from there on. */
const SEARCH_MANTISSA_BITS = 5;
/** Bits of a guess that are used: the secant's first two points are one unit apart. */
const GUESS_MANTISSA_BITS = 24;
/** Doublings, halvings or secant steps, at most. */
const SEARCH_STEPS_MAX = 2_000;

/**
 * The x > 0 at which a falling tail is `target`, between 0 and 1. The search may go where it likes; what counts is
 * the end: the tail is certainly above the target at the lower end of the interval and certainly below at the upper
 * one, and a falling function crosses between them.
 * @param guess near the root, where something cheap knows one: it saves the search most steps, and a bad one is only
 * tried in vain.
 */
export function inverseOfTail(tail: Tail, target: Rational, guess?: () => number): Real {
  invariant(
    target.numerator > 0n && target.numerator < target.denominator,
    'expected a target inside 0 to 1',
  );
  const lost = bitsLost(target);
  let start: Dyadic | undefined;
  let guessed: Dyadic | undefined;
  return (bits) => {
    guessed ??= guess && dyadicOf(guess());
    if (guessed !== undefined) {
      const wide = bits + 32;
      const enclosure = certified(tail, target, secant(tail, target, guessed, wide, lost), wide + lost);
      if (enclosure !== undefined) return enclosure;
    }
    start ??= bracket(tail, target, SEARCH_BITS + lost);
    for (let wide = bits + 32; wide <= 16 * bits + 1_024; wide *= 2) {
      const enclosure = certified(tail, target, secant(tail, target, start, wide, lost), wide + lost);
      if (enclosure !== undefined) return enclosure;
    }
    invariant(false, 'expected a tail that falls');
  };
}

/** Bits of the tail that say nothing of x, because the target is near 1, and some more for a flat tail. */
function bitsLost({ numerator, denominator }: Rational): number {
  return 2 * (bitSize(denominator) - bitSize(denominator - numerator)) + 48;
}

/** A number as mantissa * 2^-scale. */
interface Dyadic {
  readonly mantissa: bigint;
  readonly scale: number;
}

function rationalOf({ mantissa, scale }: Dyadic): Rational {
  return scale >= 0 ? rational(mantissa, 1n << BigInt(scale)) : rational(mantissa << BigInt(-scale));
}

/** The first bits of a number above 0; `undefined` for what is none. */
function dyadicOf(value: number): Dyadic | undefined {
  if (!(value > 0 && value < Number.MAX_VALUE)) return undefined;
  const scale = GUESS_MANTISSA_BITS - Math.ceil(Math.log2(value));
  const mantissa = BigInt(Math.round(value * 2 ** scale));
  return mantissa > 0n ? { mantissa, scale } : undefined;
}

/** The power of two at or below the root, then its first bits, by halving. */
function bracket(tail: Tail, target: Rational, bits: number): Dyadic {
  const wanted = rationalInterval(target, bits);
  const above = (x: Dyadic) => compareIntervals(tail(rationalOf(x), bits), wanted) > 0;
  let scale = 0;
  let steps = 0;
  while (above({ mantissa: 1n, scale })) {
    scale--;
    invariant(++steps < SEARCH_STEPS_MAX, 'expected a root below 2^2000');
  }
  while (!above({ mantissa: 1n, scale })) {
    scale++;
    invariant(++steps < SEARCH_STEPS_MAX, 'expected a root above 2^-2000');
  }
  let mantissa = 1n;
  for (let bit = 0; bit < SEARCH_MANTISSA_BITS; bit++) {
    mantissa *= 2n;
    scale++;
    if (above({ mantissa: mantissa + 1n, scale })) mantissa += 1n;
  }
  return { mantissa, scale };
}

function secant(tail: Tail, target: Rational, start: Dyadic, bits: number, lost: number): Dyadic {
  const scale = start.scale + bits;
  // Differences are taken on a grid fine enough for a target far below 1.
  const grid = bits + lost + Math.max(0, bitSize(target.denominator) - bitSize(target.numerator));
  const wanted = fixedPoint(rationalInterval(target, bits + lost), grid).low;
  const distance = (mantissa: bigint) =>
    fixedPoint(tail(rationalOf({ mantissa, scale }), bits + lost), grid).low - wanted;
  let [x, next] = [start.mantissa << BigInt(bits), (start.mantissa + 1n) << BigInt(bits)];
  let [y, nextY] = [distance(x), distance(next)];
  for (let step = 0; step < 64 && nextY !== y; step++) {
    const move = (nextY * (next - x)) / (nextY - y);
    const moved = next - move;
    if (moved <= 0n) break;
    [x, y] = [next, nextY];
    next = moved;
    if (move > -4n && move < 4n) break;
    nextY = distance(next);
  }
  return { mantissa: next, scale };
}

function certified(
  tail: Tail,
  target: Rational,
  { mantissa, scale }: Dyadic,
  bits: number,
): Interval | undefined {
  const wanted = rationalInterval(target, bits);
  for (const margin of [1n << 8n, 1n << 16n]) {
    const [low, high] = [mantissa - margin, mantissa + margin];
    if (low <= 0n) return undefined;
    const above = compareIntervals(tail(rationalOf({ mantissa: low, scale }), bits), wanted) > 0;
    const below = compareIntervals(tail(rationalOf({ mantissa: high, scale }), bits), wanted) < 0;
    if (above && below) return { low, high, exponent: -scale };
  }
  return undefined;
}
