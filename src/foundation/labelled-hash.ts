import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { utf8 } from './bytes.ts';
import type { BegunMac } from './short-hash.ts';
import { beginMac, LONGEST_SHORT_BYTES, shortHash, shortMac } from './short-hash.ts';

const WORD_BYTES = 4;
const MAC_WORDS = 8;
const TAG_WORDS = 4;

/** Labels behind their lengths; a purpose is a word of the program, so they are few. */
const labels = new Map<string, Uint8Array>();
/** What a key makes of the hash before any message: half of the cost of a short MAC, and most keys make many. */
const keyed = new WeakMap<Uint8Array, BegunMac>();
/** Where short inputs are written, one after another: an array for each would be made outside the heap and be gone at once. */
const room = new Uint8Array(LONGEST_SHORT_BYTES);

function labelOf(purpose: string): Uint8Array {
  const known = labels.get(purpose);
  if (known !== undefined) return known;
  const text = utf8(`mcloud/1/${purpose}`);
  const label = new Uint8Array(4 + text.length);
  writeField(label, 0, text);
  labels.set(purpose, label);
  return label;
}

/** The field behind its length in four bytes; where the next one begins. */
function writeField(into: Uint8Array, at: number, field: Uint8Array): number {
  const { length } = field;
  into[at] = length >>> 24;
  into[at + 1] = length >>> 16;
  into[at + 2] = length >>> 8;
  into[at + 3] = length;
  into.set(field, at + 4);
  return at + 4 + length;
}

/**
 * The input of every hash, MAC, signature and key derivation of the protocol: the label "mcloud/1/<purpose>"
 * and the fields, each behind its length in four bytes. Without the lengths two different field lists could
 * have one input; without the label a value made for one purpose could be shown for another.
 */
export function labelledInput(purpose: string, ...fields: readonly Uint8Array[]): Uint8Array {
  const label = labelOf(purpose);
  const input = new Uint8Array(inputBytes(label, fields));
  writeInput(input, label, fields);
  return input;
}

function inputBytes(label: Uint8Array, fields: readonly Uint8Array[]): number {
  let { length } = label;
  for (const field of fields) length += 4 + field.length;
  return length;
}

function writeInput(into: Uint8Array, label: Uint8Array, fields: readonly Uint8Array[]): void {
  into.set(label);
  let at = label.length;
  for (const field of fields) at = writeField(into, at, field);
}

/** SHA-256 over {@link labelledInput}. */
export function labelledHash(purpose: string, ...fields: readonly Uint8Array[]): Uint8Array {
  const label = labelOf(purpose);
  const length = inputBytes(label, fields);
  if (length > LONGEST_SHORT_BYTES) return sha256(labelledInput(purpose, ...fields));
  writeInput(room, label, fields);
  const hash = shortHash(room, length);
  // Some inputs are keys.
  room.fill(0, 0, length);
  return hash;
}

/**
 * HMAC-SHA-256 under `key` over {@link labelledInput}.
 * @param key is remembered as long as it is alive: whoever has given it here does not write over it.
 */
export function labelledMac(key: Uint8Array, purpose: string, ...fields: readonly Uint8Array[]): Uint8Array {
  return macOf(key, purpose, fields, MAC_WORDS);
}

/** The first 16 bytes of {@link labelledMac}. */
export function labelledTag(key: Uint8Array, purpose: string, ...fields: readonly Uint8Array[]): Uint8Array {
  return macOf(key, purpose, fields, TAG_WORDS);
}

function macOf(key: Uint8Array, purpose: string, fields: readonly Uint8Array[], words: number): Uint8Array {
  const label = labelOf(purpose);
  const length = inputBytes(label, fields);
  if (length > LONGEST_SHORT_BYTES) {
    return hmac(sha256, key, labelledInput(purpose, ...fields)).slice(0, WORD_BYTES * words);
  }
  let begun = keyed.get(key);
  if (begun === undefined) {
    begun = beginMac(key);
    keyed.set(key, begun);
  }
  writeInput(room, label, fields);
  return shortMac(begun, room, length, words);
}
