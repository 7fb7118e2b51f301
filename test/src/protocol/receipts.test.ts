import { describe, expect, it } from 'vitest';
import { toHex } from '../../../src/foundation/index.ts';
import type { FlagEntry, WindowScope } from '../../../src/protocol/index.ts';
import { createReceipts, readingId, sensorId } from '../../../src/protocol/index.ts';
import { streamHash, windowId } from '../../../src/ring/identifiers.ts';

const bytes = (length: number, fill: number) => new Uint8Array(length).fill(fill);
const scope: WindowScope = { stream: streamHash('ab'.repeat(32)), window: windowId(7), group: 0 };
const entry: FlagEntry = { readingId: readingId(bytes(16, 1)), sensorId: sensorId(bytes(16, 2)), count: 1 };
const K = bytes(32, 3);

describe('receipts', () => {
  const receipts = createReceipts(K, scope);
  const all = [0, 1, 2].map((index) => receipts.of(entry, index));

  it('differ by key, stream, window, group, domain, reading, sensor and count', () => {
    const made = [
      receipts.of(entry, 0),
      receipts.of(entry, 1),
      createReceipts(bytes(32, 4), scope).of(entry, 0),
      createReceipts(K, { ...scope, stream: streamHash('ac'.repeat(32)) }).of(entry, 0),
      createReceipts(K, { ...scope, window: windowId(8) }).of(entry, 0),
      createReceipts(K, { ...scope, group: 1 }).of(entry, 0),
      receipts.of({ ...entry, readingId: readingId(bytes(16, 9)) }, 0),
      receipts.of({ ...entry, sensorId: sensorId(bytes(16, 9)) }, 0),
      receipts.of({ ...entry, count: 2 }, 0),
    ];
    expect(new Set(made.map(toHex)).size).toBe(made.length);
    expect(made.every(({ length }) => length === 16)).toBe(true);
  });

  it('are the same whoever makes them, whenever', () => {
    expect(createReceipts(K.slice(), { ...scope }).of({ ...entry }, 2)).toEqual(receipts.of(entry, 2));
  });

  it('are complete with those of all domains in their order, and not otherwise', () => {
    const [a = K, b = K, c = K] = all;
    expect(receipts.complete(entry, all, 3)).toBe(true);
    const wrong = [[], [a], [a, b], [a, b, c, c], [a, c, b], [a, a, a], [a, b, c.slice(0, 15)]];
    for (const given of wrong) expect(receipts.complete(entry, given, 3)).toBe(false);
    for (let bit = 0; bit < 128; bit++) {
      const flipped = b.slice();
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(receipts.complete(entry, [a, flipped, c], 3)).toBe(false);
    }
  });
});
