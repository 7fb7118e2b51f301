import { EngineError } from '../../src/foundation/index.ts';
import type { NodeId } from '../../src/ring/index.ts';

/**
 * Asks nodes of which one is enough, one after the other: the next one where the one before has failed, the second one also
 * where the first is late. The first answer counts.
 * @param late resolves when the first node is late.
 * @throws the first refusal that no other node would change, else the last failure; EngineError `UNREACHABLE` of no nodes
 */
export function askInTurn<T>(
  nodes: readonly NodeId[],
  ask: (node: NodeId) => Promise<T>,
  late: Promise<void>,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    let begun = 0;
    const end = (settle: () => void): void => {
      begun = nodes.length;
      settle();
    };
    let failed = 0;
    const askNext = (): void => {
      const node = nodes[begun];
      if (node === undefined) return;
      begun += 1;
      const turn = begun;
      ask(node).then(
        (answer) => end(() => resolve(answer)),
        (error: unknown) => {
          failed += 1;
          const final = !(error instanceof EngineError) || !error.retry;
          if (final || failed === nodes.length) end(() => reject(error));
          else if (turn === begun) askNext();
        },
      );
    };
    if (nodes.length === 0) reject(new EngineError('UNREACHABLE', 'expected a node to ask, got none'));
    askNext();
    late.then(
      () => begun === 1 && askNext(),
      () => {},
    );
  });
}
