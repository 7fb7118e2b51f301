import { compressBlock, expandBlock, invariant, SHA256_INITIAL, wordAt } from '../foundation/index.ts';
import type { EntryLanes } from './entry-lanes.ts';
import { createEntryLanes, ENTRIES_PER_CALL } from './entry-lanes.ts';
import { countInKey, ENTRY_KEY_BYTES } from './flag-key.ts';

/** Words of 32 bits in the digest of an entry. */
export const DIGEST_WORDS = 8;
const KEY_WORDS = 8;
/** Words of an entry beside K in the first block; the last one, its count, begins the second. */
const ENTRY_WORDS = ENTRY_KEY_BYTES / 4 - 1;
const BLOCK_WORDS = 16;
const ROUNDS = 64;
const INPUT_BITS = 32 * (KEY_WORDS + ENTRY_WORDS + 1);

/** Writes the digest of the entry whose key stands at `keyAt` of `keys`, highest word first, to `words` from `wordAt` on. */
export type EntryDigest = (keys: Uint8Array, keyAt: number, words: Float64Array, wordAt: number) => void;

/**
 * SHA-256(K | reading id | sensor id | count) of one entry after another: 68 bytes, which are two blocks. A set hash
 * needs one at every owner of every reading. The library's function spends two thirds of its time on what a
 * hash of any length has to be ready for, and Node's own on getting there; this one makes no objects, and the second
 * block's schedule once for entries of one count. It is held against Node's in a test.
 */
export function createEntryDigest(key: Uint8Array): EntryDigest {
  const keyWords = wordsOfKey(key);
  return (keys, keyAt, words, wordsAt) => {
    for (let word = 0; word < KEY_WORDS; word++) head[word] = keyWords[word] ?? 0;
    for (let word = 0; word < ENTRY_WORDS; word++) {
      head[KEY_WORDS + word] = wordAt(keys, keyAt + 4 * word);
    }
    expandBlock(head);
    state.set(SHA256_INITIAL);
    compressBlock(state, head);
    compressBlock(state, tailOf(wordAt(keys, keyAt + 4 * ENTRY_WORDS)));
    for (let word = 0; word < DIGEST_WORDS; word++) words[wordsAt + word] = (state[word] ?? 0) >>> 0;
  };
}

/** Writes the digests of entries, whose keys come one after another, in their order, highest words first. */
export type EntryDigests = (keys: Uint8Array, words: Float64Array) => void;

/**
 * {@link createEntryDigest} of many entries, four at a time: a quarter of the work for each. One by one where they are
 * of several counts, so that their second blocks differ, or where the engine has no vectors.
 * @param lanes null to do without them, for a test.
 */
export function createEntryDigests(key: Uint8Array, lanes?: EntryLanes | null): EntryDigests {
  const keyWords = wordsOfKey(key);
  const digestOne = createEntryDigest(key);
  return (keys, words) => {
    const most = ENTRY_KEY_BYTES * ENTRIES_PER_CALL;
    const together = keys.length > ENTRY_KEY_BYTES && areOfOneCount(keys) ? lanesOr(lanes) : null;
    if (together === null) {
      for (let place = 0; ENTRY_KEY_BYTES * place < keys.length; place++) {
        digestOne(keys, ENTRY_KEY_BYTES * place, words, DIGEST_WORDS * place);
      }
      return;
    }
    const tail = tailOf(countInKey(keys, 0) | 0);
    for (let from = 0; from < keys.length; from += most) {
      const part = keys.length <= most ? keys : keys.subarray(from, from + most);
      together.hash(keyWords, tail, part, words, (DIGEST_WORDS * from) / ENTRY_KEY_BYTES);
    }
  };
}

function wordsOfKey(key: Uint8Array): Int32Array {
  invariant(key.length === 4 * KEY_WORDS, `expected a key of ${4 * KEY_WORDS} bytes, got ${key.length}`);
  return Int32Array.from({ length: KEY_WORDS }, (_, word) => wordAt(key, 4 * word));
}

function areOfOneCount(keys: Uint8Array): boolean {
  const count = countInKey(keys, 0);
  for (let at = ENTRY_KEY_BYTES; at < keys.length; at += ENTRY_KEY_BYTES) {
    if (countInKey(keys, at) !== count) return false;
  }
  return true;
}

/** The engine compiles them in some milliseconds, for the first packet: a sensor has none to hash. */
let known: EntryLanes | null | undefined;
function lanesOr(given: EntryLanes | null | undefined): EntryLanes | null {
  if (given !== undefined) return given;
  if (known === undefined) known = createEntryLanes();
  return known;
}

// One of each for all: a digest is made in one go, and nothing in them is secret from this node.
const state = new Int32Array(DIGEST_WORDS);
const head = new Int32Array(ROUNDS);
const tail = new Int32Array(ROUNDS);

/** The schedule of the second block: the count, the padding and the length. */
function tailOf(count: number): Int32Array {
  if (tail[0] === count && tail[BLOCK_WORDS - 1] === INPUT_BITS) return tail;
  tail.fill(0);
  tail[0] = count;
  tail[1] = 0x80000000;
  tail[BLOCK_WORDS - 1] = INPUT_BITS;
  expandBlock(tail);
  return tail;
}
