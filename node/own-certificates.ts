import { X509Certificate } from 'node:crypto';
import { EngineError } from '../src/foundation/index.ts';
import { nodeIdentityOf, nodeIdentityUri } from '../src/platform/index.ts';
import type { Log } from '../src/ports/index.ts';
import type { DomainId, NodeId } from '../src/ring/index.ts';
import { type TlsIdentity, tlsFailure } from './http/index.ts';

/** From when on the end of a certificate is told, ms before it: time for a person to renew it. */
const ENDS_SOON_MS = 30 * 86_400_000;

export interface OwnCertificates {
  readonly domain: DomainId;
  readonly nodeId: NodeId;
  readonly tls: TlsIdentity;
  readonly peerTls: TlsIdentity;
  /** PEM of the domain's certificate authority in the newest ring document known here; a domain may have left. */
  readonly authority: string | undefined;
  readonly nowMs: number;
}

/**
 * Looks at the certificates that a node is about to show: with the wrong ones it would run, and everybody would
 * hang up on it. Logs what a newer ring document or a renewal may set right.
 * @throws EngineError `INVALID_ARGUMENT` where the peer certificate is another node's, or one is no certificate
 */
export function checkOwnCertificates(own: OwnCertificates, log: Log): void {
  const { domain, nodeId: node, peerTls } = own;
  const peer = certificateOf('peer', peerTls);
  const identity = nodeIdentityOf(peer.subjectAltName);
  if (identity?.domain !== domain || identity.node !== node) {
    const came = identity === undefined ? 'one that names no node' : nodeIdentityUri(identity);
    throw new EngineError(
      'INVALID_ARGUMENT',
      `expected a peer certificate of ${nodeIdentityUri({ domain, node })}, got ${came}`,
    );
  }
  tellDoubts('peer', peer, own, log);
  tellDoubts('public', certificateOf('public', own.tls), own, log);
}

function certificateOf(port: string, { cert }: TlsIdentity): X509Certificate {
  try {
    return new X509Certificate(cert);
  } catch (error) {
    throw tlsFailure(port, error);
  }
}

function tellDoubts(
  port: string,
  certificate: X509Certificate,
  { authority, nowMs }: OwnCertificates,
  log: Log,
): void {
  // Not a reason to stop: the document that names a new authority may be with the other nodes only.
  if (authority !== undefined && !certificate.verify(new X509Certificate(authority).publicKey)) {
    log.error("the certificate is not from the domain's authority, and nobody will trust it", { port });
  }
  const endsMs = Date.parse(certificate.validTo);
  if (endsMs > nowMs + ENDS_SOON_MS) return;
  const tell = endsMs <= nowMs ? log.error : log.warn;
  tell('the certificate ends; `m-cloud domain renew DIR certificates` makes another', {
    port,
    ends: new Date(endsMs).toISOString(),
  });
}
