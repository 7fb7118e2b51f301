import { invariant } from '../../src/foundation/index.ts';
import { ENTRY_KEY_BYTES } from '../../src/protocol/index.ts';

/** Bytes of the key that a hash is made under. */
export const ENTRY_HASH_KEY_BYTES = 8;
const WORDS = ENTRY_KEY_BYTES / 4;

/** 32 bits of the entry whose key stands at an offset in a longer array. */
export type EntryHash = (keys: Uint8Array, at: number) => number;

/**
 * HalfSipHash-1-3 (Aumasson and Bernstein) under a key that is drawn at the start: sensors choose reading ids, and
 * with a hash that they can compute they would put a whole window into one chain of a table.
 */
export function createEntryHash(key: Uint8Array): EntryHash {
  invariant(key.length === ENTRY_HASH_KEY_BYTES, `expected a key of ${ENTRY_HASH_KEY_BYTES} bytes`);
  const k0 = wordAt(key, 0);
  const k1 = wordAt(key, 4);
  return (keys, at) => {
    let v0 = k0;
    let v1 = k1;
    let v2 = 0x6c796765 ^ k0;
    let v3 = 0x74656462 ^ k1;
    // Ten words and three rounds more: the last word is the length of what was hashed.
    for (let round = 0; round < WORDS + 4; round++) {
      const word = round < WORDS ? wordAt(keys, at + 4 * round) : round === WORDS ? ENTRY_KEY_BYTES << 24 : 0;
      if (round === WORDS + 1) v2 ^= 0xff;
      v3 ^= word;
      v0 = (v0 + v1) | 0;
      v1 = (v1 << 5) | (v1 >>> 27);
      v1 ^= v0;
      v0 = (v0 << 16) | (v0 >>> 16);
      v2 = (v2 + v3) | 0;
      v3 = (v3 << 8) | (v3 >>> 24);
      v3 ^= v2;
      v0 = (v0 + v3) | 0;
      v3 = (v3 << 7) | (v3 >>> 25);
      v3 ^= v0;
      v2 = (v2 + v1) | 0;
      v1 = (v1 << 13) | (v1 >>> 19);
      v1 ^= v2;
      v2 = (v2 << 16) | (v2 >>> 16);
      v0 ^= word;
    }
    return (v1 ^ v3) >>> 0;
  };
}

/** Four bytes, the lowest first. */
function wordAt(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] ?? 0) |
    ((bytes[at + 1] ?? 0) << 8) |
    ((bytes[at + 2] ?? 0) << 16) |
    ((bytes[at + 3] ?? 0) << 24)
  );
}
