import { EngineError, toBase64Url } from '../../src/foundation/index.ts';
import type { SealingKeyPair, Store } from '../../src/ports/index.ts';
import type { DomainId, NodeId, RingDocument, RingHistory, StoreId, Verifier } from '../../src/ring/index.ts';
import {
  extendHistory,
  lostStoresOf,
  newestOf,
  openRingDocument,
  ringHistory,
} from '../../src/ring/index.ts';
import type { RingRow } from './ring-rows.ts';
import { readRingRows } from './ring-rows.ts';
import type { RowSeal } from './row-seal.ts';
import type { StoreHealth } from './store-health.ts';

/** Who a node is. */
export interface NodeSelf {
  readonly nodeId: NodeId;
  readonly domain: DomainId;
  readonly storeId: StoreId;
}

/** What a node says about itself when it starts; the ring documents must agree. */
export interface NodeClaims {
  readonly nodeId: NodeId;
  readonly domain: DomainId;
  readonly storeId?: StoreId;
  readonly sealingKey: SealingKeyPair;
  readonly formerSealingKeys?: readonly SealingKeyPair[];
}

/** The ring documents a node starts with, and what its store has promised and found out about them. */
export interface OwnDocuments {
  readonly history: RingHistory;
  readonly self: NodeSelf;
  /** Epochs of placements that this store has promised. */
  readonly promised: readonly number[];
  /** Epochs of placements known to be in force. */
  readonly inForce: readonly number[];
}

/**
 * Reads what the store has kept, or takes the document it is given.
 * @throws EngineError `RING_REFUSED`
 */
export async function openDocuments(
  disk: {
    readonly store: Store;
    readonly rowSeal: RowSeal;
    readonly storeKey: Uint8Array;
    readonly verifier: Verifier;
    readonly health: Pick<StoreHealth, 'raise'>;
  },
  given: RingDocument,
  claims: NodeClaims,
): Promise<OwnDocuments> {
  const kept = await readRingRows(disk.store, disk.rowSeal, disk.storeKey, disk.health);
  const history = await historyOf(kept, given, disk.verifier);
  return {
    history,
    self: selfOf(newestOf(history), given, claims),
    promised: epochsOf(kept, 'promised'),
    inForce: epochsOf(kept, 'inForce'),
  };
}

/** @throws EngineError `RING_REFUSED` when the documents do not list the node with this store, now or before its loss */
function selfOf(
  newest: RingDocument,
  given: RingDocument,
  { nodeId, domain, storeId: own, sealingKey, formerSealingKeys = [] }: NodeClaims,
): NodeSelf {
  const sections = [newest, given].flatMap((ring) =>
    ring.domains.filter((section) => section.domain === domain),
  );
  const listed = sections.flatMap(({ nodes }) => nodes).filter(({ id }) => id === nodeId);
  const found = listed.map((node) => node.storeId);
  const [first] = found;
  if (first === undefined) {
    const others = sections.flatMap(({ nodes }) => nodes.map(({ id }) => id));
    throw new EngineError(
      'RING_REFUSED',
      `expected node ${nodeId} in domain ${domain} of the ring document, got ${[...new Set(others)].join(', ') || 'no such domain'}`,
    );
  }
  // Before the document of a new key is published the section still names the one before.
  const sealing = [sealingKey, ...formerSealingKeys].map(({ publicKey }) => toBase64Url(publicKey));
  if (!sections.some((section) => sealing.includes(section.sealingKey))) {
    throw new EngineError(
      'RING_REFUSED',
      `expected the sealing key that the section of domain ${domain} names, got another one`,
    );
  }
  const store = own ?? first;
  const lost = lostStoresOf({ documents: [newest] }, domain);
  if (found.includes(store) || lost.has(store)) return { nodeId, domain, storeId: store };
  throw new EngineError(
    'RING_REFUSED',
    `expected store ${first} of node ${nodeId} as the ring document lists it, got ${store}`,
  );
}

/** What the store has kept, or else the document it is given. @throws EngineError `RING_CONFLICT`, `RING_REFUSED` */
async function historyOf(
  kept: readonly RingRow[],
  given: RingDocument,
  verifier: Verifier,
): Promise<RingHistory> {
  const [first, ...rest] = kept;
  if (first === undefined) return ringHistory(given);
  let history = ringHistory(await openRingDocument(first.jws, verifier));
  for (const { jws } of rest) history = extendHistory(history, await openRingDocument(jws, verifier));
  return history;
}

function epochsOf(kept: readonly RingRow[], fact: 'promised' | 'inForce'): readonly number[] {
  return kept.filter((row) => row[fact]).map(({ epoch }) => epoch);
}
