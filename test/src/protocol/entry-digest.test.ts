import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { concat } from '../../../src/foundation/index.ts';
import { createEntryLanes, ENTRIES_PER_CALL } from '../../../src/protocol/entry-lanes.ts';
import {
  createEntryDigest,
  createEntryDigests,
  DIGEST_WORDS,
  entryKeys,
} from '../../../src/protocol/index.ts';
import { anyEntry, anyFixedBytes } from '../../support/any-message.ts';
import { fc, test } from '../../support/property.ts';

function plainDigest(key: Uint8Array, entryKey: Uint8Array): string {
  return createHash('sha256').update(key).update(entryKey).digest('hex');
}

function shown(words: Float64Array, at: number): string {
  return [...words.subarray(at, at + DIGEST_WORDS)]
    .map((word) => word.toString(16).padStart(8, '0'))
    .join('');
}

describe('the digest of an entry', () => {
  test.prop([anyFixedBytes(32), fc.array(anyEntry, { minLength: 1, maxLength: 8 }), anyFixedBytes(5)])(
    'is what SHA-256 makes of the key and the entry, wherever the entry stands and the words go',
    (key, entries, before) => {
      const keys = entryKeys(entries);
      const shifted = concat(before, keys);
      const digestOne = createEntryDigest(key);
      const words = new Float64Array(DIGEST_WORDS * entries.length + 1);
      entries.forEach((_, place) => {
        digestOne(shifted, before.length + 36 * place, words, DIGEST_WORDS * place + 1);
      });
      entries.forEach((_, place) => {
        const plain = plainDigest(key, keys.subarray(36 * place, 36 * place + 36));
        expect(shown(words, DIGEST_WORDS * place + 1)).toBe(plain);
      });
      expect(words[0]).toBe(0);
    },
  );

  it('of two keys in turns is that of each', () => {
    const keys = Uint8Array.from({ length: 36 }, (_, i) => 255 - i);
    const [one, other] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];
    const digests = [one, other].map(createEntryDigest);
    const words = new Float64Array(DIGEST_WORDS);
    for (const [place, key] of [one, other, one, other].entries()) {
      digests[place % 2]?.(keys, 0, words, 0);
      expect(shown(words, 0)).toBe(plainDigest(key, keys));
    }
  });

  it('needs a key of 32 bytes', () => {
    expect(() => createEntryDigest(new Uint8Array(31))).toThrow('expected a key of 32 bytes, got 31');
  });
});

/** What follows the digests is nobody else's. */
const BEHIND = -1;

function expectPlain(key: Uint8Array, keys: Uint8Array, lanes?: null): void {
  const count = keys.length / 36;
  const words = new Float64Array(DIGEST_WORDS * count + 1).fill(BEHIND);
  createEntryDigests(key, lanes)(keys, words);
  for (let place = 0; place < count; place++) {
    const plain = plainDigest(key, keys.subarray(36 * place, 36 * place + 36));
    expect(shown(words, DIGEST_WORDS * place), `entry ${place} of ${count}`).toBe(plain);
  }
  expect(words.at(-1)).toBe(BEHIND);
}

/** Entries of one public count, whose other bytes all differ. */
function entriesOfCount(entries: number, count: number): Uint8Array {
  const keys = Uint8Array.from({ length: 36 * entries }, (_, at) => (at * 2_654_435_761) >>> 11);
  const view = new DataView(keys.buffer);
  for (let place = 0; place < entries; place++) view.setUint32(36 * place + 32, count);
  return keys;
}

describe('the digests of many entries', () => {
  const anyKeys = fc.array(anyEntry, { maxLength: 40 }).map(entryKeys);
  const anyKeysOfOneCount = fc
    .tuple(fc.array(anyEntry, { maxLength: 40 }), fc.constantFrom(1, 1_000, 0xffffffff))
    .map(([entries, count]) => entryKeys(entries.map((entry) => ({ ...entry, count }))));

  test.prop([anyFixedBytes(32), anyKeys])('are what SHA-256 makes of each', expectPlain);
  test.prop([anyFixedBytes(32), anyKeysOfOneCount])('are that where all are of one count', expectPlain);
  test.prop([anyFixedBytes(32), anyKeysOfOneCount])('are that where the engine has no vectors', (key, keys) =>
    expectPlain(key, keys, null),
  );

  it('are made four at a time here', () => {
    expect(createEntryLanes()).not.toBeNull();
  });

  it.each(
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, -1, 0, 1, 1_023].map((more, i) =>
      i < 10 ? more : ENTRIES_PER_CALL + more,
    ),
  )('are those of %i entries', (entries) =>
    expectPlain(new Uint8Array(32).fill(7), entriesOfCount(entries, 1)),
  );

  it('are those of each key and count, in turns', () => {
    for (const [key, count] of [
      [1, 1],
      [2, 1],
      [1, 4_000],
      [1, 1],
    ] as const) {
      expectPlain(new Uint8Array(32).fill(key), entriesOfCount(6, count));
    }
  });

  it('need a key of 32 bytes', () => {
    expect(() => createEntryDigests(new Uint8Array(33))).toThrow('expected a key of 32 bytes, got 33');
  });
});
