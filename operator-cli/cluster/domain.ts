import { toBase64Url, toHex } from '../../src/foundation/index.ts';
import type { Ed25519KeyPair } from '../../src/platform/ed25519.ts';
import { generateEd25519, nodeVerifier, signerFromPem } from '../../src/platform/ed25519.ts';
import { nodeIdentityUri } from '../../src/platform/node-identity.ts';
import { generateP256, type P256KeyFile } from '../../src/platform/p256.ts';
import type { DomainId, NodeId, StoreId } from '../../src/ring/index.ts';
import { openSection, signSection, storeId } from '../../src/ring/index.ts';
import type { NodeAddress } from './addresses.ts';
import { originOf } from './addresses.ts';
import type { Authority, CertificateSource, CertifiedKey } from './certificates.ts';

/** What a domain decides about itself before it has a key. */
export interface DomainPlan {
  readonly domain: DomainId;
  /** The legal person that runs the nodes. */
  readonly operatorName: string;
  /** The company whose computers they are. */
  readonly provider: string;
  readonly replicas: number;
  readonly nodes: readonly { readonly id: NodeId; readonly address: NodeAddress }[];
}

export interface NodeMaterial {
  readonly id: NodeId;
  readonly domain: DomainId;
  readonly storeId: StoreId;
  readonly address: NodeAddress;
  /** https origin for sensors and operators. */
  readonly url: string;
  /** https origin for other nodes. */
  readonly peerUrl: string;
  readonly publicTls: CertifiedKey;
  readonly peerTls: CertifiedKey;
}

export interface DomainMaterial {
  readonly domain: DomainId;
  /** Signs the domain's section. */
  readonly key: Ed25519KeyPair;
  readonly authority: Authority;
  /** Opens what sensors seal to the domain; every node of the domain has it. */
  readonly sealing: P256KeyFile;
  readonly nodes: readonly NodeMaterial[];
  /** The domain's section document, compact JWS: all of this that anybody else ever sees. */
  readonly section: string;
}

/**
 * Makes one domain: its keys, its certificate authority, its nodes' keys and certificates, its signed section.
 * @throws EngineError `RING_REFUSED`, `SCHEMA_MISMATCH`, `INVALID_ARGUMENT` for a plan that no section may have
 */
export async function createDomain(plan: DomainPlan, source: CertificateSource): Promise<DomainMaterial> {
  const { createAuthority } = await import('./certificates.ts');
  const [key, sealing, authority] = await Promise.all([
    generateEd25519(),
    generateP256(),
    createAuthority(plan.domain, source),
  ]);
  const nodes = await Promise.all(
    plan.nodes.map(({ id, address }) => createNode(id, plan.domain, address, authority, source)),
  );
  const section = await signSection(
    {
      domain: plan.domain,
      version: 1,
      operatorName: plan.operatorName,
      provider: plan.provider,
      key: toBase64Url(key.publicKey),
      certificateAuthority: authority.certificatePem,
      sealingKey: toBase64Url(sealing.publicKey),
      replicas: plan.replicas,
      nodes: nodes.map(({ id, url, peerUrl, storeId: store }) => ({ id, url, peerUrl, storeId: store })),
      lostStores: [],
    },
    signerFromPem(key.privateKeyPem),
  );
  // Opened like anybody else's, so that no domain hands out what an operator's program would refuse.
  await openSection(section, nodeVerifier);
  return { domain: plan.domain, key, sealing, authority, nodes, section };
}

/** Whom a domain believes about which sensors are real. */
export interface DomainEnrolment {
  /** Ed25519 public keys of the enrolment authorities, base64url. */
  readonly enrolmentAuthorities: readonly string[];
  /** Serve streams that anybody may upload to. */
  readonly allowOpenEnrolment: boolean;
}

/**
 * The settings file of a node as `m-cloud-node` reads it; paths count from the node's folder.
 * @param shared settings that all nodes of its domain have.
 */
export function nodeSettingsOf(node: NodeMaterial, shared: object) {
  const { listenHost: host, publicPort, peerPort } = node.address;
  return {
    nodeId: node.id,
    domain: node.domain,
    storeId: node.storeId,
    publicListen: { host, port: publicPort },
    peerListen: { host, port: peerPort },
    dataFolder: 'data',
    ring: 'ring.jws',
    tls: { cert: 'tls.pem', key: 'tls.key' },
    peerTls: { cert: 'peer.pem', key: 'peer.key' },
    sealingKey: 'sealing.key',
    ...shared,
    logLevel: 'info',
  };
}

/** One node's keys, certificates and new store. */
export async function createNode(
  id: NodeId,
  domain: DomainId,
  address: NodeAddress,
  authority: Authority,
  source: CertificateSource,
): Promise<NodeMaterial> {
  const { issuePeerCertificate, issueServerCertificate } = await import('./certificates.ts');
  const identity = nodeIdentityUri({ domain, node: id });
  const [publicTls, peerTls] = await Promise.all([
    issueServerCertificate(authority, id, [address.host], source),
    issuePeerCertificate(authority, id, identity, [address.host], source),
  ]);
  return {
    id,
    domain,
    storeId: storeId(toHex(source.randomBytes(16))),
    address,
    url: originOf(address.host, address.publicPort),
    peerUrl: originOf(address.host, address.peerPort),
    publicTls,
    peerTls,
  };
}
