import type { ErrorCode } from '../../src/foundation/index.ts';
import { EngineError } from '../../src/foundation/index.ts';
import type { NodeStatus } from '../../src/protocol/index.ts';
import { operations } from '../../src/protocol/index.ts';
import type { DomainId, NodeId } from '../../src/ring/index.ts';
import { type AskedNode, askNode, nodesOf } from './ask-nodes.ts';
import { QUESTION_TIMEOUT_MS } from './limits.ts';
import type { CallOptions, OperatorPorts } from './ports.ts';

/** What a node says of itself, or why it says nothing. */
export type NodeReport =
  | { readonly node: NodeId; readonly domain: DomainId; readonly status: NodeStatus }
  | {
      readonly node: NodeId;
      readonly domain: DomainId;
      readonly failure: { readonly code: ErrorCode; readonly message: string };
    };

/** Asks all nodes of the ring at once; those that do not answer are listed with the reason. */
export async function readStatus(
  ports: OperatorPorts,
  options: CallOptions = {},
): Promise<readonly NodeReport[]> {
  const nodes = nodesOf(
    ports.ring,
    ports.ring.domains.map(({ domain }) => domain),
  );
  return Promise.all(nodes.map((asked) => reportOf(ports, asked, options)));
}

async function reportOf(ports: OperatorPorts, asked: AskedNode, options: CallOptions): Promise<NodeReport> {
  const timeout = { ...options, timeoutMs: QUESTION_TIMEOUT_MS };
  try {
    return { ...asked, status: await askNode(ports, asked, operations.READ_STATUS, null, timeout) };
  } catch (error) {
    options.signal?.throwIfAborted();
    if (!(error instanceof EngineError)) throw error;
    return { ...asked, failure: { code: error.code, message: error.message } };
  }
}
