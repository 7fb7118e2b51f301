import type { Clock, RandomBytes, Sealing, Transport } from '../src/ports/index.ts';
import type { Verifier } from '../src/ring/index.ts';

/** Where a node is reached and what vouches for it, from the ring document in force. */
export interface NodeTarget {
  /** `https://host:port`. */
  readonly origin: string;
  /** PEM of the certificate authority of the node's domain: the only one its certificate may come from. */
  readonly trust: string;
  /** Id of the node's domain; connections are never shared between two. */
  readonly pool: string;
}

/** Everything a sensor needs from outside: real in Node and browsers, simulated in tests. */
export interface SensorPorts {
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
  readonly verifier: Verifier;
  readonly sealing: Sealing;
  /**
   * Opens the network. The sensor closes the transport it got.
   * @param targets looks a node up in the newest ring document. @throws EngineError `WRONG_NODE`
   */
  connect(targets: (nodeId: string) => NodeTarget): Transport;
}
