import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { nodeIdentityOf, nodeIdentityUri } from '../src/platform/index.ts';
import type { Log } from '../src/ports/index.ts';
import type { DomainId, NodeId } from '../src/ring/index.ts';
import { type TlsIdentity, tlsFailure, wrongTls } from './http/index.ts';

/** From when on the end of a certificate is told, ms before it: time for a person to renew it. */
const ENDS_SOON_MS = 30 * 86_400_000;

export interface OwnCertificates {
  readonly domain: DomainId;
  readonly nodeId: NodeId;
  readonly tls: TlsIdentity;
  readonly peerTls: TlsIdentity;
  /** PEM of the domain's certificate authority in the newest ring document known here; a domain may have left. */
  readonly authority: string | undefined;
  /** Where the newest ring document known here has the node, without brackets. */
  readonly host: string | undefined;
  readonly nowMs: number;
}

/**
 * Looks at the certificates that a node is about to show: with the wrong ones it would run, and everybody would
 * hang up on it. Logs what a newer ring document or a renewal may set right.
 * @throws EngineError `INVALID_ARGUMENT` where the peer certificate is another node's or none, or where a peer's is for the public port
 */
export function checkOwnCertificates(own: OwnCertificates, log: Log): void {
  const { domain, nodeId: node, peerTls } = own;
  const peer = certificateOf('peer', peerTls);
  const identity = nodeIdentityOf(peer.subjectAltName);
  if (identity?.domain !== domain || identity.node !== node) {
    const came = identity === undefined ? 'one that names no node' : nodeIdentityUri(identity);
    throw wrongTls(`a peer certificate of ${nodeIdentityUri({ domain, node })}`, peerTls, came);
  }
  const open = certificateOf('public', own.tls);
  const peerShown = nodeIdentityOf(open.subjectAltName);
  // It would work, and put the key by which other nodes know this one at the port that everybody reaches.
  if (peerShown !== undefined) {
    throw wrongTls(
      'a certificate for the public port',
      own.tls,
      `the peer certificate of ${nodeIdentityUri(peerShown)}`,
    );
  }
  tellDoubts('peer', peer, own, log);
  tellDoubts('public', open, own, log);
  if (own.host === undefined || isFor(open, own.host)) return;
  log.error("the certificate is not for the node's host, and no sensor will trust it", {
    port: 'public',
    host: own.host,
  });
}

function certificateOf(port: string, tls: TlsIdentity): X509Certificate {
  try {
    return new X509Certificate(tls.cert);
  } catch (error) {
    throw tlsFailure(port, tls, error);
  }
}

function isFor(certificate: X509Certificate, host: string): boolean {
  return (isIP(host) === 0 ? certificate.checkHost(host) : certificate.checkIP(host)) !== undefined;
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
