import { describe, expect, it } from 'vitest';
import { formatReal, rational } from '../../../src/arithmetic/index.ts';
import { normalTwoSided, studentTwoSidedQuantile } from '../../../src/statistics/distributions.ts';
import { inverseOfTail, type Tail } from '../../../src/statistics/inverse.ts';

/** P(|Z| >= z), counting how often it is asked. */
function counted() {
  let calls = 0;
  const tail: Tail = (z, bits) => {
    calls++;
    return normalTwoSided(rational(z.numerator ** 2n, z.denominator ** 2n))(bits);
  };
  return { tail, calls: () => calls };
}

const ALPHA = rational(1n, 20n);
const Z = '1.9599639845400542355245944305206';

describe('the inverse of a tail', () => {
  it.each([1.96, 1, 500, 1e-9, 0, -3, Number.NaN, Number.POSITIVE_INFINITY])(
    'is the same from the guess %s as without one',
    (guess) => {
      const { tail } = counted();
      const root = inverseOfTail(tail, ALPHA, () => guess);
      expect(formatReal(root, { digits: 32 })).toBe(Z);
      expect(formatReal(inverseOfTail(tail, ALPHA), { digits: 32 })).toBe(Z);
    },
  );

  it('takes less than half of the search from a good guess', () => {
    const [plain, guessed] = [counted(), counted()];
    inverseOfTail(plain.tail, ALPHA)(80);
    inverseOfTail(guessed.tail, ALPHA, () => 1.96)(80);
    expect(guessed.calls() * 2).toBeLessThan(plain.calls());
  });

  // The table of NIST/SEMATECH 1.3.6.7.2.
  it.each([
    [1n, '12.706'],
    [3n, '3.182'],
    [4n, '2.776'],
    [10n, '2.228'],
    [100n, '1.984'],
  ])('is Student’s t of %s degrees of freedom with and without room for the guess', (degrees, printed) => {
    const t = studentTwoSidedQuantile(ALPHA, rational(degrees));
    expect(Number(formatReal(t, { digits: 15 })).toFixed(3)).toBe(printed);
  });
});
