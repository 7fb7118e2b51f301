import { describe, expect, it } from 'vitest';
import { openRetirement, signRetirement } from '../../../src/protocol/stream-retirement.ts';
import { signCompact, streamHash } from '../../../src/ring/index.ts';
import { fixedKey, testVerifier } from '../../support/development-ring.ts';

const operator = fixedKey('operator');
const stream = streamHash('ab'.repeat(32));
const open = (jws: string, key = operator.publicKey) => openRetirement(jws, testVerifier, key);

describe('the retirement of a stream', () => {
  it('names the stream, and is the same document whenever it is signed', async () => {
    const jws = await signRetirement(stream, operator.signer);
    expect(await open(jws)).toEqual({ stream, jws });
    expect(await signRetirement(stream, operator.signer)).toBe(jws);
  });

  it('is believed under the operator\u2019s key only', async () => {
    const jws = await signRetirement(stream, fixedKey('domain a').signer);
    await expect(open(jws)).rejects.toMatchObject({ code: 'SIGNATURE_INVALID' });
  });

  it('is a kind of document of its own, without anything beside the stream', async () => {
    const payload = { format: 1, stream };
    const other = await signCompact('mcloud-stream+jws', payload, operator.signer);
    await expect(open(other)).rejects.toMatchObject({ code: 'SCHEMA_MISMATCH' });
    const more = await signCompact('mcloud-retire+jws', { ...payload, until: 5 }, operator.signer);
    await expect(open(more)).rejects.toMatchObject({ code: 'SCHEMA_MISMATCH' });
    const later = await signCompact('mcloud-retire+jws', { ...payload, format: 2 }, operator.signer);
    await expect(open(later)).rejects.toMatchObject({ code: 'UNSUPPORTED_VERSION' });
  });
});
