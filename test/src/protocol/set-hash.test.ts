import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { toHex } from '../../../src/foundation/index.ts';
import type { FlagEntry } from '../../../src/protocol/index.ts';
import {
  createEntryDigest,
  createSetHasher,
  DIGEST_WORDS,
  digestOf,
  EMPTY_SET,
  entryKey,
  equalDigests,
} from '../../../src/protocol/index.ts';
import { anyEntry, anyFixedBytes } from '../../support/any-message.ts';
import { fc, test } from '../../support/property.ts';
import { flagEntry } from '../rounds/flag-entries.ts';

const anyEntries = fc.array(anyEntry, { maxLength: 20 });
const anyKey = anyFixedBytes(32);

/** The same sum in the plainest way there is. */
function plainHash(key: Uint8Array, entries: readonly FlagEntry[]): string {
  let sum = 0n;
  for (const entry of entries) {
    const hash = createHash('sha256').update(key).update(entryKey(entry)).digest('hex');
    sum = (sum + BigInt(`0x${hash}`)) % 2n ** 256n;
  }
  return sum.toString(16).padStart(64, '0');
}

describe('the digest of a set of flags', () => {
  test.prop([anyKey, anyEntries])('is the sum modulo 2^256 of the hashes of its entries', (key, entries) => {
    const digest = digestOf(key, entries);
    expect(toHex(digest.hash)).toBe(plainHash(key, entries));
    expect(digest.count).toBe(entries.length);
    expect(digest.readings).toBe(entries.reduce((sum, { count }) => sum + count, 0));
  });

  test.prop([
    anyKey,
    anyEntries.chain((all) =>
      fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })),
    ),
  ])('does not depend on the order', (key, [entries, shuffled]) => {
    expect(equalDigests(digestOf(key, entries), digestOf(key, shuffled))).toBe(true);
  });

  test.prop([
    anyKey,
    fc.uniqueArray(anyEntry, { minLength: 1, maxLength: 10, selector: (entry) => toHex(entryKey(entry)) }),
  ])('is another one without any entry, or with one twice', (key, entries) => {
    const whole = digestOf(key, entries);
    expect(equalDigests(whole, digestOf(key, entries.slice(1)))).toBe(false);
    expect(equalDigests(whole, digestOf(key, [...entries, ...entries.slice(0, 1)]))).toBe(false);
  });

  test.prop([anyKey, anyKey, anyEntry])('is another one under another key', (key, other, entry) => {
    fc.pre(toHex(key) !== toHex(other));
    expect(equalDigests(digestOf(key, [entry]), digestOf(other, [entry]))).toBe(false);
  });

  test.prop([anyKey, anyEntries, anyEntries])('can be read in between and added to further', (key, a, b) => {
    const hasher = createSetHasher(key);
    for (const entry of a) hasher.add(entry);
    expect(equalDigests(hasher.digest(), digestOf(key, a))).toBe(true);
    for (const entry of b) hasher.add(entry);
    expect(equalDigests(hasher.digest(), digestOf(key, [...a, ...b]))).toBe(true);
  });

  test.prop([anyKey, anyEntries, anyEntries])('forgets an entry that is removed', (key, kept, removed) => {
    const hasher = createSetHasher(key);
    for (const entry of removed.slice(1)) hasher.add(entry);
    for (const entry of removed) hasher.remove(entry);
    for (const entry of [...removed.slice(0, 1), ...kept]) hasher.add(entry);
    expect(equalDigests(hasher.digest(), digestOf(key, kept))).toBe(true);
  });

  test.prop([anyKey, anyEntries, anyEntries])(
    'is the same where the digests of entries are known',
    (key, a, b) => {
      const hasher = createSetHasher(key);
      const digestOne = createEntryDigest(key);
      const words = new Float64Array(DIGEST_WORDS + 3);
      for (const entry of [...a, ...b]) {
        digestOne(entryKey(entry), 0, words, 3);
        hasher.addDigest(words, 3, entry.count);
      }
      for (const entry of b) {
        digestOne(entryKey(entry), 0, words, 3);
        hasher.removeDigest(words, 3, entry.count);
      }
      expect(equalDigests(hasher.digest(), digestOf(key, a))).toBe(true);
    },
  );

  it('is no longer what it was found equal to once an entry has come or gone', () => {
    const [key, entry] = [new Uint8Array(32), flagEntry(1)];
    const [without, both] = [digestOf(key, [entry]), digestOf(key, [entry, flagEntry(2)])];
    const hasher = createSetHasher(key);
    hasher.add(entry);
    expect([hasher.equals(without), hasher.equals(without), hasher.equals(both)]).toEqual([
      true,
      true,
      false,
    ]);
    hasher.add(flagEntry(2));
    expect([hasher.equals(without), hasher.equals(both)]).toEqual([false, true]);
    hasher.remove(flagEntry(2));
    expect([hasher.equals(both), hasher.equals(without)]).toEqual([false, true]);
  });

  it('of no flag is the empty one', () => {
    expect(equalDigests(digestOf(new Uint8Array(32), []), EMPTY_SET)).toBe(true);
  });

  it('differs where only the number or only the readings differ', () => {
    const hash = new Uint8Array(32);
    expect(equalDigests({ count: 1, readings: 1, hash }, { count: 2, readings: 1, hash })).toBe(false);
    expect(equalDigests({ count: 1, readings: 1, hash }, { count: 1, readings: 2, hash })).toBe(false);
  });
});
