import { ELEMENT_BYTES, isCanonical } from '../arithmetic/index.ts';

/** Bytes of a seed: 256 bits, twice the strength that SHAKE128 has. */
export const SEED_BYTES = 32;

/** An extendable output function, SHAKE128: a longer output begins with the shorter one. */
export type Expand = (input: Uint8Array, bytes: number) => Uint8Array;

/**
 * The elements that a seed stands for: the output for `input` in pieces of 16 bytes, a piece of p or more skipped
 * (probability 2^-59 each). Pseudorandom for whoever does not know the seed.
 * @param input the seed and everything it is for, so that no two shares come from one input.
 */
export function expandElements(expand: Expand, input: Uint8Array, elements: number): Uint8Array {
  const wanted = elements * ELEMENT_BYTES;
  for (let skipped = 0; ; ) {
    const drawn = expand(input, wanted + skipped * ELEMENT_BYTES);
    const found = countRefused(drawn);
    if (found === skipped) return skipped === 0 ? drawn : withoutRefused(drawn, wanted);
    skipped = found;
  }
}

function countRefused(bytes: Uint8Array): number {
  let refused = 0;
  for (let at = 0; at < bytes.length; at += ELEMENT_BYTES) if (!isCanonical(bytes, at)) refused += 1;
  return refused;
}

function withoutRefused(drawn: Uint8Array, wanted: number): Uint8Array {
  const elements = new Uint8Array(wanted);
  let filled = 0;
  for (let at = 0; at < drawn.length; at += ELEMENT_BYTES) {
    if (!isCanonical(drawn, at)) continue;
    elements.set(drawn.subarray(at, at + ELEMENT_BYTES), filled);
    filled += ELEMENT_BYTES;
  }
  return elements;
}
