import { EngineError } from '../foundation/index.ts';
import { type FieldElement, fieldElement } from './field.ts';

/** Bytes of an encoded element: 128 bits, little-endian. */
export const ELEMENT_BYTES = 16;

/** Byte 8 of p; its bytes 9 to 15 are 0xff, byte 0 is 1 and bytes 1 to 7 are 0. */
const MODULUS_BYTE_8 = 0xe4;

/**
 * Whether the 16 bytes at `at` are an integer below p. Written over bytes because every share passes here on
 * its way in, and one `bigint` per element would cost more than the rest of the request's arithmetic.
 */
export function isCanonical(bytes: Uint8Array, at: number): boolean {
  for (let i = 15; i > 8; i--) if (bytes[at + i] !== 0xff) return true;
  const byte8 = bytes[at + 8] ?? 0;
  if (byte8 !== MODULUS_BYTE_8) return byte8 < MODULUS_BYTE_8;
  for (let i = 0; i < 8; i++) if (bytes[at + i] !== 0) return false;
  return true;
}

/**
 * Refuses bytes that are not a whole number of elements below p. A residue has one spelling only: with two,
 * a share and its second spelling would be "other bytes" of the same value under one key.
 * @throws EngineError `WRONG_VECTOR_LENGTH`, `ELEMENT_OUT_OF_RANGE`
 */
export function checkElements(bytes: Uint8Array): void {
  if (bytes.length % ELEMENT_BYTES !== 0) {
    throw new EngineError(
      'WRONG_VECTOR_LENGTH',
      `expected a multiple of ${ELEMENT_BYTES} bytes, got ${bytes.length}`,
    );
  }
  for (let at = 0; at < bytes.length; at += ELEMENT_BYTES) {
    if (!isCanonical(bytes, at)) {
      throw new EngineError(
        'ELEMENT_OUT_OF_RANGE',
        `expected elements below the modulus, got a larger one at index ${at / ELEMENT_BYTES}`,
      );
    }
  }
}

/**
 * Room for one element. A `bigint` is taken apart fastest by a DataView, but a view over each fresh array would
 * move it off V8's heap, ten times the cost of the rest; so every element passes through here.
 */
const scratchBytes = new Uint8Array(ELEMENT_BYTES);
const scratch = new DataView(scratchBytes.buffer);

/** The elements one after the other, 16 bytes little-endian each. */
export function encodeElements(vector: readonly FieldElement[]): Uint8Array {
  const bytes = new Uint8Array(vector.length * ELEMENT_BYTES);
  let at = 0;
  for (const element of vector) {
    // setBigUint64 keeps the low 64 bits by itself; masking first would allocate another bigint.
    scratch.setBigUint64(0, element, true);
    scratch.setBigUint64(8, element >> 64n, true);
    for (let i = 0; i < ELEMENT_BYTES; i++) bytes[at++] = scratchBytes[i] ?? 0;
  }
  // The last element may be of a reading; nothing of it stays behind.
  scratchBytes.fill(0);
  return bytes;
}

/**
 * Reads what {@link encodeElements} writes.
 * @throws EngineError `WRONG_VECTOR_LENGTH`, `ELEMENT_OUT_OF_RANGE`
 */
export function decodeElements(bytes: Uint8Array): FieldElement[] {
  checkElements(bytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const vector: FieldElement[] = [];
  for (let at = 0; at < bytes.length; at += ELEMENT_BYTES) {
    vector.push(fieldElement(view.getBigUint64(at, true) | (view.getBigUint64(at + 8, true) << 64n)));
  }
  return vector;
}
