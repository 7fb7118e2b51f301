import { type Static, Type } from '../foundation/index.ts';

const whole = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });

/** A count as an operator is told it: the number, or two numbers that it lies between, neither of them included. */
export const toldCount = Type.Union([
  whole,
  Type.Object({ above: whole, below: whole }, { additionalProperties: false }),
]);
export type ToldCount = Static<typeof toldCount>;

/** How many there are of one window, and in which steps that may be told; 1 tells the number itself. */
export interface CountPart {
  readonly count: number;
  readonly step: number;
}

/**
 * A total over windows that tells no more of each than its step: 0, or between which two multiples of it the count
 * lies. A plain "fewer than the minimum" would not do, for beyond it every upload would be seen to pass.
 */
export function toldTotal(parts: readonly CountPart[]): ToldCount {
  return parts.map(toldPart).reduce(addTold, 0);
}

function toldPart({ count, step }: CountPart): ToldCount {
  if (count === 0 || step <= 1) return count;
  const from = count - (count % step);
  return { above: Math.max(0, from - 1), below: from + step };
}

/** What may be told of both together. */
export function addTold(a: ToldCount, b: ToldCount): ToldCount {
  if (typeof a === 'number') {
    return typeof b === 'number' ? a + b : { above: a + b.above, below: a + b.below };
  }
  if (typeof b === 'number') return addTold(b, a);
  // Each is at least one more than `above` and at most one less than `below`.
  return { above: a.above + b.above + 1, below: a.below + b.below - 1 };
}

/** Whether there is certainly at least one. */
export function isSome(count: ToldCount): boolean {
  return typeof count !== 'number' || count > 0;
}

/** As a person reads it: `7`, `< 13` or `26 to 38`. */
export function toldText(count: ToldCount): string {
  if (typeof count === 'number') return String(count);
  return count.above === 0 ? `< ${count.below}` : `${count.above + 1} to ${count.below - 1}`;
}
