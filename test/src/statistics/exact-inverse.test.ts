import { expect } from 'vitest';
import { exactInverse } from '../../../src/statistics/exact-inverse.ts';
import { fc, test } from '../../support/property.ts';

const square = fc.integer({ min: 1, max: 5 }).chain((size) =>
  fc.array(fc.array(fc.bigInt(-9n, 9n), { minLength: size, maxLength: size }), {
    minLength: 1,
    maxLength: size + 2,
  }),
);

/** G'G: symmetric and positive semidefinite, singular whenever G has too few rows. */
function gram(factor: readonly (readonly bigint[])[]): bigint[][] {
  const size = factor[0]?.length ?? 0;
  const at = (i: number, j: number) => factor.reduce((sum, row) => sum + (row[i] ?? 0n) * (row[j] ?? 0n), 0n);
  return Array.from({ length: size }, (_, i) => Array.from({ length: size }, (__, j) => at(i, j)));
}

test.prop([square], { numRuns: 300 })(
  'the inverse is exact, or a combination of rows that is zero is named',
  (factor) => {
    const matrix = gram(factor);
    const result = exactInverse(matrix);
    if (result.kind === 'inverse') {
      expect(result.determinant).toBeGreaterThan(0n);
      matrix.forEach((row, i) => {
        matrix.forEach((_, j) => {
          const entry = row.reduce((sum, value, k) => sum + value * (result.adjugate[k]?.[j] ?? 0n), 0n);
          expect(entry).toBe(i === j ? result.determinant : 0n);
        });
      });
      return;
    }
    expect(result.combination.some((value) => value !== 0n)).toBe(true);
    matrix.forEach((_, column) => {
      const sum = result.combination.reduce(
        (total, value, i) => total + value * (matrix[i]?.[column] ?? 0n),
        0n,
      );
      expect(sum).toBe(0n);
    });
  },
);
