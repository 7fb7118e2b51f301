import { beforeAll, describe, expect, it } from 'vitest';
import type { RingDocument, RingPayload, SectionPayload } from '../../../src/ring/index.ts';
import {
  checkSuccessor,
  domainId,
  epoch,
  openRingDocument,
  openSection,
  signKeyRotation,
  signRingDocument,
  signSection,
  storeId,
} from '../../../src/ring/index.ts';
import {
  fixedKey,
  ringPayload,
  sectionPayload,
  signFixedRing,
  signFixedSection,
  testVerifier,
} from '../../support/development-ring.ts';

const a: SectionPayload = {
  ...sectionPayload(domainId('a'), 2),
  version: 5,
  lostStores: [storeId('0'.repeat(32))],
};
const b = sectionPayload(domainId('b'), 2);
let current: RingDocument;

beforeAll(async () => {
  current = await ringOf([a, b]);
});

async function ringOf(
  sections: readonly SectionPayload[],
  change: Partial<RingPayload> = {},
): Promise<RingDocument> {
  const signed = await Promise.all(sections.map(signFixedSection));
  return openRingDocument(await signFixedRing({ ...ringPayload(signed), ...change }), testVerifier);
}

function nextOf(
  sections: readonly SectionPayload[],
  change: Partial<RingPayload> = {},
): Promise<RingDocument> {
  return ringOf(sections, { epoch: epoch(2), previous: current.hash, ...change });
}

/** What makes a document one that begins a new placement. */
const begun = { placementEpoch: epoch(2), placementFrom: 1_000 };

describe('a ring document after the one in force', () => {
  it('passes when it begins a placement later than the one before', async () => {
    const more = { ...sectionPayload(domainId('a'), 3), version: 6, lostStores: a.lostStores };
    checkSuccessor(current, await nextOf([more, b], begun));
    checkSuccessor(current, await nextOf([{ ...a, version: 6, replicas: 2 }, b], begun));
    checkSuccessor(current, await nextOf([a, b, sectionPayload(domainId('c'), 1)], begun));
    checkSuccessor(current, await nextOf([a, b], { ...begun, acceptors: 3 }));
  });

  it('passes when a node stands beside its lost store until it has another one', async () => {
    const lostStores = [...a.lostStores, a.nodes[0]!.storeId];
    checkSuccessor(current, await nextOf([{ ...a, version: 6, lostStores }, b]));
  });

  it('passes when a domain goes on under a key that its old key has signed', async () => {
    const key = fixedKey('new key of a');
    const rotation = { domain: domainId('a'), oldKey: a.key, newKey: key.publicKey };
    const keyProof = await signKeyRotation(rotation, fixedKey('domain a').signer);
    const section = await signSection({ ...a, version: 6, key: key.publicKey, keyProof }, key.signer);
    const payload = ringPayload([section, await signFixedSection(b)]);
    const jws = await signFixedRing({ ...payload, epoch: epoch(2), previous: current.hash });
    checkSuccessor(
      current,
      await openRingDocument(jws, testVerifier, { domainKeys: { [a.domain]: a.key, [b.domain]: b.key } }),
    );
  });

  it.each([
    ['of another key', { newKey: fixedKey('third').publicKey }, 'domain a'],
    ['of another domain', { domain: domainId('b') }, 'domain a'],
    ['signed by somebody else', {}, 'third'],
  ])('is refused when a domain shows a proof %s for its new key', async (_, change, signer) => {
    const key = fixedKey('new key of a');
    const rotation = { domain: domainId('a'), oldKey: a.key, newKey: key.publicKey, ...change };
    const keyProof = await signKeyRotation(rotation, fixedKey(signer).signer);
    const section = await signSection({ ...a, version: 6, key: key.publicKey, keyProof }, key.signer);
    await expect(openSection(section, testVerifier)).rejects.toMatchObject({
      code: expect.stringMatching(/RING_REFUSED|SIGNATURE_INVALID/),
    });
  });

  it('passes when only addresses, names or certificates change', async () => {
    const moved = a.nodes.map((node) => ({ ...node, url: node.url.replace('7001', '8001') }));
    checkSuccessor(current, await nextOf([{ ...a, version: 6, nodes: moved, operatorName: 'New name' }, b]));
  });

  it('passes when a node gets a new store and the old one is declared lost', async () => {
    const [first, ...others] = a.nodes;
    const nodes = [{ ...first!, storeId: storeId('f'.repeat(32)) }, ...others];
    const lostStores = [...a.lostStores, first!.storeId];
    const changed = await nextOf([{ ...a, version: 6, nodes }, b], begun);
    checkSuccessor(current, await nextOf([{ ...a, version: 6, nodes, lostStores }, b], begun));
    expect(() => checkSuccessor(current, changed)).toThrow(/store .* to be declared lost/);
  });

  it('passes when it lists the same domains and nodes in another order', async () => {
    checkSuccessor(current, await nextOf([b, { ...a, version: 6, nodes: a.nodes.toReversed() }]));
  });

  it('passes when it is the same document again', () => {
    checkSuccessor(current, current);
  });

  it('is a conflict when it is another document of the same epoch', async () => {
    const other = await ringOf([{ ...a, operatorName: 'Other' }, b]);
    expect(() => checkSuccessor(current, other)).toThrow(expect.objectContaining({ code: 'RING_CONFLICT' }));
  });

  it.each<[string, readonly SectionPayload[], Partial<RingPayload>, RegExp]>([
    [
      'skips an epoch',
      [a, b],
      { epoch: epoch(3) },
      /expected epoch 2 after epoch 1, got 3; publish the documents between them first/,
    ],
    ['names another document before it', [a, b], { previous: '0'.repeat(64) }, /previous document/],
    ['has an older section', [{ ...a, version: 4 }, b], {}, /version 5 or newer/],
    ['changes a section under its version', [{ ...a, provider: 'Else' }, b], {}, /one section of version 5/],
    ['finds a lost store again', [{ ...a, version: 6, lostStores: [] }, b], {}, /to stay lost/],
    ['turns development off', [a, b], { development: false }, /development true/],
    [
      'adds a node',
      [{ ...sectionPayload(domainId('a'), 3), version: 6, lostStores: a.lostStores }, b],
      {},
      /placement/,
    ],
    ['removes a node', [{ ...a, version: 6, nodes: a.nodes.slice(1) }, b], {}, /placement/],
    ['changes replicas', [{ ...a, version: 6, replicas: 2 }, b], {}, /placement/],
    ['changes acceptors', [a, b], { acceptors: 3 }, /placement/],
    ['changes when its placement begins', [a, b], { placementFrom: 1 }, /placement/],
    ['adds a domain', [a, b, sectionPayload(domainId('c'), 1)], {}, /placementEpoch 2/],
    [
      'begins a placement no later than the one before',
      [a, b],
      { placementEpoch: epoch(2) },
      /begins after 0/,
    ],
    ['drops a domain for another', [a, sectionPayload(domainId('c'), 2)], {}, /placement/],
  ])('is refused when it %s', async (_, sections, change, message) => {
    const next = await nextOf(sections, change);
    expect(() => checkSuccessor(current, next)).toThrow(
      expect.objectContaining({ code: 'RING_REFUSED', message: expect.stringMatching(message) }),
    );
  });

  it('is refused when it is older', async () => {
    const next = await nextOf([a, b]);
    expect(() => checkSuccessor(next, current)).toThrow(expect.objectContaining({ code: 'RING_REFUSED' }));
  });

  it('is refused when a domain has another key', async () => {
    const key = fixedKey('new key of a');
    const section = await signSection({ ...a, version: 6, key: key.publicKey }, key.signer);
    const payload = ringPayload([section, await signFixedSection(b)]);
    const jws = await signFixedRing({ ...payload, epoch: epoch(2), previous: current.hash });
    const next = await openRingDocument(jws, testVerifier);
    expect(() => checkSuccessor(current, next)).toThrow(/expected the key .* of domain a/);
  });

  it('is refused when another operator signed it', async () => {
    const key = fixedKey('another operator');
    const sections = [await signFixedSection(a), await signFixedSection(b)];
    const payload = { ...ringPayload(sections), epoch: epoch(2), previous: current.hash };
    const jws = await signRingDocument({ ...payload, operatorKey: key.publicKey }, key.signer);
    const next = await openRingDocument(jws, testVerifier);
    expect(() => checkSuccessor(current, next)).toThrow(/operator key/);
  });
});
