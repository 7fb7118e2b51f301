import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { fromHex, toHex, utf8 } from '../../../src/foundation/index.ts';
import {
  cryptoRandomBytes,
  generateEd25519,
  nodeVerifier,
  publicKeyFromPem,
  signerFromPem,
} from '../../../src/platform/index.ts';

describe('Ed25519', () => {
  test('signs and verifies the third test of RFC 8032 section 7.1', async () => {
    const seed = 'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7';
    const publicKey = 'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025';
    const signature =
      '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a';
    const pkcs8 = Buffer.from(`302e020100300506032b657004220420${seed}`, 'hex').toString('base64');
    const pem = `-----BEGIN PRIVATE KEY-----\n${pkcs8}\n-----END PRIVATE KEY-----\n`;
    const message = fromHex('af82');
    expect(toHex(publicKeyFromPem(pem))).toBe(publicKey);
    expect(toHex(await signerFromPem(pem)(message))).toBe(signature);
    expect(await nodeVerifier(fromHex(publicKey), message, fromHex(signature))).toBe(true);
  });

  test('a signature holds for its key and message alone, and anything malformed is false', async () => {
    const [mine, other] = await Promise.all([generateEd25519(), generateEd25519()]);
    const message = utf8('message');
    const signature = await signerFromPem(mine.privateKeyPem)(message);
    expect(await nodeVerifier(mine.publicKey, message, signature)).toBe(true);
    expect(await nodeVerifier(other.publicKey, message, signature)).toBe(false);
    expect(await nodeVerifier(mine.publicKey, utf8('massage'), signature)).toBe(false);
    for (const [key, bytes] of [
      [mine.publicKey, signature.subarray(1)],
      [mine.publicKey, new Uint8Array(64)],
      [mine.publicKey.subarray(1), signature],
      [new Uint8Array(32).fill(0xff), signature],
    ] as const) {
      expect(await nodeVerifier(key, message, bytes)).toBe(false);
    }
  });

  test('a text that is no Ed25519 key is refused without being quoted', () => {
    const rsa = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
      format: 'pem',
      type: 'pkcs8',
    });
    expect(() => signerFromPem(rsa.toString())).toThrow(/a key of type ec/);
    expect(() => signerFromPem('a secret')).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
    expect(() => signerFromPem('a secret')).not.toThrow(/a secret/);
  });
});

test('random bytes are fresh arrays of the asked length that share no pool', () => {
  const [a, b] = [cryptoRandomBytes(32), cryptoRandomBytes(32)];
  expect(a).toHaveLength(32);
  expect(a).not.toEqual(b);
  expect(a.constructor).toBe(Uint8Array);
  expect(a.buffer.byteLength).toBe(32);
  expect(cryptoRandomBytes(0)).toEqual(new Uint8Array());
  expect(cryptoRandomBytes(200_000)).toHaveLength(200_000);
});
