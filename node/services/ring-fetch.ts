import { operations } from '../../src/protocol/index.ts';
import type { NodeId, Verifier } from '../../src/ring/index.ts';
import { oldestOf } from '../../src/ring/index.ts';
import { documentsBefore } from '../../src/rounds/documents-before.ts';
import type { CallPeer } from '../engine/peers.ts';
import type { Rings } from '../engine/rings.ts';
import type { RingStore } from './ring-store.ts';

export interface RingFetchComponents {
  readonly ringStore: RingStore;
  readonly rings: Rings;
  readonly callPeer: CallPeer;
  readonly verifier: Verifier;
}

/** Reads ring documents of another node. */
export interface RingFetch {
  /** Takes what the node has and this one lacks, older documents and newer ones. */
  learn(node: NodeId, signal?: AbortSignal): Promise<void>;
  /** Takes the node's document of the newest epoch, of which it told another hash. @throws EngineError `RING_CONFLICT` */
  seeSecond(node: NodeId, signal?: AbortSignal): Promise<void>;
}

export function createRingFetch({ ringStore, rings, callPeer, verifier }: RingFetchComponents): RingFetch {
  async function learn(node: NodeId, signal?: AbortSignal): Promise<void> {
    await learnOlder(node, signal);
    for (;;) {
      const { epoch } = rings.newest();
      const answer = await callPeer(node, operations.READ_RINGS, { from: String(epoch + 1) }, signal);
      await ringStore.take(answer.rings);
      // Whoever has nothing newer is not asked again, also if it sends what was not asked for.
      if (rings.newest().epoch === epoch) return;
    }
  }

  /** A node that is new to the ring begins with the document it was given; older ones place older windows. */
  async function learnOlder(node: NodeId, signal?: AbortSignal): Promise<void> {
    const oldest = oldestOf(rings.history());
    const older = await documentsBefore(
      oldest,
      verifier,
      async (question) => (await callPeer(node, operations.READ_RINGS, question, signal)).rings,
    );
    if (older.length > 0 && older.length === oldest.epoch - 1) await ringStore.takeOlder(older);
  }

  /** Two documents of one epoch stop admission once both are seen: a node that only says so would stop the ring by a word. */
  async function seeSecond(node: NodeId, signal?: AbortSignal): Promise<void> {
    const from = String(rings.newest().epoch);
    await ringStore.take((await callPeer(node, operations.READ_RINGS, { from }, signal)).rings);
  }

  return { learn, seeSecond };
}
