import { addRational, type Rational, rational } from '../arithmetic/index.ts';
import { EngineError } from '../foundation/index.ts';
import type { Moments } from './moments.ts';

/**
 * The sums of the readings of several windows, groups or streams together, exactly. A sum that one of them does not
 * have is left out. Only disjoint sets of readings may be merged: a reading in two of them would count twice.
 * @throws EngineError `INVALID_ARGUMENT` without any, or where they have different fields
 */
export function mergeMoments(parts: readonly Moments[]): Moments {
  const [first, ...others] = parts;
  if (first === undefined) throw new EngineError('INVALID_ARGUMENT', 'expected sums to merge, got none');
  return others.reduce(mergeTwo, first);
}

function mergeTwo(a: Moments, b: Moments): Moments {
  const powerSums = new Map<string, readonly Rational[]>();
  for (const [field, sums] of a.powerSums) {
    const more = b.powerSums.get(field);
    if (more === undefined || a.powerSums.size !== b.powerSums.size) {
      throw new EngineError(
        'INVALID_ARGUMENT',
        `expected the same fields in all sums, got some without ${field}`,
      );
    }
    const shared = Math.min(sums.length, more.length);
    powerSums.set(
      field,
      sums.slice(0, shared).map((sum, i) => addRational(sum, more[i] ?? rational(0n))),
    );
  }
  const productSums = new Map<string, Rational>();
  for (const [key, sum] of a.productSums) {
    const more = b.productSums.get(key);
    if (more !== undefined) productSums.set(key, addRational(sum, more));
  }
  return { count: a.count + b.count, powerSums, productSums };
}
