import {
  bigEndian,
  EngineError,
  fromHex,
  labelledHash,
  toBase64Url,
  toHex,
  utf8,
} from '../../../src/foundation/index.ts';
import { openRosterBatch, sensorIdOf, signRosterBatch } from '../../../src/protocol/index.ts';
import { openStreamDocument, signStream } from '../../../src/protocol/stream-document.ts';
import { signRetirement } from '../../../src/protocol/stream-retirement.ts';
import type { DomainId, RingDocument } from '../../../src/ring/index.ts';
import {
  createPlacement,
  documentHash,
  openRingDocument,
  partition,
  registerPartition,
  signCompact,
  streamHash,
  windowId,
} from '../../../src/ring/index.ts';
import type { RingShape } from '../../support/development-ring.ts';
import { developmentRing, fixedKey, fixedSeed, testVerifier } from '../../support/development-ring.ts';
import { streamPayload } from '../../support/development-stream.ts';

/** Rings whose acceptors follow different branches of the rule. */
const SHAPES: Readonly<Record<string, RingShape>> = {
  '3 domains x 2 nodes, 1 acceptor': { nodes: [2, 2, 2], acceptors: 1, replicas: 1 },
  '3 domains x 2 nodes, 3 acceptors': { nodes: [2, 2, 2], acceptors: 3, replicas: 2 },
  '3 domains x 1 node': { nodes: [1, 1, 1], acceptors: 3, replicas: 1 },
  '2 domains x 1 node': { nodes: [1, 1], acceptors: 3, replicas: 1 },
  '2 domains x 2 nodes': { nodes: [2, 2], acceptors: 3, replicas: 2 },
  '2 domains x 3 nodes': { nodes: [3, 3], acceptors: 3, replicas: 2 },
  '5 domains of unequal size': { nodes: [3, 1, 4, 2, 2], acceptors: 3, replicas: 2 },
};
const PARTITIONS_SHOWN = [0, 1, 2, 3, 341, 511, 512, 682, 1022, 1023];
const STREAM = streamHash('5a'.repeat(32));
const WINDOWS = [
  { window: 0, group: 0 },
  { window: 1_700_000_000_000, group: 0 },
  { window: 1_700_000_000_000, group: 7 },
  { window: Number.MAX_SAFE_INTEGER, group: 65_535 },
];

/** P-256 public keys of the private keys 1 and 2. */
const SENSOR_KEYS = [
  '046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5',
  '047cf27b188d034f7e8a52380304b51ac3c08969e277f21b35a60b48fc4766997807775510db8ed040293d9ac69f7430dbba7dade63ce982299e04b79d227873d1',
];

/** The files of this part of the format, by name; everything in them follows from fixed keys. */
export async function ringVectors(): Promise<Record<string, unknown>> {
  return { 'placement.json': await placementVectors(), 'documents.json': await documentVectors() };
}

async function placementVectors(): Promise<unknown> {
  const rings = [];
  for (const [name, shape] of Object.entries(SHAPES))
    rings.push(placedRing(name, await developmentRing(shape)));
  return {
    what: 'Tokens, owners, acceptors, registers and ledgers; PROTOCOL.md has the rules.',
    tokens: [0, 1, 63].map((i) => ({
      domain: 'a',
      node: 'a1',
      i,
      token: toHex(labelledHash('ring-token', utf8('a'), utf8('a1'), bigEndian(i, 4)).slice(0, 8)),
    })),
    rings,
  };
}

function placedRing(name: string, ring: RingDocument): unknown {
  const placement = createPlacement(ring);
  const domains = ring.domains.map(({ domain }) => domain);
  const perDomain = <T>(value: (domain: DomainId) => T) =>
    Object.fromEntries(domains.map((domain) => [domain, value(domain)]));
  return {
    name,
    acceptors: ring.acceptors,
    domains: ring.domains.map(({ domain, replicas, nodes }) => ({
      domain,
      replicas,
      nodes: nodes.map(({ id }) => id),
    })),
    partitions: PARTITIONS_SHOWN.map((at) => ({
      partition: at,
      owners: perDomain((domain) => placement.owners(domain, partition(at))),
      acceptors: placement.acceptors(domains, partition(at)),
      acceptorsOfFirstTwoDomains: placement.acceptors(domains.slice(0, 2), partition(at)),
    })),
    windows: WINDOWS.map(({ window, group }) => ({
      stream: STREAM,
      window,
      group,
      registerPartition: registerPartition(STREAM, windowId(window), group),
      registerAcceptors: placement.registerAcceptors(domains, STREAM, windowId(window), group),
      ledgerAcceptors: perDomain((domain) =>
        placement.ledgerAcceptors(domain, STREAM, windowId(window), group),
      ),
    })),
  };
}

async function documentVectors(): Promise<unknown> {
  const ring = await developmentRing({ nodes: [2, 2, 2], acceptors: 1, replicas: 1 });
  const stream = await signStream(streamPayload(ring), fixedKey('operator').signer);
  return {
    what: 'Signed documents under fixed Ed25519 keys, and documents that must be refused.',
    keys: ['operator', 'domain a', 'domain b', 'domain c'].map((name) => ({
      name,
      seed: toHex(fixedSeed(name)),
      publicKey: fixedKey(name).publicKey,
    })),
    sections: ring.domains.map(({ domain, jws }) => ({ domain, jws, hash: documentHash(jws) })),
    ring: { jws: ring.jws, hash: ring.hash },
    stream: { jws: stream, hash: (await openStreamDocument(stream, testVerifier, ring)).hash },
    retirement: await signRetirement(streamHash(documentHash(stream)), fixedKey('operator').signer),
    rosterBatch: await rosterVector(),
    refused: await refusedDocuments(ring),
  };
}

/** A batch of one enrolment authority; the sensors' keys belong to the private keys 1 and 2. */
async function rosterVector(): Promise<unknown> {
  const [first, second] = SENSOR_KEYS.map(fromHex);
  if (first === undefined || second === undefined) throw new Error('expected two keys');
  const authority = fixedKey('authority');
  const jws = await signRosterBatch(
    {
      format: 1,
      authority: authority.publicKey,
      sequence: 1,
      previous: null,
      streams: null,
      enrol: [toBase64Url(first)],
      revoke: [toHex(sensorIdOf(second))],
    },
    authority.signer,
  );
  const { hash, enrolled, revoked } = await openRosterBatch(jws, testVerifier);
  return {
    jws,
    hash,
    enrolled: enrolled.map(({ publicKey, sensor }) => ({
      publicKey: toHex(publicKey),
      sensorId: toHex(sensor),
    })),
    revoked: revoked.map(toHex),
  };
}

async function refusedDocuments(ring: RingDocument): Promise<unknown> {
  const [header = '', payload = '', signature = ''] = ring.jws.split('.');
  const none = toBase64Url(utf8('{"alg":"none","typ":"mcloud-ring+jws"}'));
  const wrongKey = await fixedKey('somebody else').signer(utf8(`${header}.${payload}`));
  const documents: Readonly<Record<string, string>> = {
    'no algorithm': `${none}.${payload}.`,
    'no algorithm, old signature': `${none}.${payload}.${signature}`,
    'another key': `${header}.${payload}.${toBase64Url(wrongKey)}`,
    'a section instead of a ring': ring.domains[0]?.jws ?? '',
    'padding in the signature': `${header}.${payload}.${signature}==`,
    'a fourth part': `${ring.jws}.`,
    'an unknown field': await signCompact(
      'mcloud-ring+jws',
      { format: 1, tokens: [] },
      fixedKey('operator').signer,
    ),
    'a later format': await signCompact('mcloud-ring+jws', { format: 2 }, fixedKey('operator').signer),
  };
  const refused = [];
  for (const [why, jws] of Object.entries(documents)) refused.push({ why, jws, code: await refusalOf(jws) });
  return refused;
}

async function refusalOf(jws: string): Promise<string> {
  try {
    await openRingDocument(jws, testVerifier);
  } catch (error) {
    if (error instanceof EngineError) return error.code;
    throw error;
  }
  throw new Error('expected a document that is refused');
}
