/**
 * Symmetric elimination of an integer matrix, exact and without fractions (Bareiss 1968): every entry stays a
 * minor of the matrix. A pivot of zero is left out, as if its row and column were not there.
 */
export interface Elimination {
  /** No vector v gives v'Mv < 0. */
  readonly semidefinite: boolean;
  /** Pivots used: the rank, if the matrix is semidefinite. */
  readonly rank: number;
  /** Determinant of the rows and columns used; 1 if none were. */
  readonly determinant: bigint;
}

export function eliminate(matrix: readonly (readonly bigint[])[]): Elimination {
  const rows = matrix.map((row) => [...row]);
  const size = rows.length;
  let determinant = 1n;
  let rank = 0;
  for (let k = 0; k < size; k++) {
    const pivot = at(rows, k, k);
    if (pivot < 0n) return { semidefinite: false, rank, determinant };
    if (pivot === 0n) {
      // Semidefinite with a zero on the diagonal means a zero row: otherwise some 2x2 minor is negative.
      for (let j = k + 1; j < size; j++) {
        if (at(rows, k, j) !== 0n) return { semidefinite: false, rank, determinant };
      }
      continue;
    }
    for (let i = k + 1; i < size; i++) {
      const row = rows[i] ?? [];
      for (let j = k + 1; j < size; j++) {
        row[j] = (at(rows, i, j) * pivot - at(rows, i, k) * at(rows, k, j)) / determinant;
      }
    }
    determinant = pivot;
    rank++;
  }
  return { semidefinite: true, rank, determinant };
}

function at(rows: readonly (readonly bigint[])[], i: number, j: number): bigint {
  return rows[i]?.[j] ?? 0n;
}
