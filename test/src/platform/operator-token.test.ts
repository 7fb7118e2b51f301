import { describe, expect, it } from 'vitest';
import {
  generateEd25519,
  mintOperatorToken,
  nodeVerifier,
  signerFromPem,
  verifyOperatorToken,
} from '../../../src/platform/index.ts';
import { signCompact, verifyCompact } from '../../../src/ring/index.ts';

const NOW = 1_800_000_000_000;

async function operator() {
  const { privateKeyPem, publicKey } = await generateEd25519();
  const token = await mintOperatorToken({
    privateKeyPem,
    domain: 'cloud-a',
    subject: 'operator',
    scopes: ['compute', 'seal'],
    nowMs: NOW,
  });
  return { privateKeyPem, publicKey, token };
}

describe('operator tokens', () => {
  it('tell the domain they name who asks and for what', async () => {
    const { publicKey, token } = await operator();
    const claims = await verifyOperatorToken(token, {
      operatorKey: publicKey,
      domain: 'cloud-a',
      nowMs: NOW,
    });
    expect(claims).toEqual({ subject: 'operator', scopes: ['compute', 'seal'] });
  });

  it('are refused by another domain, after fifteen minutes, and under another key', async () => {
    const { publicKey, token } = await operator();
    const other = await operator();
    const refused = { code: 'UNAUTHENTICATED' };
    const expected = { operatorKey: publicKey, domain: 'cloud-a', nowMs: NOW };
    await expect(verifyOperatorToken(token, { ...expected, domain: 'cloud-b' })).rejects.toMatchObject(
      refused,
    );
    await expect(verifyOperatorToken(token, { ...expected, nowMs: NOW + 906_000 })).rejects.toMatchObject(
      refused,
    );
    await expect(
      verifyOperatorToken(token, { ...expected, operatorKey: other.publicKey }),
    ).rejects.toMatchObject(refused);
  });

  it('name the clock of the node that refuses them for their time, and else do not', async () => {
    const { publicKey, token } = await operator();
    const refusal = async (change: object) => {
      const expected = { operatorKey: publicKey, domain: 'cloud-a', nowMs: NOW, ...change };
      return String(await verifyOperatorToken(token, expected).catch((error: unknown) => error));
    };
    expect(await refusal({ nowMs: NOW + 3 * 3_600_000 })).toContain(
      'ERR_JWT_EXPIRED, and by the clock of this node it is 2027-01-15T11:00:00.000Z',
    );
    expect(await refusal({ nowMs: NOW - 3_600_000 })).toContain('it is 2027-01-15T07:00:00.000Z');
    expect(await refusal({ domain: 'cloud-b' })).not.toContain('clock');
  });

  it('never pass for a document of the same key, nor a document for a token', async () => {
    const { privateKeyPem, publicKey, token } = await operator();
    const payload = {
      aud: 'cloud-a',
      sub: 'operator',
      iat: NOW / 1_000,
      exp: NOW / 1_000 + 60,
      scope: 'compute',
    };
    const document = await signCompact('mcloud-stream+jws', payload, signerFromPem(privateKeyPem));
    await expect(
      verifyOperatorToken(document, { operatorKey: publicKey, domain: 'cloud-a', nowMs: NOW }),
    ).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    await expect(verifyCompact('mcloud-stream+jws', token, publicKey, nodeVerifier)).rejects.toMatchObject({
      code: 'SCHEMA_MISMATCH',
    });
  });
});
