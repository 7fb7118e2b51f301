import { EngineError } from '../src/foundation/index.ts';
import type { TransportTarget } from '../src/platform/index.ts';
import type { RingDocument } from '../src/ring/index.ts';

/** Where the ring document says each node is reached by operators, and the one authority that vouches for it. */
export function transportTargets(ring: RingDocument): (nodeId: string) => TransportTarget {
  return growingTargets(ring).target;
}

/** The same where older documents become known later. A node is where the first that listed it says. */
export function growingTargets(ring: RingDocument): {
  readonly target: (nodeId: string) => TransportTarget;
  readonly learn: (older: RingDocument) => void;
} {
  const targets = new Map<string, TransportTarget>();

  function learn({ domains }: RingDocument): void {
    for (const { domain, certificateAuthority, nodes } of domains) {
      for (const { id, url } of nodes) {
        if (!targets.has(id)) targets.set(id, { origin: url, trust: certificateAuthority, pool: domain });
      }
    }
  }

  learn(ring);
  return {
    learn,
    target(nodeId) {
      const target = targets.get(nodeId);
      if (target !== undefined) return target;
      throw new EngineError('UNREACHABLE', `expected a node of the ring document, got ${nodeId}`);
    },
  };
}
