import { EngineError } from '../../src/foundation/index.ts';
import type { Clock, RandomBytes } from '../../src/ports/index.ts';
import { operations } from '../../src/protocol/index.ts';
import type { DomainId, NodeId, StoreId } from '../../src/ring/index.ts';
import type { CallPeer } from '../engine/peers.ts';
import type { Rings } from '../engine/rings.ts';
import type { StoreHealth } from '../engine/store-health.ts';
import type { RosterSpread } from './roster-spread.ts';

/** Pause before nodes that did not answer are asked again. */
const ASK_AGAIN_MS = 250;

export interface StartCheckComponents {
  readonly rings: Rings;
  readonly self: { readonly nodeId: NodeId; readonly domain: DomainId; readonly storeId: StoreId };
  readonly callPeer: CallPeer;
  readonly health: StoreHealth;
  readonly rosterSpread: Pick<RosterSpread, 'fetch'>;
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
}

/**
 * Asks the other nodes what they remember of this store, before it serves: a store that was restored from an
 * old copy, or whose tail was lost, looks whole to itself. From each it fetches what it missed of the roster. Waits for all but one of them (all, where there is
 * one), so that one node that is away for long keeps nobody from starting.
 * @param startSeq the last commit group found on disk.
 */
export async function checkStart(
  components: StartCheckComponents,
  startSeq: number,
  signal: AbortSignal,
): Promise<void> {
  const { rings, self, callPeer, health, rosterSpread, clock, randomBytes } = components;
  const waiting = new Set(rings.newest().domains.flatMap(({ nodes }) => nodes.map(({ id }) => id)));
  waiting.delete(self.nodeId);
  const own = rings.livingNodesOf(self.domain);
  const mayBeAway = waiting.size > 1 ? 1 : 0;

  async function ask(node: NodeId): Promise<void> {
    try {
      const { commitSeq } = await callPeer(node, operations.RECALL, { storeId: self.storeId }, signal);
      // A sensor that was revoked while this node was away must find it informed.
      await rosterSpread.fetch(node, signal);
      waiting.delete(node);
      if (commitSeq > startSeq) {
        health.raise(`node ${node} has seen commit ${commitSeq} of this store, which ends at ${startSeq}`);
      }
    } catch (error) {
      if (!(error instanceof EngineError) && !signal.aborted) throw error;
    }
  }

  for (;;) {
    // The own domain first: it knows when the domain accepted a sensor.
    await Promise.all([...waiting].filter((node) => own.includes(node)).map(ask));
    await Promise.all([...waiting].filter((node) => !own.includes(node)).map(ask));
    if (waiting.size <= mayBeAway) return;
    signal.throwIfAborted();
    const jitter = Math.floor(((randomBytes(1)[0] ?? 0) / 256) * ASK_AGAIN_MS);
    await clock.sleep(ASK_AGAIN_MS + jitter, signal);
  }
}
