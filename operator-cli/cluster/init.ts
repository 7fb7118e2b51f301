import { EngineError, toBase64Url } from '../../src/foundation/index.ts';
import type { Ed25519KeyPair } from '../../src/platform/ed25519.ts';
import { generateEd25519, nodeVerifier, signerFromPem } from '../../src/platform/ed25519.ts';
import type { Clock, RandomBytes } from '../../src/ports/index.ts';
import type { RingDocument, SensorBundle } from '../../src/ring/index.ts';
import {
  DOMAINS_MAX,
  DOMAINS_MIN,
  domainId,
  epoch,
  nodeId,
  openRingDocument,
  signRingDocument,
} from '../../src/ring/index.ts';
import type { AddressPlan } from './addresses.ts';
import { bundleOf } from './bundle.ts';
import type { CertificateSource } from './certificates.ts';
import { createDomain, type DomainEnrolment, type DomainMaterial } from './domain.ts';

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

/** Everything of a new cluster, in memory: ring document, keys, certificates. One party holds it all. */
export interface ClusterMaterial {
  readonly ring: RingDocument;
  readonly operator: Ed25519KeyPair;
  /** Says which sensors are real; every domain's settings trust it, and let anybody upload to open streams. */
  readonly authority: Ed25519KeyPair;
  readonly enrolment: DomainEnrolment;
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
  const [operator, authority] = await Promise.all([generateEd25519(), generateEd25519()]);
  const domains = await Promise.all(
    Array.from({ length: options.domains }, (_, index) => createDevelopmentDomain(index, options)),
  );
  const jws = await signRingDocument(
    {
      epoch: epoch(1),
      previous: null,
      acceptors: options.acceptors,
      placementFrom: 0,
      placementEpoch: epoch(1),
      development: true,
      operatorKey: toBase64Url(operator.publicKey),
      sections: domains.map(({ section }) => section),
    },
    signerFromPem(operator.privateKeyPem),
  );
  // Opened like anybody else's, so that no cluster leaves here that a node would refuse.
  const ring = await openRingDocument(jws, nodeVerifier);
  const enrolment = {
    enrolmentAuthorities: [toBase64Url(authority.publicKey)],
    allowOpenEnrolment: true,
  };
  return { ring, operator, authority, enrolment, domains, sensorBundle: bundleOf(ring) };
}

function createDevelopmentDomain(index: number, options: DevelopmentClusterOptions): Promise<DomainMaterial> {
  const domain = domainId(`cloud-${DOMAIN_LETTERS.charAt(index)}`);
  const first = index * options.nodesPerDomain;
  const source: CertificateSource = { randomBytes: options.randomBytes, nowMs: options.clock.now() };
  const plan = {
    domain,
    operatorName: `Development operator of ${domain}`,
    provider: `Development provider of ${domain}`,
    replicas: options.replicas,
    nodes: Array.from({ length: options.nodesPerDomain }, (_, i) => {
      const id = nodeId(`${domain}-${i + 1}`);
      return { id, address: options.addresses(id, first + i) };
    }),
  };
  return createDomain(plan, source);
}
