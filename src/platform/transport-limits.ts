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

/** Of one connection to the peer port of a node. */
export interface LinkLimits {
  /** Calls under way. */
  readonly callsMax: number;
  /** Bytes of calls that the node has not taken, from which no further call is begun. */
  readonly unsentBytesMax: number;
  /** Time for TCP and TLS together, milliseconds. */
  readonly connectMs: number;
  /** How long a link without calls is kept, milliseconds. */
  readonly idleMs: number;
  /** Calls that may wait longer than this, milliseconds, have a link of their own. */
  readonly urgentMs: number;
}

export const LINK_LIMITS: LinkLimits = {
  // As many as wait for a node of sensors: beyond that waiting only adds delay.
  callsMax: TRANSPORT_LIMITS.requestsPerNodeMax,
  // Four of the largest pages: a node that does not read them is not helped by more.
  unsentBytesMax: 33_554_432,
  connectMs: TRANSPORT_LIMITS.connectMs,
  // Care comes round every second, so that links of a ring that works are never idle; below the 180 s of the port.
  idleMs: 60_000,
  // What a sensor waits for has two seconds and no more. A page of 8 MiB in front of it would take most of that on a slow line.
  urgentMs: 2_000,
};
