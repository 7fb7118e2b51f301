import { EngineError } from '../../src/foundation/index.ts';
import type { Clock } from '../../src/ports/index.ts';
import { operations } from '../../src/protocol/index.ts';
import type { Published, RingOffer, RingState } from '../../src/protocol/ring-messages.ts';
import type { DomainId, NodeId, RingDocument, Verifier } from '../../src/ring/index.ts';
import { majorityPromised, nodesEver, windowId } from '../../src/ring/index.ts';
import { isPauseOver } from '../engine/pause.ts';
import type { CallPeer } from '../engine/peers.ts';
import { silence } from '../engine/peers.ts';
import type { Rings } from '../engine/rings.ts';
import { missingNodes } from './missing-nodes.ts';
import { createRingFetch } from './ring-fetch.ts';
import type { RingStore } from './ring-store.ts';

/** Pause before the others are asked again what they have; a document comes to most of them at once. */
const ASK_EVERY_MS = 5_000;
/** Domains that must say that a placement is in force, where this node can't find out by itself. */
const WITNESS_DOMAINS = 2;

export interface RingExchangeComponents {
  readonly ringStore: RingStore;
  readonly rings: Rings;
  readonly self: { readonly nodeId: NodeId };
  readonly callPeer: CallPeer;
  readonly verifier: Verifier;
  readonly clock: Clock;
}

/**
 * How ring documents come to this node, go on to the others, and when a new placement is in force: section
 * "Ring documents that follow one another" of docs/PROTOCOL.md.
 */
export interface RingExchange {
  /** A new document from the operator. @throws EngineError `RING_REFUSED`, `RING_CONFLICT` and what opening throws */
  publish(jws: string): Promise<Published>;
  /** What another node has and brings. @throws EngineError `RING_REFUSED`, `RING_CONFLICT` */
  offered(offer: RingOffer, from: NodeId): Promise<RingState>;
  /** Fetches what another node has and this one has not, older documents as well. */
  learn(node: NodeId, signal?: AbortSignal): Promise<void>;
  /** Exchanges documents with a node that uses others. */
  meet(node: NodeId): Promise<void>;
  /** Passes the newest document on, and finds out whether a new placement is in force. */
  run(signal: AbortSignal): Promise<void>;
}

export function createRingExchange(components: RingExchangeComponents): RingExchange {
  const { ringStore, rings, self, callPeer, clock } = components;
  const { learn, seeSecond } = createRingFetch(components);
  const states = new Map<NodeId, RingState>();
  /** Why a node could not be asked when it last was. */
  const failures = new Map<NodeId, EngineError | undefined>();
  let askedAt = 0;
  let askedWith = 0;

  async function meet(node: NodeId, signal?: AbortSignal): Promise<void> {
    for (;;) {
      const { epoch, hash } = rings.newest();
      const theirs = states.get(node)?.epoch ?? epoch;
      const brought = theirs < epoch ? ringStore.page(theirs + 1) : [];
      const offer = { epoch, hash, rings: [...brought] };
      const state = await callPeer(node, operations.OFFER_RING, offer, signal);
      states.set(node, state);
      if (state.epoch > epoch) return learn(node, signal);
      if (state.epoch === epoch && state.hash !== hash) return seeSecond(node, signal);
      if (state.epoch === epoch || (brought.length > 0 && state.epoch <= theirs)) return;
    }
  }

  /** Every node that the placement in force or anything after it lists. */
  function others(): readonly NodeId[] {
    const { documents } = rings.history();
    const from = rings.inForce().epoch;
    const all = nodesEver({ documents: documents.filter(({ epoch }) => epoch >= from) });
    return all.filter((node) => node !== self.nodeId);
  }

  /** The nodes of an older placement that promised, from the stores it lists, to refuse the new one's windows. */
  function promisedBy(old: RingDocument, placement: RingDocument): ReadonlySet<NodeId> {
    const stores = new Map(old.domains.flatMap(({ nodes }) => nodes.map((node) => [node.id, node.storeId])));
    const all: readonly (readonly [NodeId, RingState])[] = [...states, [self.nodeId, ringStore.state()]];
    return new Set(
      all.flatMap(([node, state]) => {
        const gave = state.epoch >= placement.epoch && !state.unpromised.includes(placement.epoch);
        return gave && stores.get(node) === state.storeId ? [node] : [];
      }),
    );
  }

  /** Where the nodes of an older placement are gone, the word of two domains stands for their promises. */
  function saidByOthers({ placementEpoch }: RingDocument): boolean {
    const sections = rings.history().documents.flatMap((ring) => ring.domains);
    const said = new Set<DomainId>();
    for (const [node, { inForce }] of states) {
      if (inForce !== placementEpoch) continue;
      const section = sections.find(({ nodes }) => nodes.some(({ id }) => id === node));
      if (section !== undefined) said.add(section.domain);
    }
    return said.size >= WITNESS_DOMAINS;
  }

  /** Every placement that may be in force before the new one must have a majority of promises everywhere. */
  function holds(placement: RingDocument): boolean {
    return rings.before(placement).every((old) => {
      const view = rings.of({ window: windowId(old.placementFrom) });
      return majorityPromised(old, view.placement, promisedBy(old, placement));
    });
  }

  async function askOthers(signal?: AbortSignal): Promise<void> {
    askedAt = clock.now();
    askedWith = rings.newest().epoch;
    const pending = isPending();
    const open = others().filter((node) => pending || (states.get(node)?.epoch ?? 0) < askedWith);
    await Promise.all(open.map(async (node) => void failures.set(node, await failureOf(meet(node, signal)))));
    // Each by itself: that a later one is in force says nothing about the windows of one before it.
    for (const placement of rings.pending())
      if (holds(placement) || saidByOthers(placement)) await ringStore.putInForce(placement);
  }

  /** Whether windows that start later than all documents say can't open yet. */
  const isPending = (): boolean => !rings.isInForce(rings.newest().placementEpoch);

  return {
    async publish(jws) {
      await ringStore.takePublished(jws);
      await askOthers();
      const { epoch, placementFrom, domains } = rings.newest();
      const nodes = domains.flatMap((section) => section.nodes.map(({ id }) => id));
      const stateOf = (node: NodeId) => (node === self.nodeId ? ringStore.state() : states.get(node));
      const stored = nodes.filter((node) => (stateOf(node)?.epoch ?? 0) >= epoch);
      return {
        epoch,
        nodes: nodes.length,
        stored: Math.max(1, stored.length),
        placementFrom,
        inForce: !isPending(),
        missing: missingNodes(rings, nodes, stateOf, failures),
      };
    },
    async offered(offer, from) {
      await ringStore.take(offer.rings);
      const { epoch, hash } = rings.newest();
      if (offer.epoch === epoch && offer.hash !== hash) await seeSecond(from);
      return ringStore.state();
    },
    learn,
    meet,
    async run(signal) {
      const due = isPauseOver(clock, askedAt, ASK_EVERY_MS) || rings.newest().epoch > askedWith;
      if (due && !signal.aborted) await askOthers(signal);
    },
  };
}

/** What went wrong, where something did. */
async function failureOf(asked: Promise<void>): Promise<EngineError | undefined> {
  try {
    await asked;
    return undefined;
  } catch (error) {
    silence(error);
    return error instanceof EngineError ? error : undefined;
  }
}
