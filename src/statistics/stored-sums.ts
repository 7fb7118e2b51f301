import { balanced, type FieldElement } from '../arithmetic/index.ts';
import { EngineError } from '../foundation/index.ts';
import type { StoredSchema } from '../sharing/index.ts';

/** Combined sums as signed integers, looked up by what they are the sum of. */
export interface StoredSums {
  readonly count: bigint;
  /** Signed sums in the order of the schema's elements. */
  readonly values: readonly bigint[];
  /** The sum of a product of powers, given as index and power of each factor; `undefined` if the schema lacks it. */
  moment(...factors: readonly (readonly [index: number, power: number])[]): bigint | undefined;
}

/** @throws EngineError `WRONG_VECTOR_LENGTH` when there is not one sum per element of the schema. */
export function readSums(stored: StoredSchema, sums: readonly FieldElement[]): StoredSums {
  return readSignedSums(stored, sums.map(balanced));
}

/**
 * The same of signed integers, such as sums of several windows: those may be beyond half the field.
 * @throws EngineError `WRONG_VECTOR_LENGTH`
 */
export function readSignedSums(stored: StoredSchema, values: readonly bigint[]): StoredSums {
  if (values.length !== stored.elements.length) {
    throw new EngineError(
      'WRONG_VECTOR_LENGTH',
      `expected ${stored.elements.length} sums, got ${values.length}`,
    );
  }
  const byPowers = new Map<string, bigint>();
  stored.elements.forEach((element, i) => {
    if (element.kind !== 'moment') return;
    byPowers.set(key(element.factors.map(({ index, power }) => [index, power])), values[i] ?? 0n);
  });
  return {
    count: values[0] ?? 0n,
    values,
    moment: (...factors) => byPowers.get(key(factors)),
  };
}

function key(factors: readonly (readonly [number, number])[]): string {
  return factors
    .toSorted(([a], [b]) => a - b)
    .map(([index, power]) => `${index}^${power}`)
    .join(' ');
}
