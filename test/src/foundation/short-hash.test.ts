import { createHash, createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { beginMac, shortHash, shortMac } from '../../../src/foundation/short-hash.ts';
import { fc, test } from '../../support/property.ts';

/** From nothing to beyond the longest, so that a message ends at every place of a block. */
const LENGTHS = Array.from({ length: 520 }, (_, length) => length);
const messageOf = (length: number) => Uint8Array.from({ length }, (_, i) => 255 - (i % 251));

describe('the hash of a short message', () => {
  it('is SHA-256, wherever in a block the message ends', () => {
    for (const length of LENGTHS) {
      const message = messageOf(length);
      const plain = createHash('sha256').update(message).digest('hex');
      expect(Buffer.from(shortHash(message, length)).toString('hex'), `${length} bytes`).toBe(plain);
    }
  });

  it('is of as many bytes as it is told', () => {
    const plain = createHash('sha256').update(messageOf(70)).digest();
    expect(Buffer.from(shortHash(messageOf(200), 70))).toEqual(plain);
  });

  test.prop([fc.uint8Array({ maxLength: 512 }), fc.uint8Array({ maxLength: 512 })])(
    'has nothing of the message before it',
    (first, second) => {
      const alone = createHash('sha256').update(second).digest();
      shortHash(first, first.length);
      expect(Buffer.from(shortHash(second, second.length))).toEqual(alone);
    },
  );
});

describe('the MAC of a short message', () => {
  it('is HMAC-SHA-256, wherever in a block message and key end', () => {
    for (const length of LENGTHS) {
      const key = messageOf(length % 131);
      const plain = createHmac('sha256', key).update(messageOf(length)).digest('hex');
      const mac = shortMac(beginMac(key), messageOf(length), length, 8);
      expect(Buffer.from(mac).toString('hex'), `${length} bytes`).toBe(plain);
      const four = shortMac(beginMac(key), messageOf(length), length, 4);
      expect(Buffer.from(four).toString('hex')).toBe(plain.slice(0, 32));
    }
  });
});
