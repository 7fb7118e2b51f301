import type { Clock, RandomBytes, Transport } from '../src/ports/index.ts';
import type { RingDocument, Signer } from '../src/ring/index.ts';
import type { NodeProgram } from './node-program.ts';
import type { Operator } from './operator/index.ts';

/** What `operator.json` leads to: the ring the operator trusts and the key that signs for it. */
export interface OperatorIdentity {
  readonly ring: RingDocument;
  /** PKCS #8 PEM of the operator's Ed25519 key. */
  readonly privateKeyPem: string;
}

/** The operator's program with a network behind it. */
export interface ConnectedOperator {
  readonly operator: Operator;
  /** Signs streams with the operator's key. */
  readonly signer: Signer;
  close(): Promise<void>;
}

/** Everything a command takes from the process it runs in; only main.ts builds the real one. */
export interface CliEnvironment {
  /** Data, on standard output. */
  readonly out: (text: string) => void;
  /** Progress and messages, on standard error. */
  readonly err: (text: string) => void;
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly workingFolder: string;
  /** Columns of the terminal, for help texts. */
  readonly columns: number;
  /** Standard output is a terminal that shows colours. */
  readonly colours: boolean;
  /** Standard error is a terminal, where a progress line may overwrite itself. */
  readonly liveProgress: boolean;
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
  /** Aborted when the person or the system wants the command to end. */
  readonly signal: AbortSignal;
  readonly connect: (identity: OperatorIdentity) => ConnectedOperator;
  /** Runs a node with the settings of a file; its output is added to `log`. */
  readonly startNode: (config: string, log: string) => NodeProgram;
  /** Opens connections to a ring's nodes for somebody who is not its operator. */
  readonly reach: (ring: RingDocument) => Transport;
}
