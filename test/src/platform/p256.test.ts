import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { deriveKeyPair } from '../../../src/platform/hpke.ts';
import {
  cryptoRandomBytes,
  generateEd25519,
  generateP256,
  p256FromPem,
} from '../../../src/platform/index.ts';
import { p256Agree, p256Pair } from '../../../src/platform/p256.ts';

describe('P-256 keys', () => {
  test('a made key reads back as the pair it is', async () => {
    const { publicKey, privateKeyPem } = await generateP256();
    const pair = p256FromPem(privateKeyPem);
    expect(pair.publicKey).toEqual(publicKey);
    expect([publicKey.length, publicKey[0], pair.privateKey.length]).toEqual([65, 4, 32]);
    expect(p256Pair(pair.privateKey)).toEqual(pair);
  });

  test('another text, another curve and another algorithm are refused, and the message holds nothing of them', async () => {
    const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey;
    const texts = [
      'secret words',
      p384.export({ format: 'pem', type: 'pkcs8' }).toString(),
      (await generateEd25519()).privateKeyPem,
    ];
    for (const text of texts) {
      expect(() => p256FromPem(text)).toThrow(
        expect.objectContaining({
          code: 'INVALID_ARGUMENT',
          message: expect.stringMatching(/^expected the PEM of a P-256 private key, got [a-z0-9 ]{1,40}$/),
        }),
      );
    }
  });

  test('zero and the order of the curve are no keys', () => {
    expect(p256Pair(new Uint8Array(32))).toBeNull();
    expect(p256Pair(new Uint8Array(32).fill(255))).toBeNull();
  });

  test('both sides agree on one secret', () => {
    const [a, b] = [deriveKeyPair(cryptoRandomBytes(32)), deriveKeyPair(cryptoRandomBytes(32))];
    expect(p256Agree(a.privateKey, b.publicKey)).toEqual(p256Agree(b.privateKey, a.publicKey));
    expect(p256Agree(a.privateKey, b.publicKey, new Uint8Array(65))).toBeNull();
  });
});
