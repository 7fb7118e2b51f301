import { EngineError } from '../../src/foundation/index.ts';
import type { Clock, Log, RandomBytes } from '../../src/ports/index.ts';
import { operations } from '../../src/protocol/index.ts';
import type { DomainId, NodeId, StoreId } from '../../src/ring/index.ts';
import { oldestOf } from '../../src/ring/index.ts';
import type { CallPeer } from '../engine/peers.ts';
import type { Rings } from '../engine/rings.ts';
import type { StoreHealth } from '../engine/store-health.ts';
import type { Retirements } from './retirements.ts';
import type { RosterSpread } from './roster-spread.ts';

/** Pause before nodes that did not answer are asked again. */
const ASK_AGAIN_MS = 250;
/** A start that waits this long says for whom: until then nodes that start together answer each other. */
const TELL_AFTER_MS = 5_000;
const TELL_AGAIN_MS = 60_000;
/** Enough to see which cloud is away. */
const NODES_NAMED = 6;

export interface StartCheckComponents {
  readonly rings: Rings;
  readonly self: { readonly nodeId: NodeId; readonly domain: DomainId; readonly storeId: StoreId };
  readonly callPeer: CallPeer;
  /** Fetches the ring documents that another node has and this one has not. */
  readonly learn: (node: NodeId, signal: AbortSignal) => Promise<void>;
  readonly health: StoreHealth;
  readonly rosterSpread: Pick<RosterSpread, 'fetch'>;
  readonly retirements: Pick<Retirements, 'fetch'>;
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
  readonly log: Log;
  /** Told for whom the start waits, after each round of questions. */
  readonly onWait: (why: string) => void;
}

/**
 * Asks the other nodes for newer ring documents and what they remember of this store, before it serves: a store
 * that was restored from an old copy, or whose tail was lost, looks whole to itself. From each it fetches what it
 * missed of the roster. Waits for all but one of them (all, where there is
 * one), so that one node that is away for long keeps nobody from starting.
 * @param startSeq how far the store was when it last began to write without having asked.
 */
export async function checkStart(
  components: StartCheckComponents,
  startSeq: number,
  signal: AbortSignal,
): Promise<void> {
  const { rings, self, callPeer, learn, health, retirements, rosterSpread, clock, randomBytes } = components;
  const { log, onWait } = components;
  /** What each node is asked, and how many of these it has answered: an answer that came is not asked for again. */
  const questions: readonly ((node: NodeId) => Promise<void>)[] = [
    async (node) => {
      const { commitSeq } = await callPeer(node, operations.RECALL, { storeId: self.storeId }, signal);
      if (commitSeq <= startSeq) return;
      health.raise(`node ${node} has seen commit ${commitSeq} of this store, which ends at ${startSeq}`);
    },
    (node) => learn(node, signal),
    // A sensor or stream that was ended while this node was away must find it informed.
    (node) => rosterSpread.fetch(node, signal),
    (node) => retirements.fetch(node, signal),
  ];
  const answers = new Map<NodeId, number>();
  /** Why the newest question to a node has no answer. */
  const failures = new Map<NodeId, string>();
  const hasAnswered = (node: NodeId): boolean => answers.get(node) === questions.length;

  /** Those of the placement in force that can remember anything; a document learned meanwhile may name others. */
  function others(): readonly NodeId[] {
    return rings
      .inForce()
      .domains.flatMap(({ domain, nodes }) => {
        const living = rings.livingNodesOf(domain);
        return nodes.map(({ id }) => id).filter((id) => living.includes(id));
      })
      .filter((id) => id !== self.nodeId);
  }

  async function ask(node: NodeId): Promise<void> {
    try {
      for (const [place, question] of questions.entries()) {
        if (place < (answers.get(node) ?? 0)) continue;
        await question(node);
        answers.set(node, place + 1);
      }
    } catch (error) {
      if (!(error instanceof EngineError) && !signal.aborted) throw error;
      failures.set(node, error instanceof EngineError ? `${error.code}: ${error.message}` : 'stopped');
    }
  }

  let tellAt = clock.now() + TELL_AFTER_MS;
  function tell(silent: readonly NodeId[], mayBeAway: number): void {
    const text = waitText(silent, mayBeAway);
    onWait(text);
    if (clock.now() < tellAt) return;
    tellAt = clock.now() + TELL_AGAIN_MS;
    const failure = silent.map((node) => failures.get(node)).find((why) => why !== undefined);
    log.warn('node waits', {
      for: text,
      ...(failure === undefined ? {} : { failure }),
    });
  }

  for (;;) {
    const own = rings.livingNodesOf(self.domain);
    const waiting = others().filter((node) => !hasAnswered(node));
    // The own domain first: it knows when the domain accepted a sensor.
    await Promise.all(waiting.filter((node) => own.includes(node)).map(ask));
    await Promise.all(waiting.filter((node) => !own.includes(node)).map(ask));
    const asked = others();
    const silent = asked.filter((node) => !hasAnswered(node));
    const mayBeAway = asked.length > 1 ? 1 : 0;
    if (silent.length <= mayBeAway && oldestOf(rings.history()).epoch === 1) return;
    signal.throwIfAborted();
    tell(silent, mayBeAway);
    const jitter = Math.floor(((randomBytes(1)[0] ?? 0) / 256) * ASK_AGAIN_MS);
    await clock.sleep(ASK_AGAIN_MS + jitter, signal);
  }
}

/** What a person looks for: which nodes to start, or that a document is not to be had. */
function waitText(silent: readonly NodeId[], mayBeAway: number): string {
  if (silent.length <= mayBeAway) return 'the ring documents before its own, which no node that answers has';
  const more = silent.length > NODES_NAMED ? ` and ${silent.length - NODES_NAMED} more` : '';
  const needed = silent.length - mayBeAway;
  return `answers of ${needed} of ${silent.slice(0, NODES_NAMED).join(', ')}${more}`;
}
