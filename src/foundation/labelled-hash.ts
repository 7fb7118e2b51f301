import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { utf8 } from './bytes.ts';
import type { BegunMac } from './short-hash.ts';
import { beginMac, isShort, shortHash, shortMac } from './short-hash.ts';

/** Labels behind their lengths; a purpose is a word of the program, so they are few. */
const labels = new Map<string, Uint8Array>();
/** What a key makes of the hash before any message: half of the cost of a short MAC, and most keys make many. */
const keyed = new WeakMap<Uint8Array, BegunMac>();

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
  let { length } = label;
  for (const field of fields) length += 4 + field.length;
  const input = new Uint8Array(length);
  input.set(label);
  let at = label.length;
  for (const field of fields) at = writeField(input, at, field);
  return input;
}

/** SHA-256 over {@link labelledInput}. */
export function labelledHash(purpose: string, ...fields: readonly Uint8Array[]): Uint8Array {
  const input = labelledInput(purpose, ...fields);
  return isShort(input) ? shortHash(input) : sha256(input);
}

/**
 * HMAC-SHA-256 under `key` over {@link labelledInput}.
 * @param key is remembered as long as it is alive: whoever has given it here does not write over it.
 */
export function labelledMac(key: Uint8Array, purpose: string, ...fields: readonly Uint8Array[]): Uint8Array {
  const input = labelledInput(purpose, ...fields);
  if (!isShort(input)) return hmac(sha256, key, input);
  let begun = keyed.get(key);
  if (begun === undefined) {
    begun = beginMac(key);
    keyed.set(key, begun);
  }
  return shortMac(begun, input);
}
