import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { concat } from '../../../src/foundation/index.ts';
import { createEntryDigest, DIGEST_WORDS, entryKeys } from '../../../src/protocol/index.ts';
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
