import { EngineError } from '../../src/foundation/index.ts';
import type { NodeId } from '../../src/ring/index.ts';

/**
 * Asks nodes of which one is enough, one after the other: the next one where the one before has failed or is late. The first
 * answer counts.
 * @param late resolves when a node that was asked now is late.
 * @throws the first refusal that no other node would change, else the last failure; EngineError \`UNREACHABLE\` of no nodes
 */
export async function askInTurn<T>(
  nodes: readonly NodeId[],
  ask: (node: NodeId) => Promise<T>,
  late: (signal: AbortSignal) => Promise<void>,
): Promise<T> {
  const over = new AbortController();
  try {
    return await new Promise<T>((resolve, reject) => {
      let begun = 0;
      let failed = 0;
      const askNext = (): void => {
        const node = nodes[begun];
        if (node === undefined) return;
        begun += 1;
        const turn = begun;
        ask(node).then(resolve, (error: unknown) => {
          failed += 1;
          const final = !(error instanceof EngineError) || !error.retry;
          if (final || failed === nodes.length) reject(error);
          else if (turn === begun) askNext();
        });
        // Who asks the last one has nobody else to ask.
        if (begun < nodes.length) {
          late(over.signal).then(
            () => turn === begun && askNext(),
            () => {},
          );
        }
      };
      if (nodes.length === 0) reject(new EngineError('UNREACHABLE', 'expected a node to ask, got none'));
      askNext();
    });
  } finally {
    over.abort(OVER);
  }
}

/** Why a wait ends; one for all, because the platform would make one with a stack for each. */
const OVER = new DOMException('a node has answered', 'AbortError');
