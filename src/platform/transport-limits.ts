import { limits } from '../protocol/index.ts';

export interface TransportLimits {
  /** Connections to one node. */
  readonly connectionsPerNodeMax: number;
  /** Requests to one node that are under way or wait for a connection. */
  readonly requestsPerNodeMax: number;
  /** Largest body of an answer, bytes. */
  readonly responseBytesMax: number;
  /** Time for TCP and TLS together, milliseconds. */
  readonly connectMs: number;
  /** How long an idle connection is kept, milliseconds. */
  readonly keepAliveMs: number;
}

export const TRANSPORT_LIMITS: TransportLimits = {
  // Ten kept-alive connections saturate a node on loopback; more cost it about 30 KB each and gain nothing.
  connectionsPerNodeMax: 10,
  // Enough for every connection to have its next hundred requests ready; beyond that waiting only adds delay.
  requestsPerNodeMax: 1_024,
  // An answer is never larger than the largest request between nodes.
  responseBytesMax: limits.PEER_BODY_BYTES_MAX,
  // A handshake takes milliseconds; a node that needs longer is better asked later.
  connectMs: 5_000,
  // Below the 30 s after which a node hangs up, so that no request is written into a closing connection.
  keepAliveMs: 25_000,
};
