import type { NodeStatus } from '../../src/protocol/index.ts';
import { operations } from '../../src/protocol/index.ts';
import { type AskedNode, answerOrReason, askNode, everyNode, type Unanswered } from './ask-nodes.ts';
import { QUESTION_TIMEOUT_MS } from './limits.ts';
import type { CallOptions, OperatorPorts } from './ports.ts';

/** What a node says of itself, or why it says nothing. */
export type NodeReport = AskedNode & ({ readonly status: NodeStatus } | Unanswered);

/** Asks all nodes of the ring at once; those that do not answer are listed with the reason. */
export async function readStatus(
  ports: OperatorPorts,
  options: CallOptions = {},
): Promise<readonly NodeReport[]> {
  return Promise.all(everyNode(ports.ring).map((asked) => reportOf(ports, asked, options)));
}

async function reportOf(ports: OperatorPorts, asked: AskedNode, options: CallOptions): Promise<NodeReport> {
  const timeout = { ...options, timeoutMs: QUESTION_TIMEOUT_MS };
  const report = await answerOrReason(options, async () => ({
    status: await askNode(ports, asked, operations.READ_STATUS, null, timeout),
  }));
  return { ...asked, ...report };
}
