import { operations } from '../../src/protocol/index.ts';
import type { Published } from '../../src/protocol/ring-messages.ts';
import { askAnyNode, nodesByTurns } from './ask-nodes.ts';
import { ROUND_TIMEOUT_MS } from './limits.ts';
import type { CallOptions, OperatorPorts } from './ports.ts';

/**
 * Gives a new ring document to one node, which passes it on; repeating it says how far it has come.
 * @throws EngineError `RING_REFUSED`, `RING_CONFLICT`, or the failure of every node
 */
export function publishRing(
  ports: OperatorPorts,
  jws: string,
  options: CallOptions = {},
): Promise<Published> {
  const call = { ...options, timeoutMs: ROUND_TIMEOUT_MS };
  return askAnyNode(ports, nodesByTurns(ports.ring), operations.PUBLISH_RING, { ring: jws }, call);
}
