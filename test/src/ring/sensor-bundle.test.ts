import { beforeAll, describe, expect, it } from 'vitest';
import type { SensorBundle } from '../../../src/ring/index.ts';
import { openSensorBundle, readSensorBundle } from '../../../src/ring/index.ts';
import { fixedKey, ringJws, testVerifier } from '../../support/development-ring.ts';

let bundle: SensorBundle;

beforeAll(async () => {
  bundle = {
    format: 1,
    ring: await ringJws({ nodes: [1, 1] }),
    operatorKey: fixedKey('operator').publicKey,
    domainKeys: { a: fixedKey('domain a').publicKey, b: fixedKey('domain b').publicKey },
    development: true,
  };
});

describe('a sensor bundle', () => {
  it('comes back from its file in any layout and opens to the ring document', async () => {
    expect(readSensorBundle(JSON.stringify(bundle, null, 4))).toEqual(bundle);
    expect((await openSensorBundle(bundle, testVerifier)).jws).toBe(bundle.ring);
  });

  it.each<[string, (bundle: SensorBundle) => string, string]>([
    ['is not JSON', () => '{', 'MALFORMED_TEXT'],
    ['is not an object', () => '[]', 'MALFORMED_TEXT'],
    ['has an unknown field', (good) => JSON.stringify({ ...good, insecure: true }), 'SCHEMA_MISMATCH'],
    [
      'names a domain in another form',
      (good) => JSON.stringify({ ...good, domainKeys: { A: good.operatorKey } }),
      'SCHEMA_MISMATCH',
    ],
    [
      'has a key of another length',
      (good) => JSON.stringify({ ...good, operatorKey: 'AA' }),
      'SCHEMA_MISMATCH',
    ],
    ['is of a later format', (good) => JSON.stringify({ ...good, format: 2 }), 'UNSUPPORTED_VERSION'],
  ])('that %s is refused', (_, spoil, code) => {
    expect(() => readSensorBundle(spoil(bundle))).toThrow(expect.objectContaining({ code }));
  });

  it('that calls a development ring private is refused', async () => {
    await expect(openSensorBundle({ ...bundle, development: false }, testVerifier)).rejects.toMatchObject({
      code: 'RING_REFUSED',
      message: expect.stringContaining('development'),
    });
  });
});
