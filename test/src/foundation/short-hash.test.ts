import { createHash, createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { beginMac, isShort, shortHash, shortMac } from '../../../src/foundation/short-hash.ts';
import { fc, test } from '../../support/property.ts';

/** From nothing to beyond the longest, so that a message ends at every place of a block. */
const LENGTHS = Array.from({ length: 520 }, (_, length) => length);
const messageOf = (length: number) => Uint8Array.from({ length }, (_, i) => 255 - (i % 251));

describe('the hash of a short message', () => {
  it('is SHA-256, wherever in a block the message ends', () => {
    for (const length of LENGTHS) {
      const message = messageOf(length);
      const plain = createHash('sha256').update(message).digest('hex');
      expect(Buffer.from(shortHash(message)).toString('hex'), `${length} bytes`).toBe(plain);
    }
  });

  it('is for messages of up to 512 bytes', () => {
    expect(LENGTHS.filter((length) => !isShort(messageOf(length)))).toEqual(LENGTHS.slice(513));
  });

  test.prop([fc.uint8Array({ maxLength: 512 }), fc.uint8Array({ maxLength: 512 })])(
    'has nothing of the message before it',
    (first, second) => {
      const alone = createHash('sha256').update(second).digest();
      shortHash(first);
      expect(Buffer.from(shortHash(second))).toEqual(alone);
    },
  );
});

describe('the MAC of a short message', () => {
  it('is HMAC-SHA-256, wherever in a block message and key end', () => {
    for (const length of LENGTHS) {
      const key = messageOf(length % 131);
      const plain = createHmac('sha256', key).update(messageOf(length)).digest('hex');
      const mac = shortMac(beginMac(key), messageOf(length));
      expect(Buffer.from(mac).toString('hex'), `${length} bytes`).toBe(plain);
    }
  });
});
