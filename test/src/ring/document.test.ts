import { beforeAll, describe, expect, it } from 'vitest';
import { fromBase64Url, fromUtf8, toBase64Url, utf8 } from '../../../src/foundation/index.ts';
import type { RingPayload, SectionPayload } from '../../../src/ring/index.ts';
import {
  documentHash,
  domainId,
  epoch,
  nodeId,
  openRingDocument,
  signCompact,
  signRingDocument,
  signSection,
} from '../../../src/ring/index.ts';
import {
  fixedKey,
  ringJws,
  ringPayload,
  sectionPayload,
  signFixedRing,
  signFixedSection,
  testVerifier,
} from '../../support/development-ring.ts';

const a = domainId('a');
const b = domainId('b');
let sectionB: string;

beforeAll(async () => {
  sectionB = await signFixedSection(sectionPayload(b, 2));
});

function open(jws: string, trust = {}) {
  return openRingDocument(jws, testVerifier, trust);
}

/** A two-domain ring whose first section is changed before it is signed with the right key. */
async function withSection(change: object, before: object = {}): Promise<string> {
  const payload = { ...sectionPayload(a, 2), ...change, ...before };
  const section = await signCompact(
    'mcloud-domain+jws',
    { format: 1, ...payload },
    fixedKey('domain a').signer,
  );
  return signFixedRing(ringPayload([section, sectionB]));
}

async function withRing(change: object): Promise<string> {
  const section = await signFixedSection(sectionPayload(a, 2));
  const payload = { format: 1, ...ringPayload([section, sectionB]), ...change };
  return signCompact('mcloud-ring+jws', payload, fixedKey('operator').signer);
}

function changedNode(index: number, change: object): Pick<SectionPayload, 'nodes'> {
  const { nodes } = sectionPayload(a, 2);
  return { nodes: nodes.map((node, i) => (i === index ? { ...node, ...change } : node)) };
}

describe('a ring document', () => {
  it('opens to the operator’s terms and the domains’ own sections, in order', async () => {
    const jws = await ringJws({ nodes: [2, 1, 3], replicas: 2, acceptors: 3 });
    const ring = await open(jws);
    expect(ring).toMatchObject({
      epoch: 1,
      previous: null,
      acceptors: 3,
      placementFrom: 0,
      placementEpoch: 1,
      development: true,
    });
    expect(ring.hash).toBe(documentHash(jws));
    expect(ring.domains.map(({ domain, replicas }) => [domain, replicas])).toEqual([
      ['a', 2],
      ['b', 1],
      ['c', 2],
    ]);
    expect(ring.domains[0]?.nodes[1]).toMatchObject({ id: 'a2', peerUrl: 'https://a2.example:7002' });
  });

  it('opens under the pinned keys it has', async () => {
    const jws = await ringJws({ nodes: [1, 1] });
    const domainKeys = { a: fixedKey('domain a').publicKey, b: fixedKey('domain b').publicKey };
    await open(jws, { operatorKey: fixedKey('operator').publicKey, domainKeys });
  });

  it.each([
    ['another operator key', { operatorKey: fixedKey('other').publicKey }, /operator key/],
    [
      'another key of a domain',
      { domainKeys: { a: fixedKey('domain a').publicKey, b: fixedKey('other').publicKey } },
      /pinned key/,
    ],
    [
      'no key of a domain',
      { domainKeys: { a: fixedKey('domain a').publicKey } },
      /only pinned domains, got b/,
    ],
  ])('is refused where the reader pins %s', async (_, trust, message) => {
    await expect(open(await ringJws({ nodes: [1, 1] }), trust)).rejects.toMatchObject({
      code: 'RING_REFUSED',
      message: expect.stringMatching(message),
    });
  });

  it('signed by another key than the operator it names is refused', async () => {
    const payload = ringPayload([await signFixedSection(sectionPayload(a, 2)), sectionB]);
    const jws = await signRingDocument(payload, fixedKey('other').signer);
    await expect(open(jws)).rejects.toMatchObject({ code: 'SIGNATURE_INVALID' });
  });

  it('with a section signed by another key than the domain’s is refused', async () => {
    const forged = await signSection(sectionPayload(a, 2), fixedKey('operator').signer);
    const jws = await signFixedRing(ringPayload([forged, sectionB]));
    await expect(open(jws)).rejects.toMatchObject({ code: 'SIGNATURE_INVALID' });
  });

  it('with a section that the operator edited is refused', async () => {
    const [head, body, signature] = (await signFixedSection(sectionPayload(a, 2))).split('.');
    const edited = fromUtf8(fromBase64Url(body!)).replace('a1.example', 'evil.example');
    const section = `${head}.${toBase64Url(utf8(edited))}.${signature}`;
    await expect(open(await signFixedRing(ringPayload([section, sectionB])))).rejects.toMatchObject({
      code: 'SIGNATURE_INVALID',
    });
  });

  it('with a section taken from another ring is refused by whoever pinned the domain’s key', async () => {
    const stranger = fixedKey('domain a of another ring');
    const section = await signSection({ ...sectionPayload(a, 2), key: stranger.publicKey }, stranger.signer);
    const jws = await signFixedRing(ringPayload([section, sectionB]));
    const domainKeys = { a: fixedKey('domain a').publicKey, b: fixedKey('domain b').publicKey };
    await expect(open(jws, { domainKeys })).rejects.toMatchObject({ code: 'RING_REFUSED' });
  });

  it('cannot stand in for a section, nor a section for a ring document', async () => {
    const ring = await ringJws({ nodes: [1, 1] });
    await expect(open(sectionB)).rejects.toMatchObject({ code: 'SCHEMA_MISMATCH' });
    await expect(open(await signFixedRing(ringPayload([ring, sectionB])))).rejects.toMatchObject({
      code: 'SCHEMA_MISMATCH',
    });
  });

  it.each<[string, object, string, RegExp]>([
    [
      'an unknown field',
      { tokens: [] },
      'SCHEMA_MISMATCH',
      /ring document at \/tokens: no such field; got a list of 0/,
    ],
    ['a missing field', { acceptors: undefined }, 'SCHEMA_MISMATCH', /at \/: the field acceptors; got none/],
    [
      'two missing fields',
      { acceptors: undefined, development: undefined },
      'SCHEMA_MISMATCH',
      /at \/: the fields acceptors, development; got none/,
    ],
    ['two acceptors', { acceptors: 2 }, 'SCHEMA_MISMATCH', /at \/acceptors: 1 or 3; got 2/],
    ['a text as epoch', { epoch: '1' }, 'SCHEMA_MISMATCH', /at \/epoch: type integer; got "1"/],
    ['epoch 0', { epoch: 0 }, 'SCHEMA_MISMATCH', /at \/epoch: must be >= 1; got 0/],
    ['a newer format', { format: 2, more: 1 }, 'UNSUPPORTED_VERSION', /of format 1, got 2/],
    ['one domain', { sections: ['x'] }, 'SCHEMA_MISMATCH', /at \/sections: .*; got a list of 1/],
    ['a previous document in epoch 1', { previous: '0'.repeat(64) }, 'RING_REFUSED', /previous document/],
    ['no previous document in epoch 2', { epoch: 2 }, 'RING_REFUSED', /previous document/],
  ])('with %s is refused', async (_, change, code, message) => {
    await expect(withRing(change).then(open)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
  });

  it.each<[string, object, string, RegExp]>([
    [
      'an unknown field',
      { weight: 3 },
      'SCHEMA_MISMATCH',
      /domain section at \/weight: no such field; got 3/,
    ],
    ['a version of 0', { version: 0 }, 'SCHEMA_MISMATCH', /\/version/],
    ['no nodes', { nodes: [] }, 'SCHEMA_MISMATCH', /\/nodes/],
    ['more replicas than nodes', { replicas: 3 }, 'RING_REFUSED', /3 replicas for 2 nodes/],
    ['two certificates', { certificateAuthority: 'x' }, 'SCHEMA_MISMATCH', /\/certificateAuthority/],
    ['a number as sealing key', { sealingKey: 1 }, 'SCHEMA_MISMATCH', /type string; got 1/],
    ['a sealing key in short form', { sealingKey: `A${'A'.repeat(43)}` }, 'SCHEMA_MISMATCH', /\/sealingKey/],
    ['a node over http', changedNode(0, { url: 'http://a1.example' }), 'RING_REFUSED', /https origin/],
    ['a path in an address', changedNode(0, { peerUrl: 'https://a1.example/x' }), 'RING_REFUSED', /peerUrl/],
    [
      'a second spelling of an address',
      changedNode(0, { url: 'https://A1.example' }),
      'RING_REFUSED',
      /origin/,
    ],
    ['a node id of another form', changedNode(1, { id: 'A2' }), 'SCHEMA_MISMATCH', /\/nodes\/1\/id/],
    ['an unknown field of a node', changedNode(1, { tokens: [] }), 'SCHEMA_MISMATCH', /\/nodes\/1\/tokens/],
    ['a node of another domain', changedNode(1, { id: nodeId('b1') }), 'RING_REFUSED', /node id once.*b1/],
    ['one node twice', changedNode(1, { id: nodeId('a1') }), 'RING_REFUSED', /node id once.*a1/],
    [
      'an address twice',
      changedNode(1, { url: 'https://b1.example:7002' }),
      'RING_REFUSED',
      /node address once/,
    ],
    [
      'a store of another node',
      changedNode(1, { storeId: sectionPayload(b, 2).nodes[0]?.storeId }),
      'RING_REFUSED',
      /store id once/,
    ],
    [
      'a lost store of another domain',
      { lostStores: [sectionPayload(b, 2).nodes[0]?.storeId] },
      'RING_REFUSED',
      /store id once/,
    ],
    [
      'the authority of another domain',
      { certificateAuthority: sectionPayload(b, 1).certificateAuthority },
      'RING_REFUSED',
      /certificate authority once/,
    ],
  ])('with a section with %s is refused', async (_, change, code, message) => {
    await expect(withSection(change).then(open)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
  });

  it('with one key for two domains is refused', async () => {
    const section = await signSection(
      { ...sectionPayload(a, 1), key: fixedKey('domain b').publicKey },
      fixedKey('domain b').signer,
    );
    const payload: RingPayload = ringPayload([section, sectionB]);
    await expect(signFixedRing(payload).then(open)).rejects.toMatchObject({
      code: 'RING_REFUSED',
      message: expect.stringContaining('signing key once'),
    });
  });

  it('with one domain twice is refused', async () => {
    const key = fixedKey('second key of b');
    const section = await signSection({ ...sectionPayload(b, 1), key: key.publicKey }, key.signer);
    await expect(signFixedRing(ringPayload([section, sectionB])).then(open)).rejects.toMatchObject({
      code: 'RING_REFUSED',
      message: expect.stringContaining('domain id once'),
    });
  });

  it('keeps its hash for the same epoch and content', async () => {
    const payload = ringPayload([await signFixedSection(sectionPayload(a, 2)), sectionB]);
    const first = await open(await signFixedRing(payload));
    const second = await open(await signFixedRing({ ...payload, epoch: epoch(1) }));
    expect(second.hash).toBe(first.hash);
  });
});
