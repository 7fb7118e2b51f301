import { describe, expect, it } from 'vitest';
import { createEntryHash } from '../../../node/engine/entry-hash.ts';

const KEY = Uint8Array.from({ length: 8 }, (_, i) => i);

describe('the hash of an entry', () => {
  it('is HalfSipHash-1-3, written down word by word', () => {
    const bytes = Uint8Array.from({ length: 36 }, (_, i) => 7 * i + 1);
    expect(createEntryHash(KEY)(bytes, 0)).toBe(plainHalfSipHash(KEY, bytes));
    const longer = new Uint8Array(80);
    longer.set(bytes, 40);
    expect(createEntryHash(KEY)(longer, 40)).toBe(plainHalfSipHash(KEY, bytes));
  });

  it('is another one under another key, and changes with every byte', () => {
    const bytes = new Uint8Array(36).fill(9);
    const seen = new Set([
      createEntryHash(KEY)(bytes, 0),
      createEntryHash(KEY.map((byte) => byte + 1))(bytes, 0),
    ]);
    for (let i = 0; i < 36; i++) seen.add(createEntryHash(KEY)(bytes.with(i, 8), 0));
    expect(seen.size).toBe(38);
  });
});

/** The same in BigInt and in the order of the paper's appendix. */
function plainHalfSipHash(key: Uint8Array, message: Uint8Array): number {
  const mask = 0xffffffffn;
  const word = (bytes: Uint8Array, at: number): bigint =>
    BigInt(new DataView(bytes.buffer, bytes.byteOffset).getUint32(at, true));
  const rotate = (value: bigint, by: bigint): bigint => ((value << by) | (value >> (32n - by))) & mask;
  let [v0, v1, v2, v3] = [word(key, 0), word(key, 4), 0x6c796765n ^ word(key, 0), 0x74656462n ^ word(key, 4)];
  const round = (): void => {
    v0 = (v0 + v1) & mask;
    v1 = rotate(v1, 5n) ^ v0;
    v0 = rotate(v0, 16n);
    v2 = (v2 + v3) & mask;
    v3 = rotate(v3, 8n) ^ v2;
    v0 = (v0 + v3) & mask;
    v3 = rotate(v3, 7n) ^ v0;
    v2 = (v2 + v1) & mask;
    v1 = rotate(v1, 13n) ^ v2;
    v2 = rotate(v2, 16n);
  };
  for (let at = 0; at < message.length; at += 4) {
    v3 ^= word(message, at);
    round();
    v0 ^= word(message, at);
  }
  const last = BigInt(message.length) << 24n;
  v3 ^= last;
  round();
  v0 ^= last;
  v2 ^= 0xffn;
  for (let i = 0; i < 3; i++) round();
  return Number(v1 ^ v3);
}
