import { constants } from 'node:crypto';
import type { Server } from 'node:net';
import { createServer, type TLSSocket } from 'node:tls';
import type { Log } from '../../src/ports/index.ts';
import { LINK_PROTOCOL } from '../../src/protocol/index.ts';
import type { PeerDomain } from '../engine/phone-book.ts';
import { createAdmission } from '../http/admission.ts';
import { codeOf } from '../http/failures.ts';
import {
  boundPort,
  hostOf,
  type ListenAddress,
  type Listener,
  listenFailure,
  originOf,
  type TlsIdentity,
  tlsFailure,
} from '../http/listener.ts';
import type { Caller, Router } from '../http/router.ts';
import { PEER_LIMITS, type PeerPortLimits } from './limits.ts';
import { peerOf, refuseSharedNames } from './peer-certificate.ts';
import { type ServedLink, serveLink } from './served-link.ts';

export interface PeerPortOptions {
  readonly address: ListenAddress;
  readonly tls: TlsIdentity;
  readonly router: Router;
  readonly log: Log;
  /** The domains of the ring and their nodes; the same array as long as the ring documents stay the same. */
  readonly peers: () => readonly PeerDomain[];
  readonly limits?: Partial<PeerPortLimits>;
}

/**
 * Opens the port for other nodes: links over mutual TLS 1.3, and every call on one the word of one node of the ring.
 * @throws EngineError `ADDRESS_IN_USE`, `INVALID_ARGUMENT`, `RING_REFUSED` (two authorities of one name)
 */
export async function listenPeer(options: PeerPortOptions): Promise<Listener> {
  const { router, log, address } = options;
  refuseSharedNames(options.peers());
  const limits = { ...PEER_LIMITS, ...options.limits };
  const operations = new Map(
    router.operations().map((served) => [`${served.method} ${served.path}`, served]),
  );
  const served = { router, operations, log, limits, admit: createAdmission(limits) };
  const links = new Map<TLSSocket, ServedLink>();
  const server = openServer(options, limits);
  server.on('secureConnection', (socket: TLSSocket) => {
    // Who offers no protocol speaks another one.
    if (socket.alpnProtocol !== LINK_PROTOCOL) {
      socket.destroy();
      return;
    }
    log.debug('link opened', {});
    links.set(socket, serveLink({ ...served, socket, identify: identifier(socket, options.peers) }));
    socket.once('close', () => links.delete(socket));
  });

  const host = hostOf(address);
  await listening(server, host, address.port);
  const port = boundPort(server.address());
  const origin = originOf(host, port);
  log.info('port opened', { name: 'peer', origin });
  let closing: Promise<void> | undefined;
  return {
    origin,
    port,
    close() {
      closing ??= closeServer(server, links, limits.closeMs).then(() =>
        log.info('port closed', { name: 'peer', origin }),
      );
      return closing;
    },
  };
}

function openServer({ tls, peers, log }: PeerPortOptions, limits: PeerPortLimits): Server {
  let server: Server;
  try {
    server = createServer({
      cert: tls.cert,
      key: tls.key,
      ca: peers().map((peer) => peer.certificateAuthority),
      requestCert: true,
      rejectUnauthorized: true,
      // Peers keep their connections; tickets would cost each 13 KB and let a withdrawn certificate resume.
      secureOptions: constants.SSL_OP_NO_TICKET,
      minVersion: 'TLSv1.3',
      ALPNProtocols: [LINK_PROTOCOL],
      handshakeTimeout: limits.handshakeMs,
    });
  } catch (error) {
    throw tlsFailure('peer', tls, error);
  }
  server.maxConnections = limits.connectionsMax;
  server.on('tlsClientError', (error) => {
    log.debug('handshake failed', { port: 'peer', code: codeOf(error) ?? null });
  });
  return server;
}

/** Judges a connection again whenever other ring documents are in force. */
function identifier(socket: TLSSocket, peers: () => readonly PeerDomain[]): () => Caller {
  const certificate = socket.getPeerX509Certificate();
  let judgement: { readonly peers: readonly PeerDomain[]; readonly caller: Caller } | null = null;
  return () => {
    const now = peers();
    if (judgement?.peers !== now) judgement = { peers: now, caller: peerOf(certificate, now) };
    return judgement.caller;
  };
}

function listening(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(listenFailure(host, port, error)));
    server.listen({ host, port }, resolve);
  });
}

async function closeServer(
  server: Server,
  links: ReadonlyMap<TLSSocket, ServedLink>,
  closeMs: number,
): Promise<void> {
  const timer = setTimeout(() => {
    for (const socket of links.keys()) socket.destroy();
  }, closeMs);
  for (const link of links.values()) link.drain();
  await new Promise((resolve) => server.close(resolve));
  clearTimeout(timer);
}
