import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import { labelledHash, toBase64Url, toHex, utf8 } from '../../src/foundation/index.ts';
import type {
  DomainId,
  RingDocument,
  RingPayload,
  SectionPayload,
  Signer,
  Verifier,
} from '../../src/ring/index.ts';
import {
  domainId,
  epoch,
  nodeId,
  openRingDocument,
  publicKeyBytes,
  signRingDocument,
  signSection,
  storeId,
} from '../../src/ring/index.ts';
import { fixedSealingKey } from './simulated-keys.ts';

/** An Ed25519 key that follows from its name, so that documents and vectors are the same on every run. */
export interface FixedKey {
  readonly publicKey: string;
  readonly signer: Signer;
}

/** RFC 8410: a PKCS #8 Ed25519 private key is this prefix and the 32 bytes of its seed. */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');

export function fixedSeed(name: string): Uint8Array {
  return labelledHash('test-key', utf8(name));
}

export function fixedKey(name: string): FixedKey {
  const key = createPrivateKey({
    key: Buffer.concat([PKCS8_PREFIX, fixedSeed(name)]),
    format: 'der',
    type: 'pkcs8',
  });
  return {
    publicKey: createPublicKey(key).export({ format: 'jwk' }).x ?? '',
    signer: async (message) => new Uint8Array(sign(null, message, key)),
  };
}

export const testVerifier: Verifier = async (publicKey, message, signature) =>
  verify(
    null,
    message,
    createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', x: toBase64Url(publicKey) } }),
    signature,
  );

/** Not a real authority: documents check its form, certificates are checked where they are used. */
export function fixedAuthority(name: string): string {
  const body = Buffer.from(labelledHash('test-authority', utf8(name))).toString('base64');
  return `-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----\n`;
}

export interface RingShape {
  /** Nodes of each domain; the domains are called a, b, c, ... and the nodes a1, a2, b1, ... */
  readonly nodes: readonly number[];
  readonly replicas?: number;
  readonly acceptors?: 1 | 3;
  readonly development?: boolean;
}

export function domainNames(count: number): readonly DomainId[] {
  return Array.from({ length: count }, (_, i) => domainId(String.fromCharCode(97 + i)));
}

export function sectionPayload(domain: DomainId, nodes: number, replicas = 1): SectionPayload {
  return {
    domain,
    version: 1,
    operatorName: `Operator ${domain}`,
    provider: `Cloud ${domain}`,
    key: fixedKey(`domain ${domain}`).publicKey,
    certificateAuthority: fixedAuthority(domain),
    sealingKey: toBase64Url(fixedSealingKey(domain).publicKey),
    replicas: Math.min(replicas, nodes),
    nodes: Array.from({ length: nodes }, (_, i) => {
      const id = `${domain}${i + 1}`;
      return {
        id: nodeId(id),
        url: `https://${id}.example:7001`,
        peerUrl: `https://${id}.example:7002`,
        storeId: storeId(toHex(fixedSeed(`store ${id}`)).slice(0, 32)),
      };
    }),
    lostStores: [],
  };
}

export function ringPayload(sections: readonly string[], shape: Omit<RingShape, 'nodes'> = {}): RingPayload {
  return {
    epoch: epoch(1),
    previous: null,
    acceptors: shape.acceptors ?? 1,
    placementFrom: 0,
    placementEpoch: epoch(1),
    development: shape.development ?? true,
    operatorKey: fixedKey('operator').publicKey,
    sections,
  };
}

export function signFixedSection(payload: SectionPayload): Promise<string> {
  return signSection(payload, fixedKey(`domain ${payload.domain}`).signer);
}

export function signFixedRing(payload: RingPayload): Promise<string> {
  return signRingDocument(payload, fixedKey('operator').signer);
}

/** A ring document of the given shape, signed with fixed keys. */
export async function ringJws(shape: RingShape): Promise<string> {
  const sections: string[] = [];
  for (const [i, domain] of domainNames(shape.nodes.length).entries()) {
    sections.push(await signFixedSection(sectionPayload(domain, shape.nodes[i] ?? 0, shape.replicas)));
  }
  return signFixedRing(ringPayload(sections, shape));
}

export async function developmentRing(shape: RingShape): Promise<RingDocument> {
  return openRingDocument(await ringJws(shape), testVerifier);
}

/** The raw bytes of a fixed key, for tests that call a verifier themselves. */
export function fixedPublicKey(name: string): Uint8Array {
  return publicKeyBytes(fixedKey(name).publicKey);
}
