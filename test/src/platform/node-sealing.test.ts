import { describe, expect, test } from 'vitest';
import { utf8 } from '../../../src/foundation/index.ts';
import { cryptoRandomBytes, nodeSealing } from '../../../src/platform/index.ts';

const key = cryptoRandomBytes(32);
const nonce = cryptoRandomBytes(12);
const bound = utf8('bound');
const text = utf8('a text of some length');

describe('the cipher under a context', () => {
  test('opens what was sealed, and the same text seals to the same bytes', async () => {
    const sealed = await nodeSealing.seal(key, nonce, bound, text);
    expect(sealed.length).toBe(text.length + 16);
    expect(await nodeSealing.open(key, nonce, bound, sealed)).toEqual(text);
    expect(await nodeSealing.seal(key, nonce, bound, text)).toEqual(sealed);
  });

  test('opens nothing under another key, nonce or binding, nothing cut and nothing with one bit changed', async () => {
    const sealed = await nodeSealing.seal(key, nonce, bound, text);
    expect(await nodeSealing.open(cryptoRandomBytes(32), nonce, bound, sealed)).toBeNull();
    expect(await nodeSealing.open(key, cryptoRandomBytes(12), bound, sealed)).toBeNull();
    expect(await nodeSealing.open(key, nonce, utf8('bounds'), sealed)).toBeNull();
    for (let length = 0; length < sealed.length; length++) {
      expect(await nodeSealing.open(key, nonce, bound, sealed.subarray(0, length))).toBeNull();
    }
    for (let bit = 0; bit < 8 * sealed.length; bit++) {
      const flipped = sealed.slice();
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(await nodeSealing.open(key, nonce, bound, flipped)).toBeNull();
    }
  });

  test('is reached by a sensor and a domain through one agreement', async () => {
    const sensor = await nodeSealing.deriveKeyPair(cryptoRandomBytes(32));
    const domain = await nodeSealing.deriveKeyPair(cryptoRandomBytes(32));
    const sent = await nodeSealing.toDomain(sensor, domain.publicKey, cryptoRandomBytes(32));
    const received = await nodeSealing.fromSensor(
      domain,
      sensor.publicKey,
      sent?.encapsulated ?? new Uint8Array(0),
    );
    const purposes = [utf8('one'), utf8('two')];
    for (const purpose of purposes) {
      expect(await received?.exportKey(purpose)).toEqual(await sent?.exportKey(purpose));
    }
    expect(await sent?.exportKey(utf8('one'))).not.toEqual(await sent?.exportKey(utf8('two')));
  });
});
