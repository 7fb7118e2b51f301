import { EngineError } from '../src/foundation/index.ts';
import type { TransportTarget } from '../src/platform/index.ts';
import type { RingDocument } from '../src/ring/index.ts';

/** Where the ring document says each node is reached by operators, and the one authority that vouches for it. */
export function transportTargets(ring: RingDocument): (nodeId: string) => TransportTarget {
  const targets = new Map<string, TransportTarget>();
  for (const { domain, certificateAuthority, nodes } of ring.domains) {
    for (const { id, url } of nodes) {
      targets.set(id, { origin: url, trust: certificateAuthority, pool: domain });
    }
  }
  return (nodeId) => {
    const target = targets.get(nodeId);
    if (target !== undefined) return target;
    throw new EngineError('UNREACHABLE', `expected a node of the ring document, got ${nodeId}`);
  };
}
