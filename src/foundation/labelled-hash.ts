import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { bigEndian, concat, utf8 } from './bytes.ts';

/**
 * The input of every hash, MAC, signature and key derivation of the protocol: the label "mcloud/1/<purpose>"
 * and the fields, each behind its length in four bytes. Without the lengths two different field lists could
 * have one input; without the label a value made for one purpose could be shown for another.
 */
export function labelledInput(purpose: string, ...fields: readonly Uint8Array[]): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const field of [utf8(`mcloud/1/${purpose}`), ...fields]) parts.push(bigEndian(field.length, 4), field);
  return concat(...parts);
}

/** SHA-256 over {@link labelledInput}. */
export function labelledHash(purpose: string, ...fields: readonly Uint8Array[]): Uint8Array {
  return sha256(labelledInput(purpose, ...fields));
}

/** HMAC-SHA-256 under `key` over {@link labelledInput}. */
export function labelledMac(key: Uint8Array, purpose: string, ...fields: readonly Uint8Array[]): Uint8Array {
  return hmac(sha256, key, labelledInput(purpose, ...fields));
}
