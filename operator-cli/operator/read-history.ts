import { EngineError } from '../../src/foundation/index.ts';
import { operations } from '../../src/protocol/index.ts';
import type { RingHistory } from '../../src/ring/index.ts';
import { prependHistory, ringHistory } from '../../src/ring/index.ts';
import { documentsBefore } from '../../src/rounds/documents-before.ts';
import { askAnyNode, nodesByTurns } from './ask-nodes.ts';
import { QUESTION_TIMEOUT_MS } from './limits.ts';
import type { CallOptions, OperatorPorts } from './ports.ts';

/**
 * The operator's ring document with all before it, as nodes hand them out; each is named by the one after it.
 * @throws EngineError `RING_REFUSED` for another document, and what asking throws
 */
export async function readHistory(ports: OperatorPorts, options: CallOptions): Promise<RingHistory> {
  const { ring, verifier } = ports;
  const asking = { ...options, timeoutMs: QUESTION_TIMEOUT_MS };
  const older = await documentsBefore(
    ring,
    verifier,
    async (question) =>
      (await askAnyNode(ports, nodesByTurns(ring), operations.READ_RINGS, question, asking)).rings,
  );
  if (older.length < ring.epoch - 1) {
    throw new EngineError(
      'RING_REFUSED',
      `expected the ring documents before epoch ${ring.epoch}, got ${older.length} of them`,
    );
  }
  return older.reduceRight(prependHistory, ringHistory(ring));
}
