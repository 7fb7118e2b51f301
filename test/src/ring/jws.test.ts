import { describe, expect, it } from 'vitest';
import { fromBase64Url, toBase64Url, utf8 } from '../../../src/foundation/index.ts';
import { documentHash, readCompact, signCompact, verifyCompact } from '../../../src/ring/index.ts';
import { fixedKey, fixedPublicKey, testVerifier } from '../../support/development-ring.ts';
import { fc, test } from '../../support/property.ts';

const key = fixedKey('operator');
const publicKey = fixedPublicKey('operator');
const type = 'mcloud-ring+jws';

function signPayload(payload: object): Promise<string> {
  return signCompact(type, payload, key.signer);
}

function verifyRing(jws: string) {
  return verifyCompact(type, jws, publicKey, testVerifier);
}

/** A document whose segments somebody wrote by hand and signed with the right key. */
async function handmade(header: string, payload: string): Promise<string> {
  const signed = `${toBase64Url(utf8(header))}.${toBase64Url(utf8(payload))}`;
  return `${signed}.${toBase64Url(await key.signer(utf8(signed)))}`;
}

const header = '{"alg":"EdDSA","typ":"mcloud-ring+jws"}';

describe('a compact document', () => {
  it('comes back as it was signed', async () => {
    const jws = await signPayload({ b: [1, 'zwei'], a: null });
    expect((await verifyRing(jws)).payload).toEqual({ b: [1, 'zwei'], a: null });
    expect(readCompact(type, jws).payload).toEqual({ b: [1, 'zwei'], a: null });
  });

  test.prop([fc.json().map((text) => ({ value: JSON.parse(text) as unknown }))], { numRuns: 50 })(
    'is the same text for the same payload and key',
    async (payload) => {
      expect(await signPayload(payload)).toBe(await signPayload(payload));
    },
  );

  it.each([
    ['alg none', '{"alg":"none","typ":"mcloud-ring+jws"}'],
    ['a symmetric algorithm', '{"alg":"HS256","typ":"mcloud-ring+jws"}'],
    ['another document type', '{"alg":"EdDSA","typ":"mcloud-stream+jws"}'],
    ['reordered fields', '{"typ":"mcloud-ring+jws","alg":"EdDSA"}'],
    ['an own key', '{"alg":"EdDSA","typ":"mcloud-ring+jws","jwk":{}}'],
    ['a critical extension', '{"alg":"EdDSA","typ":"mcloud-ring+jws","crit":["b64"],"b64":false}'],
    ['a space', '{"alg":"EdDSA", "typ":"mcloud-ring+jws"}'],
    ['no fields', '{}'],
  ])('with %s in its header is refused even when correctly signed', async (_, text) => {
    await expect(handmade(text, '{"a":1}').then(verifyRing)).rejects.toMatchObject({
      code: 'SCHEMA_MISMATCH',
      message: expect.stringContaining('expected the document header'),
    });
  });

  it.each([
    ['a space', '{"a": 1}', 'MALFORMED_TEXT'],
    ['a key twice', '{"a":1,"a":2}', 'MALFORMED_TEXT'],
    ['a number in long form', '{"a":1.0}', 'MALFORMED_TEXT'],
    ['text that is not JSON', '{a:1}', 'MALFORMED_TEXT'],
    ['a list', '[]', 'MALFORMED_TEXT'],
    ['null', 'null', 'MALFORMED_TEXT'],
    ['nothing', '', 'MALFORMED_TEXT'],
  ])('with %s as payload is refused even when correctly signed', async (_, text, code) => {
    await expect(handmade(header, text).then(verifyRing)).rejects.toMatchObject({ code });
  });

  it('with invalid UTF-8 as payload is refused even when correctly signed', async () => {
    const signed = `${toBase64Url(utf8(header))}.${toBase64Url(Uint8Array.of(0x7b, 0xff, 0x7d))}`;
    const jws = `${signed}.${toBase64Url(await key.signer(utf8(signed)))}`;
    await expect(verifyRing(jws)).rejects.toMatchObject({ code: 'MALFORMED_TEXT' });
  });

  it('signed by another key is refused', async () => {
    const jws = await signCompact(type, { a: 1 }, fixedKey('somebody else').signer);
    await expect(verifyRing(jws)).rejects.toMatchObject({ code: 'SIGNATURE_INVALID' });
  });

  it('with its payload in another order is refused', async () => {
    const [head, , signature] = (await signPayload({ a: 1, b: 2 })).split('.');
    const jws = `${head}.${toBase64Url(utf8('{"b":2,"a":1}'))}.${signature}`;
    await expect(verifyRing(jws)).rejects.toMatchObject({ code: 'SIGNATURE_INVALID' });
  });

  it('with a signature of another length is refused before it is verified', async () => {
    const [head, body, signature] = (await signPayload({ a: 1 })).split('.');
    const short = toBase64Url(fromBase64Url(signature!).subarray(0, 63));
    await expect(verifyRing(`${head}.${body}.${short}`)).rejects.toMatchObject({
      code: 'SIGNATURE_INVALID',
    });
  });

  it.each(['', '.', 'a.b', 'a.b.c.d'])('of the form %j is refused', async (text) => {
    await expect(verifyRing(text)).rejects.toMatchObject({ code: expect.stringMatching(/MALFORMED|SCHEMA/) });
  });

  it('that is too long is refused before it is parsed', async () => {
    await expect(verifyRing('x'.repeat(1_000_001))).rejects.toMatchObject({ code: 'BODY_TOO_LARGE' });
  });

  const sample = signPayload({ epoch: 1, name: 'sample' });
  test.prop([fc.nat(), fc.integer({ min: 0x20, max: 0x7e })], { numRuns: 400 })(
    'with any character replaced is refused with a typed error',
    async (at, code) => {
      const jws = await sample;
      const index = at % jws.length;
      const changed = jws.slice(0, index) + String.fromCharCode(code) + jws.slice(index + 1);
      if (changed === jws) return;
      await expect(verifyRing(changed)).rejects.toMatchObject({
        code: expect.stringMatching(/^(SIGNATURE_INVALID|MALFORMED_TEXT|SCHEMA_MISMATCH)$/),
      });
    },
  );

  it('has a hash over its exact characters', async () => {
    const jws = await signPayload({ a: 1 });
    expect(documentHash(jws)).toMatch(/^[0-9a-f]{64}$/);
    expect(documentHash(`${jws} `)).not.toBe(documentHash(jws));
  });
});
