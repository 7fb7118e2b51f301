import { connect, type TLSSocket } from 'node:tls';
import type { PeerDomain } from '../../node/engine/phone-book.ts';
import type { Listener } from '../../node/http/index.ts';
import { listenPeer, type PeerPortLimits } from '../../node/links/index.ts';
import { createLinkTransport, type LinkLimits, type LinkTransportOptions } from '../../src/platform/index.ts';
import type { Transport } from '../../src/ports/index.ts';
import { LINK_PROTOCOL } from '../../src/protocol/index.ts';
import { domainId, nodeId } from '../../src/ring/index.ts';
import { createAuthority, type IssuedCertificate, type TestAuthority } from './certificates.ts';
import { type FakeRouter, fakeRouter } from './fake-router.ts';
import { recordingLog } from './recording-log.ts';

export interface LinkScene {
  readonly alpha: TestAuthority;
  /** Of node a-2, which calls node a-1. */
  readonly identity: IssuedCertificate;
  readonly peers: readonly PeerDomain[];
  /** Opens the peer port of node a-1. */
  serve(limits?: Partial<PeerPortLimits>): Promise<ServedPort>;
  transportTo(origin: string, limits?: Partial<LinkLimits>): Transport;
  /** The links of node a-2. */
  transport(options: Omit<LinkTransportOptions, 'clientCertificate'>): Transport;
  /** A connection that speaks for itself; without a protocol where that is null. */
  dial(port: number, protocol?: string | null): Promise<RawLink>;
  close(): Promise<void>;
}

export interface ServedPort extends Listener {
  readonly router: FakeRouter;
  readonly log: ReturnType<typeof recordingLog>;
}

export interface RawLink {
  readonly socket: TLSSocket;
  /** How many bytes have come. */
  receivedBytes(): number;
  readonly closed: Promise<void>;
}

/** One domain with two nodes, of which the test plays both. */
export async function linkScene(): Promise<LinkScene> {
  const alpha = await createAuthority('alpha');
  const identity = await alpha.issue(['mcloud://alpha/a-2']);
  const tls = await alpha.issue(['mcloud://alpha/a-1']);
  const nodes = [{ id: nodeId('a-1') }, { id: nodeId('a-2') }];
  const peers = [{ domain: domainId('alpha'), certificateAuthority: alpha.pem, nodes }];
  const opened: (() => unknown)[] = [];

  function transport(options: Omit<LinkTransportOptions, 'clientCertificate'>): Transport {
    const links = createLinkTransport({ ...options, clientCertificate: identity });
    opened.push(() => links.close());
    return links;
  }

  return {
    alpha,
    identity,
    peers,
    async serve(limits = {}) {
      const router = fakeRouter();
      const log = recordingLog();
      const listener = await listenPeer({
        address: { port: 0 },
        tls,
        router,
        log,
        peers: () => peers,
        limits: { closeMs: 1_000, ...limits },
      });
      opened.push(() => listener.close());
      return { ...listener, router, log };
    },
    transportTo: (origin, limits = {}) =>
      transport({ targets: () => ({ origin, trust: alpha.pem, pool: 'alpha' }), limits }),
    transport,
    async dial(port, protocol = LINK_PROTOCOL) {
      const socket = connect({
        host: '127.0.0.1',
        port,
        ca: alpha.pem,
        ...identity,
        ...(protocol === null ? {} : { ALPNProtocols: [protocol] }),
      });
      opened.push(() => socket.destroy());
      let bytes = 0;
      socket.on('data', ({ length }) => {
        bytes += length;
      });
      socket.on('error', () => {});
      const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
      await Promise.race([closed, new Promise<void>((resolve) => socket.once('secureConnect', resolve))]);
      return { socket, receivedBytes: () => bytes, closed };
    },
    async close() {
      for (const end of opened.splice(0).reverse()) await end();
    },
  };
}
