import { expect } from 'vitest';
import {
  addAllToLimbSum,
  addElements,
  addToLimbSum,
  createLimbSum,
  decodeElements,
  encodeElements,
  type FieldElement,
  fieldElement,
  LIMB_ADDITIONS_MAX,
  limbSumElements,
  MODULUS,
  mergeLimbSum,
  subtractElements,
  subtractFromLimbSum,
  subtractInPlace,
} from '../../../src/arithmetic/index.ts';
import { concat } from '../../../src/foundation/index.ts';
import { anyElement } from '../../support/field.ts';
import { fc, test } from '../../support/property.ts';

const LARGEST = fieldElement(MODULUS - 1n);

/** Vectors of one length, as many as asked for. */
const vectors = (min: number, max: number) =>
  fc.integer({ min: 1, max: 4 }).chain((size) =>
    fc.array(fc.array(anyElement, { minLength: size, maxLength: size }), {
      minLength: min,
      maxLength: max,
    }),
  );

/** The plain version: one reduced addition after the other. */
function plainSum(all: readonly (readonly FieldElement[])[], size: number): FieldElement[] {
  return Array.from({ length: size }, (_, i) =>
    all.reduce((sum, vector) => addElements(sum, vector[i]!), fieldElement(0n)),
  );
}

test.prop([vectors(1, 30)])('limb sums equal plain sums', (all) => {
  const sum = createLimbSum(all[0]!.length);
  for (const vector of all) addToLimbSum(sum, encodeElements(vector));
  expect(limbSumElements(sum)).toEqual(plainSum(all, all[0]!.length));
});

test.prop([vectors(1, 20), fc.nat(20)])('what is taken out of a sum again leaves the rest', (all, cut) => {
  const size = all[0]!.length;
  const sum = createLimbSum(size);
  for (const vector of all.slice(cut)) subtractFromLimbSum(sum, encodeElements(vector));
  for (const vector of all) addToLimbSum(sum, encodeElements(vector));
  expect(limbSumElements(sum)).toEqual(plainSum(all.slice(0, cut), size));
});

test.prop([vectors(2, 20), fc.nat(20)])('merged sums equal the sum of all', (all, cut) => {
  const size = all[0]!.length;
  const [a, b] = [createLimbSum(size), createLimbSum(size)];
  all.forEach((vector, i) => {
    addToLimbSum(i < cut ? a : b, encodeElements(vector));
  });
  mergeLimbSum(a, b);
  expect(limbSumElements(a)).toEqual(plainSum(all, size));
  expect(limbSumElements(b)).toEqual(plainSum(all.slice(cut), size));
});

test('sums stay exact beyond the additions that doubles count exactly', () => {
  // The largest element makes every limb but one 0xffffffe4 or more: any carry taken too late loses units here.
  const share = encodeElements([LARGEST, fieldElement(2n ** 96n - 1n)]);
  const sum = createLimbSum(2);
  const additions = 2 * LIMB_ADDITIONS_MAX + 12_345;
  for (let i = 0; i < additions; i++) addToLimbSum(sum, share);
  expect(limbSumElements(sum)).toEqual([
    fieldElement(-BigInt(additions)),
    fieldElement(BigInt(additions) * (2n ** 96n - 1n)),
  ]);
});

test('merging stays exact beyond the additions that doubles count exactly', () => {
  const sum = createLimbSum(1);
  addToLimbSum(sum, encodeElements([LARGEST]));
  // Doubled 60 times: without carries the limbs would leave the exact range at the 22nd.
  for (let i = 0; i < 60; i++) mergeLimbSum(sum, sum);
  expect(limbSumElements(sum)).toEqual([fieldElement(-(2n ** 60n))]);
});

test('merging stays exact also where no power of two helps: doubles carry those without a loss', () => {
  const share = encodeElements([LARGEST]);
  const sum = createLimbSum(1);
  addToLimbSum(sum, share);
  for (let i = 0; i < 60; i++) {
    mergeLimbSum(sum, sum);
    addToLimbSum(sum, share);
  }
  expect(limbSumElements(sum)).toEqual([fieldElement(-(2n ** 61n - 1n))]);
});

test.prop([vectors(1, 30), vectors(1, 1)])(
  'vectors of one page are added as one after another',
  (all, [own]) => {
    const size = all[0]!.length;
    const first = Array.from({ length: size }, (_, i) => own![i % own!.length]!);
    const sum = createLimbSum(size);
    addToLimbSum(sum, encodeElements(first));
    // Anywhere in memory: shares lie at odd places of a body.
    const page = concat(Uint8Array.of(7), ...all.map(encodeElements)).subarray(1);
    addAllToLimbSum(sum, page);
    expect(limbSumElements(sum)).toEqual(plainSum([first, ...all], size));
  },
);

test('pages stay exact beyond the additions that doubles count exactly', () => {
  const page = encodeElements(new Array<FieldElement>(2 ** 19).fill(LARGEST));
  const sum = createLimbSum(1);
  for (let i = 0; i < 9; i++) addAllToLimbSum(sum, page);
  expect(limbSumElements(sum)).toEqual([fieldElement(-9n * 2n ** 19n)]);
});

test('a vector is added from the middle of a page', () => {
  const page = encodeElements([1n, 2n, 3n, 4n].map(fieldElement));
  const sum = createLimbSum(2);
  addToLimbSum(sum, page, 16);
  addToLimbSum(sum, page, 32);
  expect(limbSumElements(sum)).toEqual([5n, 7n]);
});

test('a vector of another length is refused', () => {
  const sum = createLimbSum(2);
  const page = new Uint8Array(48);
  expect(() => addToLimbSum(sum, page)).toThrow('expected 32 bytes, got 48');
  expect(() => addToLimbSum(sum, page, 17)).toThrow('expected 32 bytes, got 31');
  expect(() => addToLimbSum(sum, page, -1)).toThrow('expected 32 bytes');
  expect(() => addAllToLimbSum(sum, page)).toThrow('expected vectors of 32 bytes, got 48 bytes');
  expect(() => addAllToLimbSum(sum, new Uint8Array(0))).toThrow('expected vectors of 32 bytes, got 0 bytes');
  expect(() => mergeLimbSum(sum, createLimbSum(3))).toThrow('expected a sum of 2 elements, got one of 3');
  expect(limbSumElements(sum)).toEqual([0n, 0n]);
});

test.prop([vectors(1, 12), fc.constantFrom(1, 40)])(
  'subtracting in place equals plain subtraction, of short vectors and of long ones',
  (all, times) => {
    const long = all.map((vector) => Array.from({ length: times }, () => vector).flat());
    const [first, ...others] = long;
    const minuend = encodeElements(first!);
    subtractInPlace(minuend, others.map(encodeElements));
    const expected = first!.map((element, i) =>
      others.reduce((left, other) => subtractElements(left, other[i]!), element),
    );
    expect(decodeElements(minuend)).toEqual(expected);
  },
);

test('subtracting reduces at both ends of the field', () => {
  const cases: readonly (readonly [bigint, readonly bigint[]])[] = [
    [0n, [1n]],
    [0n, [MODULUS - 1n]],
    [0n, [MODULUS - 1n, 1n]],
    [1n, [2n]],
    [5n, Array.from({ length: 300 }, () => MODULUS - 1n)],
    [0n, [2n ** 64n]],
    [2n ** 64n, [2n ** 64n + 1n]],
    [MODULUS - 1n, [MODULUS - 1n]],
  ];
  for (const [minuend, others] of cases) {
    const bytes = encodeElements([fieldElement(minuend)]);
    subtractInPlace(
      bytes,
      others.map((other) => encodeElements([fieldElement(other)])),
    );
    expect(decodeElements(bytes)).toEqual([
      fieldElement(others.reduce((left, other) => left - other, minuend)),
    ]);
  }
});
