import { EngineError, toBase64Url, toHex } from '../../src/foundation/index.ts';
import type { Ed25519KeyPair } from '../../src/platform/ed25519.ts';
import { generateEd25519, nodeVerifier, signerFromPem } from '../../src/platform/ed25519.ts';
import { nodeIdentityUri } from '../../src/platform/node-identity.ts';
import type { Clock, RandomBytes } from '../../src/ports/index.ts';
import type { DomainId, NodeId, RingDocument, SensorBundle, StoreId } from '../../src/ring/index.ts';
import {
  DOMAINS_MAX,
  DOMAINS_MIN,
  domainId,
  epoch,
  nodeId,
  openRingDocument,
  signRingDocument,
  signSection,
  storeId,
} from '../../src/ring/index.ts';
import type { AddressPlan, NodeAddress } from './addresses.ts';
import { originOf } from './addresses.ts';
import type { Authority, CertificateSource, CertifiedKey } from './certificates.ts';
import { createAuthority, issuePeerCertificate, issueServerCertificate } from './certificates.ts';

/** Domains are called cloud-a, cloud-b, ...; a ring has at most 16. */
const DOMAIN_LETTERS = 'abcdefghijklmnop';

export interface DevelopmentClusterOptions {
  readonly domains: number;
  readonly nodesPerDomain: number;
  readonly acceptors: 1 | 3;
  readonly replicas: number;
  readonly addresses: AddressPlan;
  readonly randomBytes: RandomBytes;
  readonly clock: Pick<Clock, 'now'>;
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
  readonly nodes: readonly NodeMaterial[];
}

/** Everything of a new cluster, in memory: ring document, keys, certificates. One party holds it all. */
export interface ClusterMaterial {
  readonly ring: RingDocument;
  readonly operator: Ed25519KeyPair;
  readonly domains: readonly DomainMaterial[];
  readonly sensorBundle: SensorBundle;
}

/**
 * Makes a cluster for tests and demonstrations, marked `development: true` throughout: whoever runs this holds
 * every domain's keys, so its domains are independent in nothing but name.
 * @throws EngineError `INVALID_ARGUMENT`, `RING_REFUSED` or `SCHEMA_MISMATCH` for numbers or addresses that no ring may have
 */
export async function createDevelopmentCluster(options: DevelopmentClusterOptions): Promise<ClusterMaterial> {
  if (!Number.isInteger(options.domains) || options.domains < DOMAINS_MIN || options.domains > DOMAINS_MAX) {
    throw new EngineError(
      'INVALID_ARGUMENT',
      `expected ${DOMAINS_MIN} to ${DOMAINS_MAX} domains, got ${options.domains}`,
    );
  }
  const operator = await generateEd25519();
  const domains = await Promise.all(
    Array.from({ length: options.domains }, (_, index) => createDomain(index, options)),
  );
  const operatorKey = toBase64Url(operator.publicKey);
  const sections = await Promise.all(domains.map((domain) => signDomainSection(domain, options.replicas)));
  const jws = await signRingDocument(
    {
      epoch: epoch(1),
      previous: null,
      acceptors: options.acceptors,
      placementFrom: 0,
      development: true,
      operatorKey,
      sections,
    },
    signerFromPem(operator.privateKeyPem),
  );
  // Opened like anybody else's, so that no cluster leaves here that a node would refuse.
  const ring = await openRingDocument(jws, nodeVerifier);
  const domainKeys = Object.fromEntries(ring.domains.map(({ domain, key }) => [domain, key]));
  return {
    ring,
    operator,
    domains,
    sensorBundle: { format: 1, ring: jws, operatorKey, domainKeys, development: true },
  };
}

/** The settings file of a node as `m-cloud-node` reads it; paths count from the node's folder. */
export function nodeSettingsOf(node: NodeMaterial) {
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
    logLevel: 'info',
  };
}

async function createDomain(index: number, options: DevelopmentClusterOptions): Promise<DomainMaterial> {
  const domain = domainId(`cloud-${DOMAIN_LETTERS.charAt(index)}`);
  const source: CertificateSource = { randomBytes: options.randomBytes, nowMs: options.clock.now() };
  const [key, authority] = await Promise.all([generateEd25519(), createAuthority(domain, source)]);
  const first = index * options.nodesPerDomain;
  const nodes = await Promise.all(
    Array.from({ length: options.nodesPerDomain }, (_, i) => {
      const id = nodeId(`${domain}-${i + 1}`);
      return createNode(id, domain, options.addresses(id, first + i), authority, source);
    }),
  );
  return { domain, key, authority, nodes };
}

async function createNode(
  id: NodeId,
  domain: DomainId,
  address: NodeAddress,
  authority: Authority,
  source: CertificateSource,
): Promise<NodeMaterial> {
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

function signDomainSection(material: DomainMaterial, replicas: number): Promise<string> {
  const { domain, key, authority, nodes } = material;
  return signSection(
    {
      domain,
      version: 1,
      operatorName: `Development operator of ${domain}`,
      provider: `Development provider of ${domain}`,
      key: toBase64Url(key.publicKey),
      certificateAuthority: authority.certificatePem,
      sealingKey: null,
      replicas,
      nodes: nodes.map(({ id, url, peerUrl, storeId: store }) => ({ id, url, peerUrl, storeId: store })),
      lostStores: [],
    },
    signerFromPem(key.privateKeyPem),
  );
}
