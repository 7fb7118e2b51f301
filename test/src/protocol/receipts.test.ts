import { describe, expect, it } from 'vitest';
import { toHex } from '../../../src/foundation/index.ts';
import { createReceipts } from '../../../src/protocol/index.ts';

const bytes = (length: number, fill: number) => new Uint8Array(length).fill(fill);
const name = bytes(32, 1);
const K = bytes(32, 3);

describe('receipts', () => {
  const receipts = createReceipts(K);
  const all = [0, 1, 2].map((index) => receipts.of(name, index));

  it('differ by key, packet and domain', () => {
    const made = [
      receipts.of(name, 0),
      receipts.of(name, 1),
      createReceipts(bytes(32, 4)).of(name, 0),
      receipts.of(bytes(32, 2), 0),
    ];
    expect(new Set(made.map(toHex)).size).toBe(made.length);
    expect(made.every(({ length }) => length === 16)).toBe(true);
  });

  it('are the same whoever makes them, whenever', () => {
    expect(createReceipts(K.slice()).of(name.slice(), 2)).toEqual(receipts.of(name, 2));
  });

  it('are complete with those of all domains in their order, and not otherwise', () => {
    const [a = K, b = K, c = K] = all;
    expect(receipts.complete(name, all, 3)).toBe(true);
    const wrong = [[], [a], [a, b], [a, b, c, c], [a, c, b], [a, a, a], [a, b, c.slice(0, 15)]];
    for (const given of wrong) expect(receipts.complete(name, given, 3)).toBe(false);
    for (let bit = 0; bit < 128; bit++) {
      const flipped = b.slice();
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(receipts.complete(name, [a, flipped, c], 3)).toBe(false);
    }
  });
});
