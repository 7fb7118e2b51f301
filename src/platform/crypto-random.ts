import { randomFillSync } from 'node:crypto';
import type { RandomBytes } from '../ports/index.ts';

/** The platform's cryptographic generator. */
export const cryptoRandomBytes: RandomBytes = (length) => {
  // Not randomBytes(): its small results are slices of a pool that other code shares.
  return randomFillSync(new Uint8Array(length));
};
