import { sha256 } from '@noble/hashes/sha2.js';
import { concat, equalBytes } from '../foundation/index.ts';
import type { FlagEntry } from './flag-key.ts';
import { entryKey } from './flag-key.ts';

/**
 * A set of flags in 32 bytes and a number: sum modulo 2^256 of SHA-256(K | reading id | sensor id | count),
 * over public parts only. It tells sets apart for everyone who does not know K; K is known to nodes only,
 * because whoever can try ids against it can build two sets with one sum.
 */
export interface SetDigest {
  /** Number of flags. */
  readonly count: number;
  /** What their public counts add up to. */
  readonly readings: number;
  readonly hash: Uint8Array;
}

export interface SetHasher {
  add(entry: FlagEntry): void;
  /** Takes back an entry that was added. */
  remove(entry: FlagEntry): void;
  digest(): SetDigest;
}

export const EMPTY_SET: SetDigest = { count: 0, readings: 0, hash: new Uint8Array(32) };

export function createSetHasher(key: Uint8Array): SetHasher {
  const limbs = new Float64Array(8);
  let count = 0;
  let readings = 0;
  let changes = 0;

  function change(entry: FlagEntry, sign: 1 | -1): void {
    const hash = sha256(concat(key, entryKey(entry)));
    const view = new DataView(hash.buffer, hash.byteOffset, hash.byteLength);
    for (let i = 0; i < 8; i++) limbs[i] = (limbs[i] ?? 0) + sign * view.getUint32(4 * i);
    count += sign;
    readings += sign * entry.count;
    changes += 1;
    // 2^20 additions of 32-bit limbs stay below 2^53; carrying here keeps every sum exact.
    if (changes % 1_048_576 === 0) carry(limbs);
  }

  return {
    add: (entry) => change(entry, 1),
    remove: (entry) => change(entry, -1),
    digest() {
      carry(limbs);
      const hash = new Uint8Array(32);
      const view = new DataView(hash.buffer);
      for (let i = 0; i < 8; i++) view.setUint32(4 * i, limbs[i] ?? 0);
      return { count, readings, hash };
    },
  };
}

export function digestOf(key: Uint8Array, entries: Iterable<FlagEntry>): SetDigest {
  const hasher = createSetHasher(key);
  for (const entry of entries) hasher.add(entry);
  return hasher.digest();
}

export function equalDigests(a: SetDigest, b: SetDigest): boolean {
  return a.count === b.count && a.readings === b.readings && equalBytes(a.hash, b.hash);
}

/** Brings every limb below 2^32; what leaves the top limb is dropped, which is the reduction mod 2^256. */
function carry(limbs: Float64Array): void {
  let carried = 0;
  for (let i = 7; i >= 0; i--) {
    const value = (limbs[i] ?? 0) + carried;
    // Towards minus infinity, so that a limb that was taken away from borrows.
    carried = Math.floor(value / 4_294_967_296);
    limbs[i] = value - carried * 4_294_967_296;
  }
}
