import { randomFillSync } from 'node:crypto';
import type { RandomBytes } from '../ports/index.ts';

/**
 * The largest draw that comes out of the pool: nonces, reading ids and waits. Keys are longer and are drawn by
 * themselves, so that none ever lies in memory before somebody asks for it.
 */
const POOLED_BYTES_MAX = 16;
/** Bytes drawn at a time for small draws: one call to the system's generator costs as much as 2 KiB of its output. */
const POOL_BYTES = 4_096;

const pool = new Uint8Array(POOL_BYTES);
let used = POOL_BYTES;

/** The platform's cryptographic generator. Every result is an array of its own. */
export const cryptoRandomBytes: RandomBytes = (length) => {
  // Not randomBytes(): its small results are slices of a pool that other code shares.
  if (length > POOLED_BYTES_MAX) return randomFillSync(new Uint8Array(length));
  if (used + length > POOL_BYTES) {
    randomFillSync(pool);
    used = 0;
  }
  const drawn = pool.slice(used, used + length);
  // Zeroed when taken: bytes that stayed could be handed out again only by a mistake, and would then be zeros.
  pool.fill(0, used, used + length);
  used += length;
  return drawn;
};
