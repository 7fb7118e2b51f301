import type { Reading } from '../../src/sharing/index.ts';
import { FURTHER_ELEMENTS } from '../support/simulated-ring.ts';
import { type ComputedWindow, digitsOf } from './checkers/readings.ts';

/** The stored integers of y and z in the reading that is 4 to a power; the other reading of a batch has 0 in both. */
const furtherOf = (exponent: number) => ({ y: exponent + 1, z: ((7 * exponent) % 31) - 15 });

/** The reading 4 to the power of `exponent`, or the other one of its batch, in a stream that has further fields. */
export function furtherReading(x: string, exponent: number | null): Exclude<Reading, number | string> {
  const { y, z } = exponent === null ? { y: 0, z: 0 } : furtherOf(exponent);
  return { x, y: `${(y - 10) / 10}`, z };
}

/**
 * EXACT also of what is not x: every sum follows from the readings that the digits of the sum of x name.
 * @param sums stored integers in the order of the stream's elements, whose first two are the count and x.
 * @param others readings that are in batches beside those.
 */
export function checkFurtherSums(
  { window, sum }: Pick<ComputedWindow, 'window' | 'sum'>,
  sums: readonly bigint[],
  others: number,
): string[] {
  const named = digitsOf(sum).flatMap((digit, exponent) => (digit === 1 ? [furtherOf(exponent)] : []));
  const all = [...named, ...Array.from({ length: others }, () => ({ y: 0, z: 0 }))];
  const cells = { '-1': [0, 9], '0': [10, 34], '2.5': [35, 61] } as const;
  return FURTHER_ELEMENTS.flatMap((element, place) => {
    const expected = all.reduce((total, reading) => {
      if (element.kind === 'cell') {
        const [least, most] = cells[element.from as keyof typeof cells];
        return total + (reading.y >= least && reading.y <= most ? 1 : 0);
      }
      const factors = element.kind === 'moment' ? element.factors : [];
      return (
        total + factors.reduce((product, { field, power }) => product * reading[field as 'y'] ** power, 1)
      );
    }, 0);
    const found = sums[2 + place];
    if (found === BigInt(expected)) return [];
    return [
      `EXACT: window ${window} has the sum ${found} in place ${2 + place}, its readings make ${expected}`,
    ];
  });
}
