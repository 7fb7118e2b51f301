import { equalBytes } from '../foundation/index.ts';
import { createEntryDigest, DIGEST_WORDS } from './entry-digest.ts';
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
  /** Adds an entry of this public count whose digest by `createEntryDigest` under the same key stands at `at`. */
  addDigest(words: Float64Array, at: number, count: number): void;
  /** Takes back what {@link SetHasher.addDigest} or {@link SetHasher.add} has added. */
  removeDigest(words: Float64Array, at: number, count: number): void;
  digest(): SetDigest;
  /** Whether it is this digest; asked of the same one again, nothing is compared. */
  equals(digest: SetDigest): boolean;
}

export const EMPTY_SET: SetDigest = { count: 0, readings: 0, hash: new Uint8Array(32) };

export function createSetHasher(key: Uint8Array): SetHasher {
  const digestOne = createEntryDigest(key);
  const limbs = new Float64Array(DIGEST_WORDS);
  let count = 0;
  let readings = 0;
  let changes = 0;
  /** The digest since the last change: whoever settles a window asks for it several times. */
  let known: SetDigest | null = null;
  /** What it was found equal to since then. */
  let equal: SetDigest | null = null;

  function change(words: Float64Array, at: number, entryCount: number, sign: 1 | -1): void {
    for (let i = 0; i < DIGEST_WORDS; i++) limbs[i] = (limbs[i] ?? 0) + sign * (words[at + i] ?? 0);
    count += sign;
    readings += sign * entryCount;
    changes += 1;
    known = null;
    equal = null;
    // 2^20 additions of 32-bit limbs stay below 2^53; carrying here keeps every sum exact.
    if (changes % 1_048_576 === 0) carry(limbs);
  }

  function wordsOf(entry: FlagEntry): Float64Array {
    digestOne(entryKey(entry), 0, scratch, 0);
    return scratch;
  }

  function digest(): SetDigest {
    if (known !== null) return known;
    carry(limbs);
    for (let i = 0; i < DIGEST_WORDS; i++) wordsOut.setUint32(4 * i, limbs[i] ?? 0);
    known = { count, readings, hash: bytesOut.slice() };
    return known;
  }

  return {
    add: (entry) => change(wordsOf(entry), 0, entry.count, 1),
    remove: (entry) => change(wordsOf(entry), 0, entry.count, -1),
    addDigest: (words, at, entryCount) => change(words, at, entryCount, 1),
    removeDigest: (words, at, entryCount) => change(words, at, entryCount, -1),
    digest,
    equals(other) {
      if (other === equal) return true;
      if (!equalDigests(digest(), other)) return false;
      equal = other;
      return true;
    },
  };
}

/** The digest of one entry, from when it is made until it is added. */
const scratch = new Float64Array(DIGEST_WORDS);
/** A hash while it is written. A view of the small array that is given out would first move that out of the engine's heap. */
const bytesOut = new Uint8Array(4 * DIGEST_WORDS);
const wordsOut = new DataView(bytesOut.buffer);

export function digestOf(key: Uint8Array, entries: Iterable<FlagEntry>): SetDigest {
  const hasher = createSetHasher(key);
  for (const entry of entries) hasher.add(entry);
  return hasher.digest();
}

export function equalDigests(a: SetDigest, b: SetDigest): boolean {
  return a === b || (a.count === b.count && a.readings === b.readings && equalBytes(a.hash, b.hash));
}

/** Brings every limb below 2^32; what leaves the top limb is dropped, which is the reduction mod 2^256. */
function carry(limbs: Float64Array): void {
  let carried = 0;
  for (let i = DIGEST_WORDS - 1; i >= 0; i--) {
    const value = (limbs[i] ?? 0) + carried;
    // Towards minus infinity, so that a limb that was taken away from borrows.
    carried = Math.floor(value / 4_294_967_296);
    limbs[i] = value - carried * 4_294_967_296;
  }
}
