import { X509Certificate } from 'node:crypto';
import { EngineError } from '../../src/foundation/index.ts';
import { nodeIdentityOf } from '../../src/platform/index.ts';
import type { DomainId } from '../../src/ring/index.ts';
import type { PeerDomain } from '../engine/phone-book.ts';
import type { Caller } from '../http/router.ts';

/**
 * The node that a client certificate speaks for. TLS has checked that some domain's authority issued it; here
 * it must be the authority of the very domain it names, else every cloud could speak for every other.
 * @throws EngineError `FORBIDDEN`
 */
export function peerOf(certificate: X509Certificate | undefined, peers: readonly PeerDomain[]): Caller {
  const identity = nodeIdentityOf(certificate?.subjectAltName);
  if (certificate === undefined || identity === undefined) {
    throw forbidden('a client certificate with one name mcloud://<domain>/<node>');
  }
  const peer = peers.find(({ domain }) => domain === identity.domain);
  if (peer === undefined) throw forbidden('a domain of the ring');
  const authority = authorityOf(peer.domain, peer.certificateAuthority);
  // Issued directly: an intermediate authority would be one more key the section does not show.
  if (!certificate.checkIssued(authority) || !certificate.verify(authority.publicKey)) {
    throw forbidden(`a certificate issued by the authority of domain ${identity.domain}`);
  }
  if (!peer.nodes.some(({ id }) => id === identity.node)) {
    throw forbidden(`a node that domain ${identity.domain} lists`);
  }
  return { kind: 'peer', domain: identity.domain, node: identity.node };
}

/**
 * OpenSSL finds an issuer by its name and tries one: a domain whose authority took another's name could shut
 * that domain's nodes out.
 */
export function refuseSharedNames(peers: readonly PeerDomain[]): void {
  const domains = new Map<string, DomainId>();
  for (const { domain, certificateAuthority } of peers) {
    const name = authorityOf(domain, certificateAuthority).subject;
    const other = domains.get(name);
    if (other !== undefined) {
      throw new EngineError(
        'RING_REFUSED',
        `expected certificate authorities of different names, got one name for ${other} and ${domain}`,
      );
    }
    domains.set(name, domain);
  }
}

/** @throws EngineError `RING_REFUSED` */
function authorityOf(domain: DomainId, pem: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch {
    throw new EngineError('RING_REFUSED', `expected a certificate as authority of domain ${domain}`);
  }
}

function forbidden(expected: string): EngineError {
  return new EngineError('FORBIDDEN', `expected the caller to be ${expected}`);
}
