import { bitLength } from 'bigint-crypto-utils';
import { invariant } from '../foundation/index.ts';

/** The largest integer whose square is at most `n`, for n >= 0. Newton's method on integers. */
export function integerSquareRoot(n: bigint): bigint {
  invariant(n >= 0n, 'expected an integer that is not negative');
  if (n < 2n) return n;
  // Starting at or above the root makes the sequence fall until it arrives; from below it could stop too early.
  let root = 1n << BigInt((bitLength(n) + 1) >> 1);
  for (;;) {
    const next = (root + n / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}
