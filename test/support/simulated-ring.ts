import { toBase64Url } from '../../src/foundation/index.ts';
import { nodeVerifier } from '../../src/platform/ed25519.ts';
import type { StreamDocument } from '../../src/protocol/stream-document.ts';
import { openStreamDocument, SUITE, signStream } from '../../src/protocol/stream-document.ts';
import type { DomainId, NodeId, RingDocument, RingPayload, SectionPayload } from '../../src/ring/index.ts';
import {
  domainId,
  epoch,
  nodeId,
  openRingDocument,
  signKeyRotation,
  signRingDocument,
  signSection,
  storeId,
} from '../../src/ring/index.ts';
import type { ElementSchema, FieldSchema } from '../../src/sharing/index.ts';
import { momentElements } from '../../src/sharing/index.ts';
import { type FixedKey, fixedCertificate, fixedKey, fixedSealingKey } from './simulated-keys.ts';

/** How many clouds, and how many computers each. */
export interface RingShape {
  readonly domains: number;
  readonly nodesPerDomain: number;
  readonly acceptors: 1 | 3;
  readonly replicas: number;
}

export interface RingMember {
  readonly node: NodeId;
  readonly domain: DomainId;
}

export interface FixedRing {
  readonly shape: RingShape;
  readonly document: RingDocument;
  readonly operatorKey: string;
  readonly domainKeys: Readonly<Record<string, string>>;
  readonly members: readonly RingMember[];
}

const DAY_MS = 86_400_000;
const DOMAIN_NAMES = ['amber', 'birch', 'cedar', 'delta', 'ember'];

/** A ring document with keys that are the same on every run; its addresses lead nowhere. */
export async function fixedRing(shape: RingShape): Promise<FixedRing> {
  const domains = DOMAIN_NAMES.slice(0, shape.domains).map(domainId);
  const members = domains.flatMap((domain) =>
    Array.from({ length: shape.nodesPerDomain }, (_, i) => ({ domain, node: nodeId(`${domain}-${i + 1}`) })),
  );
  const sections = domains.map((domain) =>
    signFixedSection(shape, {
      domain,
      version: 1,
      sealingKey: sealingKeyOf(domain),
      nodes: members.filter((member) => member.domain === domain).map(({ node }) => fixedNode(node)),
      lostStores: [],
    }),
  );
  const document = await signFixedRing(shape, {
    epoch: epoch(1),
    placementEpoch: epoch(1),
    previous: null,
    placementFrom: 0,
    sections: await Promise.all(sections),
  });
  return {
    shape,
    document,
    operatorKey: fixedKey('operator').publicKey,
    domainKeys: Object.fromEntries(domains.map((domain) => [domain, fixedKey(`domain ${domain}`).publicKey])),
    members,
  };
}

type Placed = Pick<SectionPayload, 'domain' | 'version' | 'sealingKey' | 'nodes' | 'lostStores'>;

function signFixedSection(
  { replicas }: RingShape,
  placed: Placed,
  { key = domainKey(placed.domain, 0), ...proof }: { key?: FixedKey; keyProof?: string } = {},
): Promise<string> {
  const { sealingKey, ...others } = placed;
  const { domain } = others;
  return signSection(
    {
      operatorName: `${domain} test`,
      provider: domain,
      key: key.publicKey,
      ...proof,
      certificateAuthority: fixedCertificate(domain),
      // In this order for ever: the bytes of the documents are part of what a seed replays.
      sealingKey,
      replicas,
      ...others,
    },
    key.signer,
  );
}

function sealingKeyOf(domain: DomainId, renewals = 0): string {
  return toBase64Url(fixedSealingKey(domain, renewals).publicKey);
}

/** A domain's key, after it has been renewed so many times. */
function domainKey(domain: DomainId, renewals: number): FixedKey {
  return fixedKey(renewals === 0 ? `domain ${domain}` : `domain ${domain}, renewed ${renewals} times`);
}

/** How many times the key of a section has been renewed. */
function renewalsOf({ domain, key }: Pick<SectionPayload, 'domain' | 'key'>): number {
  let renewals = 0;
  while (domainKey(domain, renewals).publicKey !== key) renewals += 1;
  return renewals;
}

async function signFixedRing(
  { acceptors }: RingShape,
  payload: Pick<RingPayload, 'epoch' | 'previous' | 'placementFrom' | 'placementEpoch' | 'sections'>,
): Promise<RingDocument> {
  const operator = fixedKey('operator');
  const jws = await signRingDocument(
    {
      ...payload,
      acceptors,
      development: true,
      operatorKey: operator.publicKey,
    },
    operator.signer,
  );
  return openRingDocument(jws, nodeVerifier);
}

/** The document after another one, which puts windows from `placementFrom` on where the changed domain says. */
export async function followingRing(
  { shape }: FixedRing,
  before: RingDocument,
  change: RingChange,
  placementFrom: number,
): Promise<RingDocument> {
  const next = epoch(before.epoch + 1);
  const sections = before.domains.map((section) => {
    const { jws, domain, version, sealingKey, nodes, lostStores } = section;
    if (domain !== change.domain) return jws;
    const lost = nodes.filter(({ id }) => id === change.node).map((node) => node.storeId);
    const kept = nodes.map((node) =>
      node.id === change.node ? { ...node, storeId: storeIdOf(change.node, `epoch ${next} `) } : node,
    );
    const placed = {
      domain,
      version: version + 1,
      sealingKey,
      nodes: lost.length > 0 ? kept : [...kept, fixedNode(change.node)],
      lostStores: [...lostStores, ...lost],
    };
    return signFixedSection(shape, placed, { key: domainKey(domain, renewalsOf(section)) });
  });
  return signFixedRing(shape, {
    epoch: next,
    placementEpoch: next,
    previous: before.hash,
    placementFrom,
    sections: await Promise.all(sections),
  });
}

/**
 * The document after another one, in which a domain has another key, for which the one before vouches.
 * @param sealings how often the key that its shares are sealed to has been renewed, which then is the only one to change.
 */
export async function renewedRing(
  { shape }: FixedRing,
  before: RingDocument,
  renewed: DomainId,
  sealings?: number,
): Promise<RingDocument> {
  const sections = before.domains.map(async (section) => {
    const { jws, domain, version, sealingKey, nodes, lostStores } = section;
    if (domain !== renewed) return jws;
    const renewals = renewalsOf(section);
    const next = { domain, version: version + 1, sealingKey, nodes, lostStores };
    if (sealings !== undefined) {
      const placed = { ...next, sealingKey: sealingKeyOf(domain, sealings) };
      return signFixedSection(shape, placed, { key: domainKey(domain, renewals) });
    }
    const [old, key] = [domainKey(domain, renewals), domainKey(domain, renewals + 1)];
    const rotation = { domain, oldKey: old.publicKey, newKey: key.publicKey };
    const keyProof = await signKeyRotation(rotation, old.signer);
    return signFixedSection(shape, next, { key, keyProof });
  });
  const { placementFrom, placementEpoch } = before;
  return signFixedRing(shape, {
    epoch: epoch(before.epoch + 1),
    previous: before.hash,
    placementFrom,
    placementEpoch,
    sections: await Promise.all(sections),
  });
}

/** A node that is new to its domain, or one there whose store is declared lost and gets another. */
export type RingChange = RingMember;

function fixedNode(node: NodeId) {
  return {
    id: node,
    url: `https://${node}.example`,
    peerUrl: `https://${node}.peer.example`,
    storeId: storeIdOf(node),
  };
}

/** The store id that the ring names for a node. */
function storeIdOf(node: NodeId, which = '') {
  const name = `${which}${node}`;
  const digits = Array.from(name, (letter) => letter.charCodeAt(0).toString(16).padStart(2, '0')).join('');
  return storeId(digits.padEnd(32, '0').slice(0, 32));
}

/** Most readings whose sum in base 4 still names each of them: 4^61 is about half the field. */
export const NAMED_READINGS_MAX = 61;

/** Readings of a batch: a power of 4, and 0, which is no digit. With more of them sums could leave half the field. */
export const BATCH_READINGS = 2;

/**
 * Fields besides x, which names a reading: one with decimals and an offset, one of both signs. They are small, because
 * their products must fit beside 4^60.
 */
export const FURTHER_FIELDS: readonly FieldSchema[] = [
  { name: 'y', unit: '', decimals: 1, offset: '-1', min: '-1', max: '5.1' },
  { name: 'z', unit: '', decimals: 0, offset: '0', min: '-15', max: '15' },
];
/** What is summed of them, behind the count and x. */
export const FURTHER_ELEMENTS: readonly ElementSchema[] = [
  ...momentElements(FURTHER_FIELDS, 2).slice(1),
  { kind: 'cell', field: 'y', from: '-1', to: '0' },
  { kind: 'cell', field: 'y', from: '0', to: '2.5' },
  { kind: 'cell', field: 'y', from: '2.5', to: '5.2' },
];

export interface FixedStreamTerms {
  /** Streams of one ring must differ in something. */
  readonly name?: string | undefined;
  readonly flagTimeoutMs: number;
  readonly maxExcluded: number;
  /** Length of its windows, which then open by themselves; absent for manual ones. */
  readonly fixedMs?: number | undefined;
  readonly graceMs?: number | undefined;
  /** What a domain asks for before it releases anything; absent where the readings are public. */
  readonly gate?: { readonly minSensors: number; readonly minCommittedPercent: number } | undefined;
  /** Whether only enrolled sensors may upload. */
  readonly enrolled?: boolean | undefined;
  /** Its labels, none where absent. */
  readonly groups?: readonly string[] | undefined;
  /** A day or more where it is absent. */
  readonly retentionMs?: number | undefined;
  /** Places of its domains in the ring, in the order of the shares; all in the ring's order where absent. */
  readonly domains?: readonly number[] | undefined;
  /** Whether readings have {@link FURTHER_FIELDS} as well, with sums of their products and a histogram. */
  readonly moments?: boolean | undefined;
  /** Whether all shares but one are seeds, in a stream of batches of {@link BATCH_READINGS}; absent for single readings. */
  readonly batches?: { readonly seeds: boolean } | undefined;
}

/**
 * A stream whose readings are powers of 4: in the base-4 digits of the sum a lost reading shows as 0 and a
 * doubled one as 2, each at its own place.
 */
export async function fixedStream(ring: FixedRing, terms: FixedStreamTerms): Promise<StreamDocument> {
  const { moments = false } = terms;
  const all = ring.document.domains;
  const domains = terms.domains?.flatMap((place) => all[place] ?? []) ?? all;
  const jws = await signStream(
    {
      version: 1,
      suite: SUITE,
      name: terms.name ?? 'powers',
      nonce: '00112233445566778899aabbccddeeff',
      operatorKey: ring.operatorKey,
      fields: [
        {
          name: 'x',
          unit: '',
          decimals: 0,
          offset: '0',
          min: terms.batches === undefined ? '1' : '0',
          max: (4n ** 60n).toString(),
        },
        ...(moments ? FURTHER_FIELDS : []),
      ],
      elements: [
        { kind: 'count' },
        { kind: 'moment', factors: [{ field: 'x', power: 1 }] },
        ...(moments ? FURTHER_ELEMENTS : []),
      ],
      domains: domains.map(({ domain, key }) => ({ id: domain, key })),
      window: terms.fixedMs === undefined ? { kind: 'manual' } : { kind: 'fixed', durationMs: terms.fixedMs },
      graceMs: terms.graceMs ?? 0,
      flagTimeoutMs: terms.flagTimeoutMs,
      minSensors: terms.gate?.minSensors ?? 1,
      minCommittedPercent: terms.gate?.minCommittedPercent ?? 1,
      maxReadings: NAMED_READINGS_MAX * (terms.batches === undefined ? 1 : BATCH_READINGS),
      maxExcluded: terms.maxExcluded,
      // As many fixed windows as a stream may keep are no more than some days of short ones.
      retentionMs: terms.retentionMs ?? (terms.fixedMs === undefined ? 30 * DAY_MS : DAY_MS),
      countMode: terms.batches === undefined ? 'single' : 'batch',
      seeds: terms.batches?.seeds ?? false,
      publishesCells: moments,
      publicData: terms.gate === undefined,
      enrolment: terms.enrolled === true ? 'required' : 'open',
      groups: [...(terms.groups ?? [])],
    },
    fixedKey('operator').signer,
  );
  return openStreamDocument(jws, nodeVerifier, ring.document);
}
