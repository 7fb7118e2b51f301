import type { Clock, RandomBytes, Transport } from '../../src/ports/index.ts';
import type { DomainId, RingDocument, Verifier } from '../../src/ring/index.ts';

/** Everything the operator's program needs from outside; the simulator hands over its own. */
export interface OperatorPorts {
  /** The ring document the operator assembled and trusts. */
  readonly ring: RingDocument;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
  readonly verifier: Verifier;
  /** A bearer token for the nodes of one domain; another domain must not be able to replay it. */
  readonly tokenFor: (domain: DomainId) => Promise<string>;
  /** Hears of an older document whose nodes are about to be asked, where the transport does not know them. */
  readonly learn?: (older: RingDocument) => void;
}

/** What every call that waits takes. */
export interface CallOptions {
  readonly signal?: AbortSignal;
}

/** How long to keep asking for something that is not decided yet. */
export interface WaitOptions extends CallOptions {
  readonly waitMs?: number;
}
