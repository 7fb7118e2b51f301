import { describe, expect, it } from 'vitest';
import { toBase64Url, toHex } from '../../../src/foundation/index.ts';
import { limits, openRosterBatch, sensorIdOf, signRosterBatch } from '../../../src/protocol/index.ts';
import { DOCUMENT_CHARS_MAX, signCompact } from '../../../src/ring/index.ts';
import { expectCode } from '../../support/bad-input.ts';
import { fixedKey, testVerifier } from '../../support/development-ring.ts';
import { createTestAuthority, createTestSensor } from '../../support/enrolment.ts';

const open = (jws: string) => openRosterBatch(jws, testVerifier);

describe('a batch of enrolments', () => {
  it('names its sensors by their keys', async () => {
    const [first, second] = [createTestSensor(), createTestSensor()];
    const batch = await open(await createTestAuthority().next({ enrol: [first], revoke: [second.id] }));
    expect(batch.sequence).toBe(1);
    expect(batch.streams).toBe(null);
    expect(batch.enrolled.map(({ sensor }) => toHex(sensor))).toEqual([toHex(sensorIdOf(first.publicKey))]);
    expect(batch.enrolled[0]?.publicKey).toEqual(first.publicKey);
    expect(batch.revoked.map(toHex)).toEqual([toHex(second.id)]);
  });

  it('is refused under another signature than that of the authority it names', async () => {
    const authority = createTestAuthority();
    const stranger = fixedKey('stranger');
    const payload = { format: 1, authority: authority.publicKey, sequence: 1, previous: null, streams: null };
    const forged = signRosterBatch(
      { ...payload, format: 1, enrol: [toBase64Url(createTestSensor().publicKey)], revoke: [] },
      stranger.signer,
    );
    await expectCode(open(await forged), 'SIGNATURE_INVALID');
  });

  it('is refused as a document of another type', async () => {
    const { publicKey, signer } = createTestAuthority();
    const payload = {
      format: 1,
      authority: publicKey,
      sequence: 1,
      previous: null,
      streams: null,
      enrol: [],
      revoke: ['0'.repeat(32)],
    };
    await expectCode(open(await signCompact('mcloud-stream+jws', payload, signer)), 'SCHEMA_MISMATCH');
  });

  it.each([
    ['an empty batch', {}, 'ROSTER_REFUSED'],
    [
      'a first batch that follows another',
      { previous: 'a'.repeat(64), revoke: ['0'.repeat(32)] },
      'ROSTER_REFUSED',
    ],
    [
      'a later batch that follows none',
      { sequence: 2, previous: null, revoke: ['0'.repeat(32)] },
      'ROSTER_REFUSED',
    ],
    ['number 0', { sequence: 0, revoke: ['0'.repeat(32)] }, 'SCHEMA_MISMATCH'],
    ['an unknown field', { revoke: ['0'.repeat(32)], until: 1 }, 'SCHEMA_MISMATCH'],
    ['another format', { format: 2, revoke: ['0'.repeat(32)] }, 'UNSUPPORTED_VERSION'],
    ['a compressed key', { enrol: [`A${'A'.repeat(43)}`] }, 'SCHEMA_MISMATCH'],
    ['a key with a second spelling', { enrol: [`B${'A'.repeat(85)}B`] }, 'MALFORMED_TEXT'],
    ['no stream at all', { streams: [], revoke: ['0'.repeat(32)] }, 'SCHEMA_MISMATCH'],
  ] as const)('is refused with %s', async (_, change, code) => {
    await expectCode(open(await createTestAuthority().sign(change as object)), code);
  });

  it('fits a document at its largest', async () => {
    const jws = await createTestAuthority().sign({
      enrol: Array.from({ length: limits.ROSTER_CHANGES_MAX }, () => `B${'A'.repeat(86)}`),
      revoke: Array.from({ length: limits.ROSTER_CHANGES_MAX }, () => '0'.repeat(32)),
      streams: Array.from({ length: limits.ROSTER_STREAMS_MAX }, () => '0'.repeat(64)),
    });
    expect(jws.length).toBeLessThan(DOCUMENT_CHARS_MAX);
    expect((await open(jws)).enrolled.length).toBe(limits.ROSTER_CHANGES_MAX);
  });
});
