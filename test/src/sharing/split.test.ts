import { expect } from 'vitest';
import {
  createElementPool,
  decodeElements,
  ELEMENT_BYTES,
  type ElementPool,
  encodeElements,
  type FieldElement,
  fieldElement,
  MODULUS,
} from '../../../src/arithmetic/index.ts';
import { hasCode } from '../../../src/foundation/index.ts';
import { combine, split } from '../../../src/sharing/index.ts';
import { anyElement, seededBytes, seededPool } from '../../support/field.ts';
import { fc, test } from '../../support/property.ts';

/** The plain version: every element by itself, in bigint. */
function splitReference(vector: readonly FieldElement[], domains: number, pool: ElementPool): Uint8Array[] {
  const masks = Array.from({ length: domains - 1 }, () => {
    const bytes = new Uint8Array(vector.length * ELEMENT_BYTES);
    pool.take(bytes);
    return decodeElements(bytes);
  });
  const last = vector.map((element, i) =>
    fieldElement(masks.reduce((left: bigint, mask) => left - mask[i]!, element)),
  );
  return [...masks, last].map(encodeElements);
}

const anyVector = fc.array(anyElement, { minLength: 1, maxLength: 8 });
const domainCounts = fc.integer({ min: 2, max: 8 });

test.prop([anyVector, domainCounts, fc.integer()])(
  'the shares of a vector add to it',
  (vector, domains, seed) => {
    const shares = split(vector, domains, seededPool(seed));
    expect(shares).toHaveLength(domains);
    for (const share of shares) expect(share).toHaveLength(vector.length * ELEMENT_BYTES);
    expect(combine(shares)).toEqual(vector);
    expect(combine(shares.toReversed())).toEqual(vector);
  },
);

test.prop([anyVector, domainCounts, fc.integer()])(
  'splitting over limbs gives the bytes of plain splitting',
  (vector, domains, seed) => {
    expect(split(vector, domains, seededPool(seed))).toEqual(
      splitReference(vector, domains, seededPool(seed)),
    );
  },
);

test.prop([fc.array(fc.tuple(anyElement, anyElement), { minLength: 1, maxLength: 20 }), domainCounts])(
  'adding each domain its shares and combining adds the vectors',
  (vectors, domains) => {
    const pool = seededPool(vectors.length);
    const all = vectors.map((vector) => split(vector, domains, pool));
    const perDomain = Array.from({ length: domains }, (_, j) =>
      encodeElements(combine(all.map((shares) => shares[j]!))),
    );
    expect(combine(perDomain)).toEqual([
      fieldElement(vectors.reduce((sum, [first]) => sum + first, 0n)),
      fieldElement(vectors.reduce((sum, [, second]) => sum + second, 0n)),
    ]);
  },
);

test('the masks are the generator bytes in the order of the shares', () => {
  const shares = split([fieldElement(1n), fieldElement(2n)], 3, seededPool(9));
  const stream = seededBytes(9)(4 * ELEMENT_BYTES);
  expect(shares[0]).toEqual(stream.subarray(0, 32));
  expect(shares[1]).toEqual(stream.subarray(32, 64));
});

test('UNIFORM: every share of a fixed reading is uniform, byte by byte, the last one too', () => {
  // Chi-square over the 256 values of each byte: 255 degrees of freedom, mean 255, standard deviation 22.6. By
  // Wilson and Hilferty's cube root, 390 lies 5.2 standard deviations out, probability 1e-7; the 240 bytes below
  // together exceed it by chance once in 40,000 seeds, while a byte that is constant, small or misses values
  // reaches thousands. That p is not a power of 2 moves a probability by 2^-59 at most.
  const threshold = 390;
  const splits = 20_000;
  const vector = [1n, 215n, 215n ** 2n].map(fieldElement);
  for (const domains of [2, 3]) {
    const pool = seededPool(20_261_122 + domains);
    const bytes = vector.length * ELEMENT_BYTES;
    const histogram = new Float64Array(domains * bytes * 256);
    for (let i = 0; i < splits; i++) {
      split(vector, domains, pool).forEach((share, j) => {
        for (let k = 0; k < bytes; k++) histogram[(j * bytes + k) * 256 + share[k]!]!++;
      });
    }
    const expected = splits / 256;
    for (let at = 0; at < histogram.length; at += 256) {
      const cells = histogram.subarray(at, at + 256);
      const chiSquare = cells.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
      expect(chiSquare).toBeLessThan(threshold);
    }
  }
});

test('UNIFORM: a share says nothing about the reading, as each of its values stands for one mask', () => {
  // For two shares and any two readings, shifting the mask maps the shares of one onto those of the other.
  const mask = seededBytes(4)(ELEMENT_BYTES);
  const poolOf = (bytes: Uint8Array) =>
    createElementPool((length) => {
      const drawn = new Uint8Array(length);
      drawn.set(bytes);
      return drawn;
    });
  const [, last] = split([fieldElement(215n)], 2, poolOf(mask));
  const shifted = encodeElements([fieldElement(decodeElements(mask)[0]! - 215n - 40n)]);
  const [, other] = split([fieldElement(-40n)], 2, poolOf(shifted));
  expect(other).toEqual(last);
});

test('a reading is never left with one domain', () => {
  for (const domains of [1, 0, -1, 2.5, Number.NaN]) {
    expect(() => split([fieldElement(1n)], domains, seededPool(1))).toThrow('at least two domains');
  }
});

test('shares that do not fit together are refused', () => {
  const codeOf = (shares: readonly Uint8Array[]) => {
    try {
      combine(shares);
    } catch (error) {
      return hasCode(error, 'WRONG_VECTOR_LENGTH', 'ELEMENT_OUT_OF_RANGE') ? error.code : error;
    }
    return undefined;
  };
  expect(codeOf([new Uint8Array(16), new Uint8Array(32)])).toBe('WRONG_VECTOR_LENGTH');
  expect(codeOf([new Uint8Array(15), new Uint8Array(15)])).toBe('WRONG_VECTOR_LENGTH');
  expect(codeOf([new Uint8Array(16), new Uint8Array(16).fill(255)])).toBe('ELEMENT_OUT_OF_RANGE');
});

test('splitting leaves nothing of p in the sum: the largest elements come back', () => {
  const vector = [MODULUS - 1n, 0n, (MODULUS - 1n) / 2n].map(fieldElement);
  expect(combine(split(vector, 2, seededPool(3)))).toEqual(vector);
});
