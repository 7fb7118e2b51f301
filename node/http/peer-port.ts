import { constants, X509Certificate } from 'node:crypto';
import { TLSSocket } from 'node:tls';
import type { FastifyRequest } from 'fastify';
import { EngineError } from '../../src/foundation/index.ts';
import { nodeIdentityOf } from '../../src/platform/index.ts';
import type { Log } from '../../src/ports/index.ts';
import type { DomainId } from '../../src/ring/index.ts';
import type { PeerDomain } from '../engine/phone-book.ts';
import { type HttpLimits, PEER_LIMITS } from './limits.ts';
import type { Caller, Router } from './router.ts';
import { type ListenAddress, type Listener, listen, type TlsIdentity } from './server.ts';

export interface PeerPortOptions {
  readonly address: ListenAddress;
  readonly tls: TlsIdentity;
  readonly router: Router;
  readonly log: Log;
  /** The domains of the ring and their nodes; the same array as long as the ring documents stay the same. */
  readonly peers: () => readonly PeerDomain[];
  readonly limits?: Partial<HttpLimits>;
}

/** What was found out about a connection, for as long as the ring documents it was judged by are in force. */
interface Judgement {
  readonly peers: readonly PeerDomain[];
  readonly caller: Caller;
}

/**
 * Opens the port for other nodes: mutual TLS, and every request the word of one node of the ring.
 * @throws EngineError `ADDRESS_IN_USE`, `INVALID_ARGUMENT`, `RING_REFUSED` (two authorities of one name)
 */
export async function listenPeer(options: PeerPortOptions): Promise<Listener> {
  refuseSharedNames(options.peers());
  const judgements = new WeakMap<TLSSocket, Judgement>();
  return listen({
    name: 'peer',
    address: options.address,
    tls: options.tls,
    clientTls: {
      ca: options.peers().map((peer) => peer.certificateAuthority),
      requestCert: true,
      rejectUnauthorized: true,
      // Peers keep their connections; tickets would cost each 13 KB and let a withdrawn certificate resume.
      secureOptions: constants.SSL_OP_NO_TICKET,
    },
    router: options.router,
    log: options.log,
    limits: { ...PEER_LIMITS, ...options.limits },
    identify: (request: FastifyRequest) => {
      const { socket } = request.raw;
      if (!(socket instanceof TLSSocket)) throw forbidden('a TLS connection');
      const peers = options.peers();
      const known = judgements.get(socket);
      if (known?.peers === peers) return known.caller;
      const caller = peerOf(socket.getPeerX509Certificate(), peers);
      judgements.set(socket, { peers, caller });
      return caller;
    },
  });
}

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
function refuseSharedNames(peers: readonly PeerDomain[]): void {
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
