import { modInv, modPow, toZn } from 'bigint-crypto-utils';
import type { Brand } from '../foundation/index.ts';

/**
 * The prime 2^66 * 4611686018427387897 + 1 of VDAF's Field128 (draft-irtf-cfrg-vdaf, section 6.1.2): 128 bits
 * wide, so that an element fills 16 bytes and a random 16-byte string is almost always one.
 */
export const MODULUS: bigint = 2n ** 66n * 4611686018427387897n + 1n;

/** The largest integer that {@link balanced} gives back; the smallest is its negative. */
export const BALANCED_MAX: bigint = (MODULUS - 1n) / 2n;

/** A residue in 0 to p - 1. */
export type FieldElement = Brand<bigint, 'FieldElement'>;

/** The residue of any integer, negative ones included. */
export function fieldElement(integer: bigint): FieldElement {
  return toZn(integer, MODULUS) as FieldElement;
}

/** The integer between -p/2 and p/2 that has this residue: how a sum is read back once its capacity is known. */
export function balanced(element: FieldElement): bigint {
  return element > BALANCED_MAX ? element - MODULUS : element;
}

export function addElements(a: FieldElement, b: FieldElement): FieldElement {
  return fieldElement(a + b);
}

export function subtractElements(a: FieldElement, b: FieldElement): FieldElement {
  return fieldElement(a - b);
}

export function multiplyElements(a: FieldElement, b: FieldElement): FieldElement {
  return fieldElement(a * b);
}

export function negateElement(a: FieldElement): FieldElement {
  return fieldElement(-a);
}

/** `base` to a non-negative power. */
export function powerElement(base: FieldElement, exponent: bigint): FieldElement {
  return fieldElement(modPow(base, exponent, MODULUS));
}

/** The inverse of a non-zero element; zero has none and is a programmer's error (RangeError). */
export function invertElement(a: FieldElement): FieldElement {
  return fieldElement(modInv(a, MODULUS));
}
