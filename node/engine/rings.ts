import { EngineError, invariant } from '../../src/foundation/index.ts';
import type { MessageContext, WindowScope } from '../../src/protocol/index.ts';
import type {
  DomainId,
  Epoch,
  NodeId,
  Placement,
  RingDocument,
  RingHistory,
  StoreId,
} from '../../src/ring/index.ts';
import {
  createPlacement,
  livingNodesOf,
  lostStoresOf,
  newestOf,
  nodesEver,
  oldestOf,
  placementsOf,
} from '../../src/ring/index.ts';

/** The ring as a window sees it, for the window's whole life. */
export interface WindowRing {
  /** The document that began the window's placement. */
  readonly ring: RingDocument;
  readonly placement: Placement;
  /** The nodes of a domain in the order of that document. */
  nodesOf(domain: DomainId): readonly NodeId[];
  /** The nodes of a domain that may hold rows of the window: those whose stores are not declared lost. */
  livingNodesOf(domain: DomainId): readonly NodeId[];
  /** Nodes of that document whose store of then is declared lost; what it voted, nobody knows. */
  lostVotersOf(domain: DomainId): readonly NodeId[];
}

/** The ring documents of this node. Whatever concerns a window asks for the one that places it. */
export interface Rings {
  /** The newest document: addresses, authorities, keys, lost stores. */
  newest(): RingDocument;
  history(): RingHistory;
  /** The nodes of a domain whose stores are not declared lost, in any document. */
  livingNodesOf(domain: DomainId): readonly NodeId[];
  of(scope: Pick<WindowScope, 'window'>): WindowRing;
  /** Whether a document gives the node that store, now or before. */
  isStore(node: NodeId, store: StoreId): boolean;
  /** This node's number as a proposer, which no other node ever has. */
  proposer(): number;
  /** What stands in front of every message about a window. */
  contextOf(scope: WindowScope): MessageContext;
  /** Refuses a message under other documents. @throws EngineError `STALE_EPOCH`, `RING_CONFLICT` */
  check(context: MessageContext): void;
  /** @throws EngineError `PLACEMENT_PENDING` for a window whose placement is not known to be in force */
  checkInForce(scope: Pick<WindowScope, 'window'>): void;
  /** @throws EngineError `STORE_IN_DOUBT` when the document that places the window lists another store here */
  checkVote(scope: Pick<WindowScope, 'window'>): void;
  isInForce(placement: Epoch): boolean;
  /** The newest placement known to be in force. */
  inForce(): RingDocument;
  /**
   * The placements not known to be in force, oldest first; a later one may be, and the windows between the two still
   * need theirs.
   */
  pending(): readonly RingDocument[];
  /** The placements that may be in force before that one: the last known to be, and those begun since, oldest first. */
  before(placement: RingDocument): readonly RingDocument[];
  /** Goes on under another row of documents, at once. */
  adopt(history: RingHistory): void;
  putInForce(epoch: Epoch): void;
  /** Stops admission for good: two documents of one epoch exist. */
  stop(reason: string): void;
}

export interface RingsOptions {
  readonly history: RingHistory;
  /** Epochs of placements known to be in force; that of epoch 1 always is. */
  readonly inForce?: readonly number[];
  readonly self: { readonly nodeId: NodeId; readonly domain: DomainId; readonly storeId: StoreId };
}

export function createRings({ history: first, inForce = [], self }: RingsOptions): Rings {
  let history = first;
  let newest = newestOf(history);
  let placements = placementsOf(history);
  /** Every node with every store it has had; null until somebody asks. */
  let stores: ReadonlySet<string> | null = null;
  let conflict: string | null = null;
  const forced = new Set<number>([1, ...inForce]);
  const placed = new Map<number, WindowRing>();

  function placing({ window }: Pick<WindowScope, 'window'>): RingDocument {
    return placements.findLast(({ placementFrom }) => placementFrom <= window) ?? oldestOf(history);
  }

  function viewOf(ring: RingDocument): WindowRing {
    const known = placed.get(ring.epoch);
    if (known !== undefined) return known;
    const sectionOf = (domain: DomainId) => ring.domains.find((found) => found.domain === domain);
    const view: WindowRing = {
      ring,
      placement: createPlacement(ring),
      nodesOf: (domain) => sectionOf(domain)?.nodes.map(({ id }) => id) ?? [],
      livingNodesOf: (domain) => livingNodesOf(history, domain, ring.epoch),
      lostVotersOf(domain) {
        const lost = lostStoresOf(history, domain);
        const nodes = sectionOf(domain)?.nodes ?? [];
        return nodes.filter(({ storeId }) => lost.has(storeId)).map(({ id }) => id);
      },
    };
    placed.set(ring.epoch, view);
    return view;
  }

  function latestInForce(): RingDocument {
    return placements.findLast(({ placementEpoch }) => forced.has(placementEpoch)) ?? oldestOf(history);
  }

  return {
    newest: () => newest,
    history: () => history,
    livingNodesOf: (domain) => livingNodesOf(history, domain, oldestOf(history).epoch),
    of: (scope) => viewOf(placing(scope)),
    isStore(node, store) {
      stores ??= storesEver(history);
      return stores.has(`${node}/${store}`);
    },
    proposer() {
      const place = nodesEver(history).indexOf(self.nodeId);
      invariant(place >= 0, 'a node is in the ring documents it has');
      return place;
    },
    contextOf: ({ stream, window, group }) => ({
      epoch: newest.epoch,
      placementEpoch: placing({ window }).placementEpoch,
      stream,
      window,
      group,
    }),
    check(context) {
      if (conflict !== null) throw new EngineError('RING_CONFLICT', conflict);
      const { placementEpoch } = placing(context);
      if (context.epoch === newest.epoch && context.placementEpoch === placementEpoch) return;
      throw new EngineError(
        'STALE_EPOCH',
        `expected epoch ${newest.epoch} and the placement of epoch ${placementEpoch}, got ${context.epoch} and ${context.placementEpoch}`,
        { epoch: newest.epoch },
      );
    },
    checkInForce(scope) {
      const { placementEpoch, placementFrom } = placing(scope);
      if (forced.has(placementEpoch)) return;
      throw new EngineError(
        'PLACEMENT_PENDING',
        `expected the placement of epoch ${placementEpoch}, for windows from ${placementFrom} on, to be in force; too few nodes are known to have its document`,
      );
    },
    checkVote(scope) {
      const { ring } = viewOf(placing(scope));
      const section = ring.domains.find(({ domain }) => domain === self.domain);
      const listed = section?.nodes.find(({ id }) => id === self.nodeId);
      if (listed === undefined || listed.storeId === self.storeId) return;
      throw new EngineError(
        'STORE_IN_DOUBT',
        `this store does not vote: in windows of the placement of epoch ${ring.epoch} store ${listed.storeId} did`,
      );
    },
    isInForce: (placement) => forced.has(placement),
    inForce: latestInForce,
    // What came before the first document here, nobody can judge by it.
    pending: () => placements.slice(1).filter(({ placementEpoch }) => !forced.has(placementEpoch)),
    before(placement) {
      const older = placements.filter(({ epoch }) => epoch < placement.epoch);
      const last = older.findLastIndex(({ placementEpoch }) => forced.has(placementEpoch));
      return older.slice(Math.max(0, last));
    },
    adopt(next) {
      history = next;
      stores = null;
      newest = newestOf(history);
      placements = placementsOf(history);
    },
    putInForce(epoch) {
      forced.add(epoch);
    },
    stop(reason) {
      conflict ??= reason;
    },
  };
}

function storesEver({ documents }: RingHistory): ReadonlySet<string> {
  const nodes = documents.flatMap(({ domains }) => domains.flatMap((section) => section.nodes));
  return new Set(nodes.map(({ id, storeId }) => `${id}/${storeId}`));
}
