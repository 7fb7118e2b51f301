import fc from 'fast-check';
import {
  createElementPool,
  type ElementPool,
  type FieldElement,
  fieldElement,
  MODULUS,
} from '../../src/arithmetic/index.ts';

/** Any element, the ends of the field and of its limbs more often than chance would have them. */
export const anyElement: fc.Arbitrary<FieldElement> = fc
  .oneof(
    fc.bigInt({ min: 0n, max: MODULUS - 1n }),
    fc.constantFrom(0n, 1n, MODULUS - 1n, MODULUS - 2n, (MODULUS - 1n) / 2n, (MODULUS + 1n) / 2n, 2n ** 64n),
    fc.bigInt({ min: -(2n ** 40n), max: 2n ** 40n }),
  )
  .map(fieldElement);

/** A pool over a small generator (mulberry32): uniform enough to test with, and the same in every run. */
export function seededPool(seed: number): ElementPool {
  return createElementPool(seededBytes(seed));
}

export function seededBytes(seed: number): (length: number) => Uint8Array {
  let state = seed >>> 0;
  return (length) => {
    const bytes = new Uint8Array(length);
    for (let i = 0; i < length; i++) {
      state = (state + 0x6d2b79f5) >>> 0;
      let mixed = Math.imul(state ^ (state >>> 15), state | 1);
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
      bytes[i] = ((mixed ^ (mixed >>> 14)) >>> 0) & 0xff;
    }
    return bytes;
  };
}
