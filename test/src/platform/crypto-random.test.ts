import { expect, test } from 'vitest';
import { toHex } from '../../../src/foundation/index.ts';
import { cryptoRandomBytes } from '../../../src/platform/index.ts';

test('draws have the length that was asked for', () => {
  for (const length of [0, 1, 4, 12, 15, 16, 17, 32, 16_384]) {
    expect(cryptoRandomBytes(length)).toHaveLength(length);
  }
});

test('no draw is like another, over many fillings of the pool and in lengths that do not divide it', () => {
  const draws = Array.from({ length: 6_000 }, (_, i) => toHex(cryptoRandomBytes(12 + (i % 5))).slice(0, 24));
  expect(new Set(draws).size).toBe(draws.length);
  expect(draws.filter((hex) => /^(?:00){8}|(?:00){8}$/.test(hex))).toEqual([]);
});

test('a draw is nobody else’s: written over, it changes no other', () => {
  for (const length of [16, 32]) {
    const [first, second] = [cryptoRandomBytes(length), cryptoRandomBytes(length)];
    const before = toHex(second);
    first.fill(0);
    expect(first.buffer).not.toBe(second.buffer);
    expect(first.buffer.byteLength).toBe(length);
    expect(toHex(second)).toBe(before);
  }
});

test('every bit of a small draw is set about half of the time', () => {
  const counts = new Array<number>(96).fill(0);
  const draws = 4_000;
  for (let i = 0; i < draws; i++) {
    cryptoRandomBytes(12).forEach((byte, at) => {
      for (let bit = 0; bit < 8; bit++)
        counts[8 * at + bit] = (counts[8 * at + bit] ?? 0) + ((byte >> bit) & 1);
    });
  }
  // Ten standard deviations: a fair generator does not fail this in the life of the project.
  const deviation = Math.sqrt(draws) / 2;
  expect(counts.filter((count) => Math.abs(count - draws / 2) > 10 * deviation)).toEqual([]);
});
