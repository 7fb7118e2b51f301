import type { EngineError } from '../../src/foundation/index.ts';
import { DETAIL_CHARS_MAX } from '../../src/foundation/index.ts';
import type { Published, RingState } from '../../src/protocol/ring-messages.ts';
import { MISSING_NAMED_MAX } from '../../src/protocol/ring-messages.ts';
import type { NodeId } from '../../src/ring/index.ts';
import { nodesEver } from '../../src/ring/index.ts';
import type { Rings } from '../engine/rings.ts';

type Missing = Published['missing'][number];

/**
 * Which nodes a published document still needs, and why: those that are not known to have it, and while its placement is
 * not in force those that have it and promise nothing.
 * @param nodes of the newest document.
 * @param failures what each node failed with when it was last asked.
 */
export function missingNodes(
  rings: Pick<Rings, 'newest' | 'pending' | 'before'>,
  nodes: readonly NodeId[],
  stateOf: (node: NodeId) => RingState | undefined,
  failures: ReadonlyMap<NodeId, EngineError | undefined>,
): Missing[] {
  const { epoch, placementEpoch } = rings.newest();
  const voters = new Set(nodesEver({ documents: rings.pending().flatMap(rings.before) }));
  return [...new Set([...nodes, ...voters])]
    .flatMap((node): Missing[] => {
      const state = stateOf(node);
      if ((state?.epoch ?? 0) < epoch) return [{ node, ...whyWithout(failures.get(node), state) }];
      if (!voters.has(node) || state?.unpromised.includes(placementEpoch) !== true) return [];
      const message =
        'has it, but promises nothing: it voted in a window that begins later, or its store is in doubt';
      return [{ node, code: 'PLACEMENT_PENDING', message }];
    })
    .slice(0, MISSING_NAMED_MAX);
}

function whyWithout(failure: EngineError | undefined, state: RingState | undefined): Omit<Missing, 'node'> {
  if (failure !== undefined)
    return { code: failure.code, message: failure.message.slice(0, DETAIL_CHARS_MAX) };
  const epoch = state === undefined ? 'it was not asked yet' : `it uses the document of epoch ${state.epoch}`;
  return { code: 'STALE_EPOCH', message: epoch };
}
