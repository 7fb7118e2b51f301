import { compressBlock, expandBlock, invariant, SHA256_INITIAL, wordAt } from '../foundation/index.ts';
import { ENTRY_KEY_BYTES } from './flag-key.ts';

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
  invariant(key.length === 4 * KEY_WORDS, `expected a key of ${4 * KEY_WORDS} bytes, got ${key.length}`);
  const keyWords = Int32Array.from({ length: KEY_WORDS }, (_, word) => wordAt(key, 4 * word));
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
