import { EngineError } from '../../src/foundation/index.ts';
import { operations } from '../../src/protocol/index.ts';
import type { RingHistory } from '../../src/ring/index.ts';
import { openRingDocument, prependHistory, ringHistory } from '../../src/ring/index.ts';
import { askAnyNode, nodesByTurns } from './ask-nodes.ts';
import { QUESTION_TIMEOUT_MS } from './limits.ts';
import type { CallOptions, OperatorPorts } from './ports.ts';

/**
 * The operator's ring document with all before it, as nodes hand them out; each is named by the one after it.
 * @throws EngineError `RING_REFUSED` for another document, and what asking throws
 */
export async function readHistory(ports: OperatorPorts, options: CallOptions): Promise<RingHistory> {
  const { ring, verifier } = ports;
  const missing = ring.epoch - 1;
  const older: string[] = [];
  while (older.length < missing) {
    const { rings } = await askAnyNode(
      ports,
      nodesByTurns(ring),
      operations.READ_RINGS,
      { from: String(older.length + 1) },
      { ...options, timeoutMs: QUESTION_TIMEOUT_MS },
    );
    if (rings.length === 0) {
      throw new EngineError(
        'RING_REFUSED',
        `expected the ring documents before epoch ${ring.epoch}, got ${older.length} of them`,
      );
    }
    older.push(...rings.slice(0, missing - older.length));
  }
  let history = ringHistory(ring);
  for (const jws of older.reverse()) history = prependHistory(history, await openRingDocument(jws, verifier));
  return history;
}
