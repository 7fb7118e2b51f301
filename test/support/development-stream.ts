import type { StreamPayload } from '../../src/protocol/stream-document.ts';
import { SUITE } from '../../src/protocol/stream-document.ts';
import type { RingDocument } from '../../src/ring/index.ts';

/** A stream of one temperature field over all domains of the ring, with moments to degree 2. */
export function streamPayload(ring: RingDocument): StreamPayload {
  return {
    version: 1,
    suite: SUITE,
    name: 'temperatures',
    nonce: '000102030405060708090a0b0c0d0e0f',
    operatorKey: ring.operatorKey,
    fields: [{ name: 'x', unit: '°C', decimals: 1, offset: '0', min: '-50', max: '60' }],
    elements: [
      { kind: 'count' },
      { kind: 'moment', factors: [{ field: 'x', power: 1 }] },
      { kind: 'moment', factors: [{ field: 'x', power: 2 }] },
    ],
    domains: ring.domains.map(({ domain, key }) => ({ id: domain, key })),
    window: { kind: 'manual' },
    graceMs: 0,
    flagTimeoutMs: 30_000,
    minSensors: 1,
    minCommittedPercent: 90,
    maxReadings: 1_000_000,
    maxExcluded: 100,
    retentionMs: 7 * 86_400_000,
    countMode: 'single',
    seeds: false,
    publishesCells: false,
    publicData: true,
    enrolment: 'open',
    groups: [],
  };
}
