import { EngineError } from './errors.ts';
import { invariant } from './invariant.ts';

const HEX_CODES: Uint8Array = Uint8Array.from('0123456789abcdef', (digit) => digit.charCodeAt(0));

export function toHex(bytes: Uint8Array): string {
  // Text put together digit by digit is a tree of pieces, which whoever looks it up has to flatten first.
  const digits = new Uint8Array(2 * bytes.length);
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] ?? 0;
    digits[2 * i] = HEX_CODES[byte >> 4] ?? 0;
    digits[2 * i + 1] = HEX_CODES[byte & 15] ?? 0;
  }
  return decoder.decode(digits);
}

/** Value of a digit by its character code; 16, which no digit has, elsewhere. */
const HEX_VALUE: Uint8Array = new Uint8Array(128).fill(16);
for (let value = 0; value < 16; value++) HEX_VALUE['0123456789abcdef'.charCodeAt(value)] = value;

/** @throws EngineError `MALFORMED_TEXT` when the text is not an even number of lower-case hex digits. */
export function fromHex(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length >> 1);
  let wrong = text.length & 1;
  // Every row's key begins with a stream hash that is kept as text; a pattern and parseInt cost five times this.
  for (let i = 0; i < bytes.length; i++) {
    const high = HEX_VALUE[text.charCodeAt(2 * i)] ?? 16;
    const low = HEX_VALUE[text.charCodeAt(2 * i + 1)] ?? 16;
    wrong |= (high | low) & 16;
    bytes[i] = (high << 4) | low;
  }
  if (wrong !== 0) {
    throw new EngineError('MALFORMED_TEXT', `expected lower-case hex, got ${text.length} other characters`);
  }
  return bytes;
}

const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const BASE64URL_VALUE: ReadonlyMap<string, number> = new Map(
  [...BASE64URL].map((digit, value) => [digit, value]),
);

/** RFC 4648 section 5, without padding. */
export function toBase64Url(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += 3) {
    const b0 = bytes[i] ?? 0;
    const b1 = bytes[i + 1] ?? 0;
    const b2 = bytes[i + 2] ?? 0;
    const left = bytes.length - i;
    text += BASE64URL.charAt(b0 >> 2) + BASE64URL.charAt(((b0 & 3) << 4) | (b1 >> 4));
    if (left > 1) text += BASE64URL.charAt(((b1 & 15) << 2) | (b2 >> 6));
    if (left > 2) text += BASE64URL.charAt(b2 & 63);
  }
  return text;
}

/**
 * Reads what {@link toBase64Url} writes and nothing else: a second spelling of the same bytes (padding, stray
 * trailing bits) is refused, so that a hash over the text and a hash over the bytes name the same thing.
 * @throws EngineError `MALFORMED_TEXT`
 */
export function fromBase64Url(text: string): Uint8Array {
  const length = Math.floor((text.length * 3) / 4);
  const bytes = new Uint8Array(length);
  let bits = 0;
  let held = 0;
  let at = 0;
  for (const digit of text) {
    const value = BASE64URL_VALUE.get(digit);
    if (value === undefined) {
      throw new EngineError('MALFORMED_TEXT', 'expected base64url without padding, got another character');
    }
    held = ((held << 6) | value) & 0xffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes[at++] = (held >> bits) & 0xff;
    }
  }
  if (text.length % 4 === 1 || (held & ((1 << bits) - 1)) !== 0) {
    throw new EngineError('MALFORMED_TEXT', `expected canonical base64url, got ${text.length} characters`);
  }
  return bytes;
}

const encoder = new TextEncoder();
// With its byte order mark dropped, a text would have two spellings in bytes, and a value that holds it two hashes.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export function utf8(text: string): Uint8Array {
  return encoder.encode(text);
}

/**
 * A character for every byte, to look bytes up in a map by. Spread into one call they would cost ten times as much, most of
 * it objects for every byte.
 */
export function characters(bytes: Uint8Array): string {
  let text = '';
  let at = 0;
  for (; at + 8 <= bytes.length; at += 8) {
    text += String.fromCharCode(
      bytes[at] ?? 0,
      bytes[at + 1] ?? 0,
      bytes[at + 2] ?? 0,
      bytes[at + 3] ?? 0,
      bytes[at + 4] ?? 0,
      bytes[at + 5] ?? 0,
      bytes[at + 6] ?? 0,
      bytes[at + 7] ?? 0,
    );
  }
  for (; at < bytes.length; at++) text += String.fromCharCode(bytes[at] ?? 0);
  return text;
}

/** @throws EngineError `MALFORMED_TEXT` when the bytes are not UTF-8. */
export function fromUtf8(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw new EngineError('MALFORMED_TEXT', `expected UTF-8, got ${bytes.length} other bytes`);
  }
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Byte-wise order: negative, zero or positive as a sorts before, with or after b. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && compareBytes(a, b) === 0;
}

/** Whether so many bytes are the same in two arrays, each from a place on. */
export function equalParts(a: Uint8Array, aAt: number, b: Uint8Array, bAt: number, length: number): boolean {
  for (let i = 0; i < length; i++) if (a[aAt + i] !== b[bAt + i]) return false;
  return true;
}

/** Four bytes from `at` on, the highest first, as 32 bits with a sign. */
export function wordAt(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] ?? 0) << 24) |
    ((bytes[at + 1] ?? 0) << 16) |
    ((bytes[at + 2] ?? 0) << 8) |
    (bytes[at + 3] ?? 0)
  );
}

/** Unsigned big-endian integer of the given width; numbers above 2^53 do not occur in this protocol. */
export function bigEndian(value: number, width: number): Uint8Array {
  invariant(Number.isSafeInteger(value) && value >= 0, 'expected a non-negative safe integer');
  const bytes = new Uint8Array(width);
  let rest = value;
  for (let i = width - 1; i >= 0; i--) {
    bytes[i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  invariant(rest === 0, 'expected a value that fits its width');
  return bytes;
}
