import { describe, expect, it } from 'vitest';
import { compareBytes, toHex } from '../../../src/foundation/index.ts';
import {
  countInKey,
  entriesOfKeys,
  entryKey,
  entryKeys,
  entryName,
  entryOfKey,
  entryOfName,
  flagKeyBytes,
  keysAt,
  PARTITION_KEY_BYTES,
  partitionInKey,
  partitionKey,
  readingId,
  scopeOfKey,
  sensorId,
  windowKey,
  windowName,
} from '../../../src/protocol/index.ts';
import { partition, partitionOf, streamHash, windowId } from '../../../src/ring/identifiers.ts';
import { anyEntry, anyStream, anyU16, anyU64 } from '../../support/any-message.ts';
import { fc, test } from '../../support/property.ts';

const anyScope = fc.record({ stream: anyStream, window: anyU64.map(windowId), group: anyU16 });

describe('a flag key', () => {
  test.prop([anyScope, anyEntry])('is 80 bytes, of which the last 36 read back', (scope, entry) => {
    const key = flagKeyBytes(scope, entry);
    expect(key).toHaveLength(80);
    expect(entryOfKey(key, PARTITION_KEY_BYTES)).toEqual(entry);
  });

  test.prop([anyScope, anyEntry])('begins with its window, then with its partition', (scope, entry) => {
    const key = flagKeyBytes(scope, entry);
    expect(key.slice(0, 42)).toEqual(windowKey(scope));
    expect(scopeOfKey(key.slice(0, 42))).toEqual(scope);
    expect(key.slice(0, 44)).toEqual(partitionKey(scope, partitionOf(entry.readingId)));
  });

  test.prop([anyScope, anyEntry, anyScope, anyEntry])(
    'is another for another tuple',
    (scope, entry, a, b) => {
      const same = toHex(flagKeyBytes(scope, entry)) === toHex(flagKeyBytes(a, b));
      expect(same).toBe(windowName(scope) === windowName(a) && entryName(entry) === entryName(b));
    },
  );

  test.prop([anyScope, anyEntry, anyEntry])('sorts by partition, then reading id', (scope, a, b) => {
    const order = compareBytes(flagKeyBytes(scope, a), flagKeyBytes(scope, b));
    expect(Math.sign(order)).toBe(Math.sign(compareBytes(entryKey(a), entryKey(b))));
  });

  it('is these bytes', () => {
    const scope = { stream: streamHash('5a'.repeat(32)), window: windowId(1_700_000_000_000), group: 7 };
    const entry = {
      readingId: readingId(Uint8Array.of(0xff, 0xc0, ...new Uint8Array(14))),
      sensorId: sensorId(new Uint8Array(16).fill(0x11)),
      count: 258,
    };
    expect(toHex(flagKeyBytes(scope, entry))).toBe(
      `${'5a'.repeat(32)}0000018bcfe5680000070${'3ff'}ffc0${'00'.repeat(14)}${'11'.repeat(16)}00000102`,
    );
  });

  test.prop([anyEntry])('reads back from its name', (entry) => {
    expect(entryOfName(entryName(entry))).toEqual(entry);
  });

  test.prop([fc.array(anyEntry, { minLength: 1, maxLength: 5 }), fc.nat()])(
    'is read where it stands among others',
    (entries, number) => {
      const keys = entryKeys(entries);
      const place = number % entries.length;
      const entry = entries[place];
      expect(entriesOfKeys(keys)).toEqual(entries);
      expect(countInKey(keys, 36 * place)).toBe(entry?.count);
      expect(partitionInKey(keys, 36 * place)).toBe(partitionOf(entry?.readingId ?? keys));
      expect(keysAt(keys, [place])).toEqual(keys.slice(36 * place, 36 * place + 36));
      expect(keysAt(keys, [...entries.keys()])).toBe(keys);
    },
  );

  it('reads back from a buffer it stands in the middle of', () => {
    const whole = new Uint8Array(200).fill(9);
    const entry = {
      readingId: readingId(new Uint8Array(16)),
      sensorId: sensorId(new Uint8Array(16)),
      count: 3,
    };
    whole.set(entryKey(entry), 50);
    expect(entryOfKey(whole.subarray(40, 120), 10)).toEqual(entry);
  });
});

describe('an id', () => {
  it.each([0, 15, 17])('of %i bytes is refused', (length) => {
    const refused = expect.objectContaining({ code: 'MALFORMED_BODY' });
    expect(() => readingId(new Uint8Array(length))).toThrow(refused);
    expect(() => sensorId(new Uint8Array(length))).toThrow(refused);
  });

  it('of a reading names its partition by its first 10 bits', () => {
    const at = (first: number, second: number) =>
      partitionOf(readingId(Uint8Array.of(first, second, ...new Uint8Array(14).fill(255))));
    expect(at(0, 0x3f)).toBe(partition(0));
    expect(at(0, 0x40)).toBe(partition(1));
    expect(at(1, 0)).toBe(partition(4));
    expect(at(255, 255)).toBe(partition(1_023));
  });
});
