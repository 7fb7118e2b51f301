/** Limits of the peer port. Times in milliseconds. */
export interface PeerPortLimits {
  readonly connectionsMax: number;
  readonly callsPerLinkMax: number;
  readonly requestsInFlightMax: number;
  readonly bodyBytesInFlightMax: number;
  readonly unreadBytesMax: number;
  readonly handshakeMs: number;
  readonly frameMs: number;
  readonly operationMs: number;
  readonly idleSocketMs: number;
  readonly closeMs: number;
}

export const PEER_LIMITS: PeerPortLimits = {
  // Two links of every node of the largest ring.
  connectionsMax: 1_024,
  // Twice what a peer has under way, because work goes on for a while when nobody waits for it any more.
  callsPerLinkMax: 2_048,
  // Peers limit themselves; this is the backstop, high because consensus is shed last.
  requestsInFlightMax: 4_096,
  // 32 of the largest pages at a time, or thousands of votes.
  bodyBytesInFlightMax: 268_435_456,
  // A peer that does not read four of the largest answers is asked nothing further until it does.
  unreadBytesMax: 33_554_432,
  // A handshake takes milliseconds; half-open ones hold memory that no request limit sees.
  handshakeMs: 5_000,
  // From a frame's first byte to its last; 8 MiB in it are 6.7 Mbit/s.
  frameMs: 10_000,
  // How long an operation may take that names no time of its own.
  operationMs: 30_000,
  // Peers hang up on idle links much earlier; this ends those of a computer that vanished.
  idleSocketMs: 180_000,
  // A stop waits this long for requests under way. Nothing depends on it: a killed node is the tested case.
  closeMs: 10_000,
};
