import { invariant } from '../foundation/index.ts';
import { ELEMENT_BYTES, isCanonical } from './element-codec.ts';

/**
 * Bytes drawn from the generator at a time: one call to the system's generator costs about as much as 16 KiB
 * of its output, so a call per share would dominate the whole split.
 */
export const POOL_BYTES = 16_384;

/**
 * Uniform elements, drawn in bulk. It is a closure on purpose: structured clone refuses functions, so a pool
 * cannot travel to another thread or into a file, where two readings would get one mask.
 */
export interface ElementPool {
  /** Fills `bytesOut`, a whole number of elements, with independent uniform elements of the field. */
  take(bytesOut: Uint8Array): void;
}

/**
 * A pool over a generator of random bytes. The same bytes give the same elements: 16 bytes each, in order, a
 * draw of p or more (probability 2^-59) skipped.
 * @param randomBytes returns a fresh array each time, which the pool then owns and overwrites.
 */
export function createElementPool(randomBytes: (length: number) => Uint8Array): ElementPool {
  let pool: Uint8Array = new Uint8Array(0);
  let used = 0;

  function refill(): void {
    pool = randomBytes(POOL_BYTES);
    invariant(pool.length === POOL_BYTES, 'expected the generator to return as many bytes as asked for');
    used = 0;
  }

  function take(bytesOut: Uint8Array): void {
    invariant(bytesOut.length % ELEMENT_BYTES === 0, 'expected room for a whole number of elements');
    let filled = 0;
    while (filled < bytesOut.length) {
      if (used === pool.length) refill();
      const wanted = Math.min(bytesOut.length - filled, pool.length - used);
      const usable = canonicalBytes(pool, used, wanted);
      bytesOut.set(pool.subarray(used, used + usable), filled);
      filled += usable;
      // What stopped short was a draw of p or more: dropped, but zeroed like the others.
      const taken = usable < wanted ? usable + ELEMENT_BYTES : usable;
      // Zeroed at once: a mask that stayed could be read from a heap dump long after its reading was sent.
      pool.fill(0, used, used + taken);
      used += taken;
    }
  }

  return { take };
}

/** Bytes of canonical elements from `at` on, up to `length` bytes or the first draw that is no element. */
function canonicalBytes(pool: Uint8Array, at: number, length: number): number {
  for (let bytes = 0; bytes < length; bytes += ELEMENT_BYTES) {
    if (!isCanonical(pool, at + bytes)) return bytes;
  }
  return length;
}
