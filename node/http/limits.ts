/** Limits of the public port. Times in milliseconds. */
export interface HttpLimits {
  readonly headerBytesMax: number;
  readonly connectionsMax: number;
  readonly requestsInFlightMax: number;
  readonly bodyBytesInFlightMax: number;
  readonly requestsPerConnectionMax: number;
  readonly handshakeMs: number;
  readonly headersMs: number;
  readonly requestMs: number;
  readonly operationMs: number;
  readonly idleSocketMs: number;
  readonly keepAliveMs: number;
  readonly sweepMs: number;
  readonly closeMs: number;
}

export const PUBLIC_LIMITS: HttpLimits = {
  // A token is under 1 KiB and nothing else in a header is ours.
  headerBytesMax: 8_192,
  // Moves a connection to another process behind a load balancer now and then, without costing handshakes.
  requestsPerConnectionMax: 10_000,
  // A handshake takes milliseconds; half-open ones hold memory that no request limit sees.
  handshakeMs: 5_000,
  // Somebody who sends a header byte by byte holds a connection for no longer than this.
  headersMs: 5_000,
  // Time for header and body together; 2 MiB in it are 1.7 Mbit/s.
  requestMs: 10_000,
  // How long an operation may take that names no time of its own.
  operationMs: 30_000,
  // Node hangs up on a socket without traffic, also while an operation works: above every operation's time.
  idleSocketMs: 180_000,
  // A sensor that uploads every few seconds keeps its connection; one that comes hourly does not hold 30 KB.
  keepAliveMs: 30_000,
  // Node looks for overdue headers and requests this often; its own 30 s would make the two limits coarse.
  sweepMs: 1_000,
  // A stop waits this long for requests under way. Nothing depends on it: a killed node is the tested case.
  closeMs: 10_000,
  // An idle TLS connection costs about 30 KB: 10,000 are 300 MB.
  connectionsMax: 10_000,
  // Ten times what two cores work off in a second of binary batches would only be waited for.
  requestsInFlightMax: 2_048,
  // Without it the requests above could hold 4 GiB of bodies; a batch of 1,000 shares is about 50 KB.
  bodyBytesInFlightMax: 268_435_456,
};
