import { EngineError, invariant } from '../foundation/index.ts';
import type { RingDocument } from './document.ts';
import type { DomainId, Epoch, NodeId, StoreId } from './identifiers.ts';
import { RING_DOCUMENTS_MAX } from './limits.ts';
import type { DomainSection, RingNode } from './section.ts';
import { checkSectionSuccessor, checkSuccessor } from './successor.ts';

/** Ring documents in a row, each the successor of the one before; never empty. */
export interface RingHistory {
  readonly documents: readonly RingDocument[];
}

/** A history that begins with the given document, whatever came before it. */
export function ringHistory(first: RingDocument): RingHistory {
  return { documents: [first] };
}

export function newestOf({ documents }: RingHistory): RingDocument {
  const newest = documents.at(-1);
  invariant(newest !== undefined, 'a history has a document');
  return newest;
}

export function oldestOf({ documents }: RingHistory): RingDocument {
  const [oldest] = documents;
  invariant(oldest !== undefined, 'a history has a document');
  return oldest;
}

/**
 * Adds the next document, after all that any document before it forbids: a section older than one seen, a
 * store or node that changes hands.
 * @throws EngineError `RING_CONFLICT`, `RING_REFUSED` naming the broken rule
 */
export function extendHistory(history: RingHistory, next: RingDocument): RingHistory {
  const newest = newestOf(history);
  checkSuccessor(newest, next);
  if (next.hash === newest.hash) return history;
  const { documents } = history;
  if (next.epoch > RING_DOCUMENTS_MAX) {
    throw refused(`expected at most ${RING_DOCUMENTS_MAX} documents of a ring, got epoch ${next.epoch}`);
  }
  for (const section of next.domains) {
    const last = sectionsOf(history, section.domain).at(-1);
    if (last !== undefined) checkSectionSuccessor(last, section);
  }
  checkHands(documents, next);
  return { documents: [...documents, next] };
}

/**
 * Adds the document before the oldest one, which names it by its hash; so no signature needs to be believed.
 * @throws EngineError `RING_REFUSED` when it is another one
 */
export function prependHistory(history: RingHistory, older: RingDocument): RingHistory {
  const oldest = oldestOf(history);
  if (oldest.previous !== older.hash) {
    throw refused(
      `expected the document ${String(oldest.previous)} before epoch ${oldest.epoch}, got ${older.hash}`,
    );
  }
  checkSuccessor(older, oldest);
  return { documents: [older, ...history.documents] };
}

/** A node keeps its domain and a store its node for ever: votes and proposals are known by these names. */
function checkHands(documents: readonly RingDocument[], next: RingDocument): void {
  const domainOf = new Map<NodeId, DomainId>();
  const nodeOf = new Map<StoreId, NodeId>();
  for (const { node, domain } of documents.flatMap(placedNodes)) {
    domainOf.set(node.id, domain);
    nodeOf.set(node.storeId, node.id);
  }
  const lost = new Set(documents.flatMap(({ domains }) => domains.flatMap(({ lostStores }) => lostStores)));
  const before = new Map(placedNodes(documents.at(-1)).map(({ node }) => [node.id, node.storeId]));
  for (const { node, domain } of placedNodes(next)) {
    if ((domainOf.get(node.id) ?? domain) !== domain) {
      throw refused(
        `expected node ${node.id} in domain ${domainOf.get(node.id)} for ever, got it in ${domain}`,
      );
    }
    if ((nodeOf.get(node.storeId) ?? node.id) !== node.id) {
      throw refused(
        `expected store ${node.storeId} at node ${nodeOf.get(node.storeId)} for ever, got it at ${node.id}`,
      );
    }
    if (lost.has(node.storeId) && before.get(node.id) !== node.storeId) {
      throw refused(`expected no node to come back with the lost store ${node.storeId}, got node ${node.id}`);
    }
  }
}

function placedNodes(
  ring: RingDocument | undefined,
): readonly { readonly node: RingNode; readonly domain: DomainId }[] {
  if (ring === undefined) return [];
  return ring.domains.flatMap(({ domain, nodes }) => nodes.map((node) => ({ node, domain })));
}

/** The documents that begin a placement; the first of the history stands for what began before it. */
export function placementsOf({ documents }: RingHistory): readonly RingDocument[] {
  return documents.filter((ring, place) => place === 0 || ring.placementEpoch === ring.epoch);
}

/**
 * The document that places a window, for the window's whole life: the newest one whose placement begins at the
 * window's start or before.
 */
export function placingDocument(history: RingHistory, window: number): RingDocument {
  const placing = placementsOf(history).findLast(({ placementFrom }) => placementFrom <= window);
  return placing ?? oldestOf(history);
}

/** Whether the history reaches back to the document that places the window. */
export function reaches(history: RingHistory, window: number): boolean {
  const oldest = oldestOf(history);
  return oldest.epoch === 1 || oldest.placementFrom <= window;
}

/** The sections of a domain from the document of the given epoch on, oldest first. */
export function sectionsOf(
  { documents }: RingHistory,
  domain: DomainId,
  from: Epoch | 0 = 0,
): readonly DomainSection[] {
  return documents
    .filter(({ epoch }) => epoch >= from)
    .flatMap(({ domains }) => domains.find((section) => section.domain === domain) ?? []);
}

/** The stores of a domain that its newest section declares lost. */
export function lostStoresOf(history: RingHistory, domain: DomainId): ReadonlySet<StoreId> {
  return new Set(sectionsOf(history, domain).at(-1)?.lostStores ?? []);
}

/**
 * The nodes of a domain that may hold rows of a window which the document of the given epoch places: all that
 * this or a later section lists, without those whose last store is declared lost. Those of that document first.
 */
export function livingNodesOf(history: RingHistory, domain: DomainId, from: Epoch): readonly NodeId[] {
  const lost = lostStoresOf(history, domain);
  const stores = new Map<NodeId, StoreId>();
  for (const { nodes } of sectionsOf(history, domain, from)) {
    for (const { id, storeId } of nodes) stores.set(id, storeId);
  }
  return [...stores].filter(([, store]) => !lost.has(store)).map(([id]) => id);
}

/**
 * Every node that any document lists, in the order in which they came: a node's place is its number as a
 * proposer, which no other node ever has. Needs a history from epoch 1 on.
 */
export function nodesEver({ documents }: RingHistory): readonly NodeId[] {
  return [...new Set(documents.flatMap((ring) => placedNodes(ring).map(({ node }) => node.id)))];
}

/** The ring as streams are checked against it: every domain there was, under every key it had. */
export function ringOfStreams(
  history: RingHistory,
): Pick<RingDocument, 'operatorKey' | 'development' | 'domains'> {
  const { operatorKey, development } = newestOf(history);
  return { operatorKey, development, domains: history.documents.flatMap(({ domains }) => domains) };
}

function refused(message: string): EngineError {
  return new EngineError('RING_REFUSED', message);
}
