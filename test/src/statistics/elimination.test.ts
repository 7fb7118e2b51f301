import { expect } from 'vitest';
import { eliminate } from '../../../src/statistics/elimination.ts';
import { fc, test } from '../../support/property.ts';

const matrices = fc.integer({ min: 1, max: 5 }).chain((size) =>
  fc.array(fc.array(fc.bigInt({ min: -6n, max: 6n }), { minLength: size, maxLength: size }), {
    minLength: size,
    maxLength: size,
  }),
);

function product(rows: readonly (readonly bigint[])[]): bigint[][] {
  return rows.map((a) => rows.map((b) => a.reduce((sum, value, i) => sum + value * b[i]!, 0n)));
}

/** Expansion along the first row. */
function determinant(rows: readonly (readonly bigint[])[]): bigint {
  if (rows.length === 0) return 1n;
  return rows[0]!.reduce((sum, value, j) => {
    const minor = rows.slice(1).map((row) => row.filter((_, k) => k !== j));
    return sum + (j % 2 === 0 ? value : -value) * determinant(minor);
  }, 0n);
}

/** Sylvester's criterion for semidefinite matrices: no principal minor, of any rows, is negative. */
function semidefiniteByMinors(rows: readonly (readonly bigint[])[]): boolean {
  for (let subset = 0; subset < 2 ** rows.length; subset++) {
    const kept = rows.map((_, i) => i).filter((i) => (subset >> i) & 1);
    if (determinant(kept.map((i) => kept.map((j) => rows[i]![j]!))) < 0n) return false;
  }
  return true;
}

test.prop([matrices])('a matrix times its transpose is semidefinite, with its determinant', (rows) => {
  const gram = product(rows);
  const found = eliminate(gram);
  expect(found.semidefinite).toBe(true);
  const expected = determinant(gram);
  if (expected === 0n) expect(found.rank).toBeLessThan(rows.length);
  else expect(found).toMatchObject({ rank: rows.length, determinant: expected });
});

test.prop([matrices, fc.integer({ min: 0, max: 30 })], { numRuns: 300 })(
  'elimination agrees with all principal minors on any symmetric matrix',
  (rows, lift) => {
    const symmetric = rows.map((row, i) =>
      row.map((value, j) => value + rows[j]![i]! + (i === j ? BigInt(lift) : 0n)),
    );
    expect(eliminate(symmetric).semidefinite).toBe(semidefiniteByMinors(symmetric));
  },
);

test('the empty matrix is semidefinite', () => {
  expect(eliminate([])).toEqual({ semidefinite: true, rank: 0, determinant: 1n });
});
