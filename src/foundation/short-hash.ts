import { sha256 } from '@noble/hashes/sha2.js';
import { wordAt } from './bytes.ts';
import { compressBlock, expandBlock, SHA256_INITIAL } from './sha256-block.ts';

const WORD_BYTES = 4;
const HASH_WORDS = 8;
const BLOCK_WORDS = 16;
const BLOCK_BYTES = WORD_BYTES * BLOCK_WORDS;
const SCHEDULE_WORDS = 64;
/** Of the length at the end of the last block. */
const LENGTH_WORDS = 2;
/** Longer messages are the library's, which is no slower with them. */
export const LONGEST_SHORT_BYTES = 512;

/** What a key makes of the two hashes of a MAC before any message. */
export interface BegunMac {
  readonly inner: Int32Array;
  readonly outer: Int32Array;
}

// One of each for all: a hash is made in one go.
const state = new Int32Array(HASH_WORDS);
const schedule = new Int32Array(SCHEDULE_WORDS);

/** SHA-256 of the first `length` bytes. */
export function shortHash(message: Uint8Array, length: number): Uint8Array {
  state.set(SHA256_INITIAL);
  absorb(message, length, 0);
  return result(HASH_WORDS);
}

/**
 * HMAC-SHA-256 (RFC 2104) of the first `length` bytes under the key of `begun`.
 * @param words of the MAC that are wanted, of eight.
 */
export function shortMac(
  { inner, outer }: BegunMac,
  message: Uint8Array,
  length: number,
  words: number,
): Uint8Array {
  state.set(inner);
  absorb(message, length, BLOCK_BYTES);
  schedule.set(state);
  state.set(outer);
  finish(HASH_WORDS, 0x80000000, BLOCK_BYTES + WORD_BYTES * HASH_WORDS);
  return result(words);
}

export function beginMac(key: Uint8Array): BegunMac {
  const block = new Uint8Array(BLOCK_BYTES);
  block.set(key.length > BLOCK_BYTES ? sha256(key) : key);
  return { inner: afterKey(block, 0x36363636), outer: afterKey(block, 0x5c5c5c5c) };
}

function afterKey(block: Uint8Array, pad: number): Int32Array {
  const begun = SHA256_INITIAL.slice();
  for (let word = 0; word < BLOCK_WORDS; word++) schedule[word] = wordAt(block, WORD_BYTES * word) ^ pad;
  expandBlock(schedule);
  compressBlock(begun, schedule);
  return begun;
}

/** The whole message and its padding into the state. @param before bytes that are in the state already, whole blocks. */
function absorb(message: Uint8Array, length: number, before: number): void {
  let at = 0;
  for (; at + BLOCK_BYTES <= length; at += BLOCK_BYTES) {
    for (let word = 0; word < BLOCK_WORDS; word++) schedule[word] = wordAt(message, at + WORD_BYTES * word);
    expandBlock(schedule);
    compressBlock(state, schedule);
  }
  let word = 0;
  for (; at + WORD_BYTES <= length; at += WORD_BYTES) schedule[word++] = wordAt(message, at);
  finish(word, lastWord(message, at, length), before + length);
}

/** The word in which a message ends: its last bytes, fewer than four, and the bit 1. */
function lastWord(message: Uint8Array, from: number, length: number): number {
  let word = 0;
  let shift = 24;
  for (let at = from; at < length; at++, shift -= 8) word |= (message[at] ?? 0) << shift;
  return word | (0x80 << shift);
}

/**
 * The last block, or two: what stands in the schedule already, the last word of the message, zeros and the length.
 * @param words that stand in the schedule.
 */
function finish(words: number, last: number, bytes: number): void {
  schedule[words] = last;
  schedule.fill(0, words + 1, BLOCK_WORDS);
  if (words >= BLOCK_WORDS - LENGTH_WORDS) {
    expandBlock(schedule);
    compressBlock(state, schedule);
    schedule.fill(0, 0, BLOCK_WORDS);
  }
  schedule[BLOCK_WORDS - 1] = 8 * bytes;
  expandBlock(schedule);
  compressBlock(state, schedule);
}

function result(words: number): Uint8Array {
  const bytes = new Uint8Array(WORD_BYTES * words);
  for (let word = 0; word < words; word++) {
    const value = state[word] ?? 0;
    bytes[WORD_BYTES * word] = value >>> 24;
    bytes[WORD_BYTES * word + 1] = value >>> 16;
    bytes[WORD_BYTES * word + 2] = value >>> 8;
    bytes[WORD_BYTES * word + 3] = value;
  }
  // Some messages are keys.
  schedule.fill(0);
  state.fill(0);
  return bytes;
}
