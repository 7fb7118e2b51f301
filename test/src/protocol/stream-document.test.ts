import { beforeAll, describe, expect, it } from 'vitest';
import type { StreamPayload } from '../../../src/protocol/stream-document.ts';
import { openStreamDocument, shareIndex, signStream } from '../../../src/protocol/stream-document.ts';
import type { RingDocument } from '../../../src/ring/index.ts';
import { documentHash, domainId, signCompact } from '../../../src/ring/index.ts';
import { developmentRing, fixedKey, testVerifier } from '../../support/development-ring.ts';
import { streamPayload } from '../../support/development-stream.ts';

let ring: RingDocument;
let payload: StreamPayload;

beforeAll(async () => {
  ring = await developmentRing({ nodes: [2, 2, 2] });
  payload = streamPayload(ring);
});

async function openWith(change: object) {
  const jws = await signCompact('mcloud-stream+jws', { ...payload, ...change }, fixedKey('operator').signer);
  return openStreamDocument(jws, testVerifier, ring);
}

const field = { name: 'x', unit: '°C', decimals: 1, offset: '0', min: '-50', max: '60' };
const x = (power: number) => ({ kind: 'moment', factors: [{ field: 'x', power }] });

describe('a stream document', () => {
  it('opens to its terms and the hash of its signed bytes', async () => {
    const jws = await signStream(payload, fixedKey('operator').signer);
    const stream = await openStreamDocument(jws, testVerifier, ring);
    const { hash, jws: kept, ...terms } = stream;
    expect(terms).toEqual(payload);
    expect(kept).toBe(jws);
    expect(hash).toBe(documentHash(jws));
    expect(shareIndex(stream, domainId('b'))).toBe(1);
    expect(shareIndex(stream, domainId('d'))).toBeUndefined();
  });

  it('keeps the order of its domains, which is the order of the shares', async () => {
    const stream = await openWith({ domains: [payload.domains[2], payload.domains[0]] });
    expect(stream.domains.map(({ id }) => id)).toEqual(['c', 'a']);
    expect(shareIndex(stream, domainId('a'))).toBe(1);
  });

  it('takes several fields with cross moments, cells and windows of a fixed length', async () => {
    const y = { ...field, name: 'y', unit: '' };
    const stream = await openWith({
      fields: [field, y],
      elements: [
        { kind: 'count' },
        x(1),
        {
          kind: 'moment',
          factors: [
            { field: 'x', power: 1 },
            { field: 'y', power: 1 },
          ],
        },
        { kind: 'cell', field: 'y', from: '-50', to: '0' },
        { kind: 'cell', field: 'y', from: '0', to: '60.1' },
      ],
      publishesCells: true,
      window: { kind: 'fixed', durationMs: 3_600_000 },
    });
    expect(stream.elements).toHaveLength(5);
  });

  it('signed by anyone but the ring’s operator is refused', async () => {
    for (const name of ['somebody else', 'domain a']) {
      const jws = await signStream(payload, fixedKey(name).signer);
      await expect(openStreamDocument(jws, testVerifier, ring)).rejects.toMatchObject({
        code: 'SIGNATURE_INVALID',
      });
    }
  });

  it('cannot be a ring document', async () => {
    await expect(openStreamDocument(ring.jws, testVerifier, ring)).rejects.toMatchObject({
      code: 'SCHEMA_MISMATCH',
    });
  });

  it('is refused under a ring document that is not for development', async () => {
    const real = await developmentRing({ nodes: [2, 2, 2], development: false });
    const jws = await signStream(payload, fixedKey('operator').signer);
    await expect(openStreamDocument(jws, testVerifier, real)).rejects.toMatchObject({
      code: 'STREAM_REFUSED',
      message: expect.stringContaining('development'),
    });
  });

  it.each<[string, object, RegExp]>([
    ['an unknown field', { note: 'x' }, /at \/note: no such field; got "x"/],
    ['a missing field', { seeds: undefined }, /the field seeds; got none/],
    ['another suite', { suite: 'field64' }, /\/suite: "field128-additive-1"; got "field64"/],
    ['a short nonce', { nonce: 'ab' }, /\/nonce/],
    ['a name with a line break', { name: 'a\nb' }, /\/name/],
    [
      'a field name that moves the cursor',
      { fields: [{ ...field, name: 'x\u001b[2J' }] },
      /\/fields\/0\/name/,
    ],
    ['a bound with an exponent', { fields: [{ ...field, max: '6e1' }] }, /\/fields\/0\/max/],
    [
      'a bound that is a number',
      { fields: [{ ...field, max: 60 }] },
      /\/fields\/0\/max: type string; got 60/,
    ],
    [
      'an unknown field of a field',
      { fields: [{ ...field, mean: '1' }] },
      /\/fields\/0\/mean: no such field/,
    ],
    [
      'an unknown element kind',
      { elements: [{ kind: 'median' }] },
      /\/elements\/0\/kind: "count" or "moment" or "cell"; got "median"/,
    ],
    [
      'an unknown field of a moment',
      { elements: [{ ...x(1), weight: 1 }] },
      /\/elements\/0\/weight: no such field/,
    ],
    ['a power of 0', { elements: [x(0)] }, /\/elements\/0\/factors\/0\/power: must be >= 1; got 0/],
    [
      'an unknown window kind',
      { window: { kind: 'daily' } },
      /\/window\/kind: "manual" or "fixed"; got "daily"/,
    ],
    ['a fixed window without length', { window: { kind: 'fixed' } }, /\/window: the field durationMs/],
    ['a length of a manual window', { window: { kind: 'manual', durationMs: 1 } }, /\/window\/durationMs/],
    ['a fraction of milliseconds', { graceMs: 0.5 }, /\/graceMs: type integer; got 0.5/],
    ['a negative timeout', { flagTimeoutMs: -1 }, /\/flagTimeoutMs/],
    ['an unknown count mode', { countMode: 'many' }, /\/countMode/],
  ])('with %s does not fit its schema', async (_, change, message) => {
    await expect(openWith(change)).rejects.toMatchObject({
      code: 'SCHEMA_MISMATCH',
      message: expect.stringMatching(message),
    });
  });

  it('of a later version is called that, whatever else it has', async () => {
    await expect(openWith({ version: 2, extra: true })).rejects.toMatchObject({
      code: 'UNSUPPORTED_VERSION',
    });
  });

  it.each<[string, object, RegExp]>([
    [
      'one domain',
      { domains: [{ id: 'a', key: fixedKey('domain a').publicKey }] },
      /number of domains from 2 to 16, got 1/,
    ],
    [
      'a domain twice',
      { domains: Array(2).fill({ id: 'a', key: fixedKey('domain a').publicKey }) },
      /domain once, got a twice/,
    ],
    [
      'a domain outside the ring',
      {
        domains: [
          { id: 'a', key: fixedKey('domain a').publicKey },
          { id: 'd', key: fixedKey('domain d').publicKey },
        ],
      },
      /domains of the ring \(a, b, c\), got d/,
    ],
    [
      'another key for a domain',
      {
        domains: [
          { id: 'a', key: fixedKey('domain a').publicKey },
          { id: 'b', key: fixedKey('other').publicKey },
        ],
      },
      /for domain b its key/,
    ],
    ['another operator', { operatorKey: fixedKey('other').publicKey }, /operator key of the ring/],
    [
      'a first element that is not the count',
      { elements: [x(1), { kind: 'count' }] },
      /count as the first element/,
    ],
    ['a reserved check', { elements: [{ kind: 'count' }, { kind: 'check' }] }, /reserved kind check/],
    [
      'a reserved proof',
      { elements: [{ kind: 'count' }, { kind: 'proof', bits: 9 }] },
      /reserved kind proof/,
    ],
    [
      'an element of an unknown field',
      { elements: [{ kind: 'count' }, { kind: 'moment', factors: [{ field: 'y', power: 1 }] }] },
      /unknown field y/,
    ],
    ['an element twice', { elements: [{ kind: 'count' }, x(1), x(1)] }, /declared twice/],
    ['a field twice', { fields: [field, field] }, /field x is declared twice/],
    ['min above max', { fields: [{ ...field, min: '61' }] }, /min to be at most max/],
    ['a bound between two steps', { fields: [{ ...field, max: '60.05' }] }, /at most 1 decimal/],
    ['an offset between two steps', { fields: [{ ...field, offset: '0.05' }] }, /offset .*at most 1 decimal/],
    [
      'unannounced cells',
      { elements: [{ kind: 'count' }, { kind: 'cell', field: 'x', from: '-50', to: '61' }] },
      /publishesCells true/,
    ],
    ['announced cells that are not there', { publishesCells: true }, /publishesCells false/],
    ['no minimum of sensors', { minSensors: 0 }, /minSensors from 1 to .*, got 0/],
    [
      'a minimum of sensors above its readings',
      { minSensors: 11, maxReadings: 10, maxExcluded: 1 },
      /minSensors up to maxReadings 10, got 11/,
    ],
    ['more than all committed', { minCommittedPercent: 101 }, /minCommittedPercent from 1 to 100, got 101/],
    [
      'more exclusions than readings',
      { maxReadings: 10, maxExcluded: 11 },
      /maxExcluded from 0 to 10, got 11/,
    ],
    ['retention beyond 90 days', { retentionMs: 91 * 86_400_000 }, /retentionMs from 1 to 7776000000/],
    [
      'a window of a millisecond',
      { window: { kind: 'fixed', durationMs: 1 } },
      /window.durationMs from 1000/,
    ],
    ['the same group twice', { groups: ['one', 'two', 'one'] }, /every group once, got one twice/],
    [
      'more groups than one register each can bear',
      { groups: Array.from({ length: 257 }, (_, i) => `g${i}`) },
      /number of groups from 0 to 256, got 257/,
    ],
    [
      'more fixed windows than nodes keep until they are erased',
      { window: { kind: 'fixed', durationMs: 60_000 }, groups: ['one', 'two'], retentionMs: 7 * 86_400_000 },
      /at most 16384 windows and groups at a time, got 20164 /,
    ],
    [
      'fixed windows that would be erased before they are sealed',
      { window: { kind: 'fixed', durationMs: 60_000 }, graceMs: 5_000, retentionMs: 5_000 },
      /retentionMs above graceMs 5000, got 5000/,
    ],
    [
      'private data of so few sensors that the sums tell the readings',
      { publicData: false, minSensors: 6 },
      /minSensors from 7 on, got minSensors 6: the sums would leave less than 20 bits/,
    ],
    [
      'private yes or no, whose sum is its multiset at any number',
      { publicData: false, minSensors: 1_000, fields: [{ ...field, decimals: 0, min: '0', max: '1' }] },
      /sums that leave readings open, got minSensors 1000/,
    ],
  ])('with %s is refused by name', async (_, change, message) => {
    await expect(openWith(change)).rejects.toMatchObject({
      code: 'STREAM_REFUSED',
      message: expect.stringMatching(message),
    });
  });

  it('whose sums could exceed half the field is refused with the numbers', async () => {
    const wide = { ...field, decimals: 18, min: '-1000000', max: '1000000' };
    await expect(openWith({ fields: [wide] })).rejects.toMatchObject({ code: 'CAPACITY_EXCEEDED' });
  });
});
