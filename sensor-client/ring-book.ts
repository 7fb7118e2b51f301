import { EngineError } from '../src/foundation/index.ts';
import type { Clock, RandomBytes } from '../src/ports/index.ts';
import type { RingsAnswer, RingsQuery } from '../src/protocol/ring-messages.ts';
import type {
  DomainId,
  DomainSection,
  Epoch,
  NodeId,
  Placement,
  RingDocument,
  RingHistory,
  RingNode,
  RingTrust,
  Verifier,
  WindowId,
} from '../src/ring/index.ts';
import {
  createPlacement,
  extendHistory,
  newestOf,
  oldestOf,
  openRingDocument,
  placingDocument,
  prependHistory,
  reaches,
  ringHistory,
} from '../src/ring/index.ts';
import { documentsBefore } from '../src/rounds/documents-before.ts';
import { askAnyNode, nodesByTurns } from './ask-nodes.ts';
import type { Request } from './jobs.ts';
import type { NodeTarget } from './ports.ts';

/** The ring as a window's readings see it. */
export interface RingView {
  /** The newest document. */
  readonly ring: RingDocument;
  readonly placement: Placement;
  readonly placementEpoch: Epoch;
}

/** The ring documents a sensor has followed from the one in its bundle on, each checked against the one before. */
export interface RingBook {
  newest(): RingDocument;
  history(): RingHistory;
  view(window: WindowId): RingView;
  /** Where a node is reached, also one that only an older document lists. @throws EngineError `WRONG_NODE` */
  target(nodeId: string): NodeTarget;
  /** The newest section of a node's domain. @throws EngineError `WRONG_NODE` */
  domainOf(node: NodeId): DomainSection;
  /** Follows the documents that the node has and the sensor has not. @throws `RING_CONFLICT`, `RING_REFUSED`, ... */
  refresh(node: NodeId): Promise<void>;
  /** Fetches older documents where the window was placed before those at hand. */
  reach(window: WindowId): void | Promise<void>;
  /** Fetches all older documents. */
  reachFirst(): Promise<void>;
}

export interface RingBookOptions {
  readonly ring: RingDocument;
  readonly trust: RingTrust;
  readonly verifier: Verifier;
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
  readonly request: Request;
  readonly readRings: (node: NodeId, question: RingsQuery, signal: AbortSignal) => Promise<RingsAnswer>;
  /** Refuses what the sensor's policy or memory does not allow. */
  readonly accept: (next: RingDocument) => void;
  /** Keeps a document that was followed, for the sensor's next start. */
  readonly followed: (next: RingDocument) => Promise<void>;
}

export function createRingBook(options: RingBookOptions): RingBook {
  const { verifier, trust, accept, followed, readRings, request } = options;
  let history = ringHistory(options.ring);
  let domainKeys = trust.domainKeys;
  const placements = new Map<Epoch, Placement>();
  let found: { readonly in: RingHistory; readonly nodes: Map<string, Listed> } | undefined;

  /** Every message of a sensor asks for the nodes it goes to. */
  function listedNow(nodeId: string): Listed {
    if (found?.in !== history) found = { in: history, nodes: new Map() };
    const one = found.nodes.get(nodeId) ?? listed(history, nodeId);
    found.nodes.set(nodeId, one);
    return one;
  }

  const isKnown = (jws: string): boolean => history.documents.some((known) => known.jws === jws);

  async function follow(jws: string): Promise<void> {
    const pinned = domainKeys === undefined ? trust : { ...trust, domainKeys };
    const next = await openRingDocument(jws, verifier, pinned);
    // Another node may have handed out the same and more meanwhile.
    if (isKnown(jws)) return;
    const extended = extendHistory(history, next);
    accept(next);
    history = extended;
    // From here on the domain's new key is the one that counts, and the next rotation starts from it.
    if (domainKeys === undefined) return;
    const keys: Record<DomainId, string> = { ...domainKeys };
    for (const { domain, key } of next.domains) keys[domain] = key;
    domainKeys = keys;
  }

  async function refresh(node: NodeId): Promise<void> {
    for (;;) {
      const { epoch } = newestOf(history);
      // One document back, so that a second one of the newest epoch is found out.
      const answer = await request((signal) => readRings(node, { from: String(epoch) }, signal));
      for (const jws of answer.rings.filter((one) => !isKnown(one))) {
        await follow(jws);
        await followed(newestOf(history));
      }
      if (newestOf(history).epoch === epoch) return;
    }
  }

  async function fetchOlder(): Promise<void> {
    const oldest = oldestOf(history);
    const older = await documentsBefore(oldest, verifier, async (question) => {
      const ask = (signal: AbortSignal) =>
        askAnyNode(
          options,
          nodesByTurns(newestOf(history)),
          (node) => readRings(node, question, signal),
          signal,
        );
      return (await request(ask)).rings;
    });
    if (older.length < oldest.epoch - 1) {
      throw new EngineError(
        'RING_REFUSED',
        `expected the ring documents before epoch ${oldest.epoch}, got ${older.length} of them`,
      );
    }
    history = older.slice(0, oldestOf(history).epoch - 1).reduceRight(prependHistory, history);
  }

  return {
    newest: () => newestOf(history),
    history: () => history,
    view(window) {
      const placing = placingDocument(history, window);
      const { placementEpoch } = placing;
      const placement = placements.get(placementEpoch) ?? createPlacement(placing);
      placements.set(placementEpoch, placement);
      return { ring: newestOf(history), placement, placementEpoch };
    },
    target(nodeId) {
      const { node, domain } = listedNow(nodeId);
      return { origin: node.url, trust: domain.certificateAuthority, pool: domain.domain };
    },
    domainOf: (node) => listedNow(node).domain,
    refresh,
    reach: (window) => (reaches(history, window) ? undefined : fetchOlder()),
    reachFirst: fetchOlder,
  };
}

interface Listed {
  readonly node: RingNode;
  readonly domain: DomainSection;
}

/** A node as the newest document that lists it has it, and its domain's newest section. */
function listed(history: RingHistory, nodeId: string): Listed {
  const sections = history.documents.toReversed().flatMap(({ domains }) => domains);
  const listing = sections.find(({ nodes }) => nodes.some(({ id }) => id === nodeId));
  const node = listing?.nodes.find(({ id }) => id === nodeId);
  const domain = sections.find((section) => section.domain === listing?.domain);
  if (node !== undefined && domain !== undefined) return { node, domain };
  throw new EngineError('WRONG_NODE', `expected a node of the ring, got ${nodeId}`);
}
