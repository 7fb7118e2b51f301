import { shake128 } from '@noble/hashes/sha3.js';
import { expect } from 'vitest';
import {
  checkElements,
  ELEMENT_BYTES,
  encodeElements,
  fieldElement,
  MODULUS,
} from '../../../src/arithmetic/index.ts';
import { concat, utf8 } from '../../../src/foundation/index.ts';
import { nodeSealing } from '../../../src/platform/index.ts';
import { addVectors, combine, expandElements, lastShare, SEED_BYTES } from '../../../src/sharing/index.ts';
import { anyElement } from '../../support/field.ts';
import { fc, test } from '../../support/property.ts';

const { expand } = nodeSealing;
const anySeed = fc.uint8Array({ minLength: SEED_BYTES, maxLength: SEED_BYTES });

test.prop([fc.uint8Array({ maxLength: 400 }), fc.integer({ min: 0, max: 2_000 })])(
  'the expansion is SHAKE128, whoever computes it',
  (input, bytes) => {
    expect(expand(input, bytes)).toEqual(shake128(input, { dkLen: bytes }));
  },
);

test.prop([anySeed, fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 40 })])(
  'a longer share begins with the shorter one, and all of it is elements',
  (seed, a, b) => {
    const [short, long] = [Math.min(a, b), Math.max(a, b)].map((n) => expandElements(expand, seed, n));
    expect(long!.subarray(0, short!.length)).toEqual(short);
    expect(() => checkElements(long!)).not.toThrow();
  },
);

test.prop([
  fc.array(fc.array(anyElement, { minLength: 3, maxLength: 3 }), { minLength: 1, maxLength: 8 }),
  fc.array(anySeed, { minLength: 1, maxLength: 7 }),
])('what seeds stand for and the last share add to the vectors', (vectors, seeds) => {
  const encoded = concat(...vectors.map(encodeElements));
  const elements = 3 * vectors.length;
  const masks = seeds.map((seed) => expandElements(expand, seed, elements));
  const shares = [...masks, lastShare(encoded.slice(), masks)];
  expect(combine(shares)).toEqual(vectors.flat());
  const sums = shares.map((share) => addVectors(share, 3));
  expect(combine(sums)).toEqual(
    [0, 1, 2].map((i) => fieldElement(vectors.reduce((sum, v) => sum + v[i]!, 0n))),
  );
});

test('draws of p or more are skipped, however many there are', () => {
  const wide = (value: bigint) => {
    const bytes = new Uint8Array(ELEMENT_BYTES);
    for (let i = 0, left = value; i < ELEMENT_BYTES; i++, left >>= 8n) bytes[i] = Number(left & 255n);
    return bytes;
  };
  const draws = [MODULUS, 2n ** 128n - 1n, 5n, MODULUS + 1n, MODULUS - 1n, MODULUS, 7n, 8n, 9n, 10n];
  const output = concat(...draws.map(wide));
  const fake = (_: Uint8Array, bytes: number) => output.slice(0, bytes);
  expect(expandElements(fake, utf8('any'), 3)).toEqual(
    encodeElements([5n, MODULUS - 1n, 7n].map((value) => fieldElement(value))),
  );
});

test('UNIFORM: expanded elements spread evenly, byte by byte', () => {
  // As in split.test.ts: 255 degrees of freedom, and 390 is exceeded by chance once in ten million bytes.
  const elements = 20_000;
  const bytes = expandElements(expand, utf8('a fixed seed'), elements);
  const histogram = new Float64Array(ELEMENT_BYTES * 256);
  for (let at = 0; at < bytes.length; at++) histogram[(at % ELEMENT_BYTES) * 256 + bytes[at]!]!++;
  for (let at = 0; at < histogram.length; at += 256) {
    const cells = histogram.subarray(at, at + 256);
    const expected = elements / 256;
    expect(cells.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)).toBeLessThan(390);
  }
});

test.prop([fc.array(fc.array(anyElement, { minLength: 2, maxLength: 2 }), { minLength: 1, maxLength: 50 })])(
  'adding encoded vectors adds their elements',
  (vectors) => {
    expect(addVectors(concat(...vectors.map(encodeElements)), 2)).toEqual(
      encodeElements([0, 1].map((i) => fieldElement(vectors.reduce((sum, v) => sum + v[i]!, 0n)))),
    );
  },
);

test('bytes that are no whole number of vectors are refused', () => {
  for (const bytes of [0, 16, 40, 48]) {
    expect(() => addVectors(new Uint8Array(bytes), 2)).toThrow(
      expect.objectContaining({ code: 'WRONG_VECTOR_LENGTH' }),
    );
  }
});
