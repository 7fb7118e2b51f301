import { EngineError } from '../../src/foundation/index.ts';
import type { MessageContext, WindowScope } from '../../src/protocol/index.ts';
import type { DomainId, NodeId, Placement, RingDocument } from '../../src/ring/index.ts';
import { createPlacement } from '../../src/ring/index.ts';

/** The ring as a window sees it, for the window's whole life. */
export interface WindowRing {
  /** The document that places the window. */
  readonly ring: RingDocument;
  readonly placement: Placement;
  /** The nodes of a domain in the order of that document. */
  nodesOf(domain: DomainId): readonly NodeId[];
  /** The nodes of a domain that may hold rows of the window: those whose stores are not declared lost. */
  livingNodesOf(domain: DomainId): readonly NodeId[];
}

/** The ring documents of this node. Whatever concerns a window asks for the one that places it. */
export interface Rings {
  /** The document in force: addresses, authorities, keys. */
  newest(): RingDocument;
  /** The nodes of a domain whose stores are not declared lost. */
  livingNodesOf(domain: DomainId): readonly NodeId[];
  of(scope: Pick<WindowScope, 'window'>): WindowRing;
  /** What stands in front of every message about a window. */
  contextOf(scope: WindowScope): MessageContext;
  /** Refuses a message under other documents. @throws EngineError `STALE_EPOCH` */
  check(context: MessageContext): void;
}

export function createRings(ring: RingDocument): Rings {
  const sectionOf = (domain: DomainId) => ring.domains.find((found) => found.domain === domain);
  function livingNodesOf(domain: DomainId): readonly NodeId[] {
    const section = sectionOf(domain);
    if (section === undefined) return [];
    return section.nodes.filter(({ storeId }) => !section.lostStores.includes(storeId)).map(({ id }) => id);
  }
  const placed: WindowRing = {
    ring,
    placement: createPlacement(ring),
    nodesOf: (domain) => sectionOf(domain)?.nodes.map(({ id }) => id) ?? [],
    livingNodesOf,
  };

  return {
    newest: () => ring,
    livingNodesOf,
    of: () => placed,
    contextOf: ({ stream, window, group }) => ({
      epoch: ring.epoch,
      placementEpoch: placed.ring.epoch,
      stream,
      window,
      group,
    }),
    check(context) {
      if (context.epoch === ring.epoch && context.placementEpoch === placed.ring.epoch) return;
      throw new EngineError('STALE_EPOCH', `expected epoch ${ring.epoch}, got ${context.epoch}`, {
        epoch: ring.epoch,
      });
    },
  };
}
