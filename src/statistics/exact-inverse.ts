/** What fraction-free elimination finds of a symmetric integer matrix that is positive semidefinite. */
export type ExactInverse =
  | {
      readonly kind: 'inverse';
      /** The inverse is adjugate / determinant. */
      readonly adjugate: readonly (readonly bigint[])[];
      readonly determinant: bigint;
    }
  | {
      readonly kind: 'singular';
      /** Row by row the coefficients, up to a common factor, of a combination of rows that is zero. */
      readonly combination: readonly bigint[];
    };

/**
 * The inverse of a positive semidefinite integer matrix, by Gauss and Jordan without fractions (Bareiss 1968): every
 * entry stays a minor of the matrix, every division is exact. Such a matrix needs no exchange of rows: a zero pivot
 * means that its row is a combination of the rows before.
 */
export function exactInverse(matrix: readonly (readonly bigint[])[]): ExactInverse {
  const size = matrix.length;
  const rows = matrix.map((row, i) => [...row, ...matrix.map((_, j) => (i === j ? 1n : 0n))]);
  let previous = 1n;
  for (let k = 0; k < size; k++) {
    const pivotRow = rows[k] ?? [];
    const pivot = pivotRow[k] ?? 0n;
    if (pivot === 0n) return { kind: 'singular', combination: pivotRow.slice(size) };
    rows.forEach((row, i) => {
      if (i === k) return;
      const factor = row[k] ?? 0n;
      row.forEach((entry, j) => {
        row[j] = (entry * pivot - factor * (pivotRow[j] ?? 0n)) / previous;
      });
    });
    previous = pivot;
  }
  return { kind: 'inverse', adjugate: rows.map((row) => row.slice(size)), determinant: previous };
}
