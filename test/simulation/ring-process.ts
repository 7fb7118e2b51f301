import { EngineError } from '../../src/foundation/index.ts';
import { followingRing } from '../support/simulated-ring.ts';
import { SKEW_MS } from './gate-watch.ts';
import { allowAll, loseStore } from './harm.ts';
import { START_MS } from './kernel/index.ts';
import type { World } from './world.ts';

/** Pause before a document that no node took is published again, ms. */
const PAUSE_MS = 2_000;
/** Time after which the operator asks other nodes than the one that does not answer, ms. */
const PATIENCE_MS = 8_000;
/** Time after the faults in which a document that may be taken is, ms. */
const SETTLED_MS = 30_000;

/**
 * The operator changes the ring as planned: makes the next document, publishes it until a node has taken it, and
 * then starts the node that is new or has a new disk. A document that comes too late for its windows is refused.
 */
export async function changeRing(world: World, sleep: (ms: number) => Promise<void>): Promise<void> {
  const { plan, ring, kernel, nodes, operator, fault } = world;
  const { ringChange } = plan;
  if (ringChange === undefined) return;
  const { kind, atMs, placementMs } = ringChange;
  const node = kind === 'grow' ? nodes.at(-1) : nodes[ringChange.node];
  if (node === undefined) return;
  await sleep(atMs);
  if (kind === 'replace') loseStore(world, node, START_MS + placementMs);
  const next = await followingRing(ring, node, START_MS + placementMs);
  world.follow(next);
  while (!(await published())) {
    if (kernel.now() > START_MS + plan.quietMs + SETTLED_MS) {
      fault('ring document refused');
      if (kind === 'replace') allowAll(world, 'no other disk came in the place of one that was lost');
      return;
    }
    await sleep(PAUSE_MS);
  }
  fault(kind === 'grow' ? 'ring grown' : 'store replaced');
  node.give(next.jws);
  node.start();

  async function published(): Promise<boolean> {
    const patience = new AbortController();
    void sleep(PATIENCE_MS).then(() => patience.abort());
    try {
      await operator.publishRing(next.jws, { signal: patience.signal });
      return true;
    } catch (error) {
      if (patience.signal.aborted) return false;
      if (error instanceof EngineError && (error.retry || error.code === 'RING_REFUSED')) return false;
      throw error;
    }
  }
}

/**
 * A window that some node may have opened before it had promised the placement may stay without a majority for
 * ever: docs/decisions/0008-ring-documents.md says what is given up.
 */
export function allowUnplaced(world: World): void {
  const { plan, ring, nodes, barrier } = world;
  const { ringChange, fixedMs = 0 } = plan;
  if (ringChange === undefined) return;
  const old = ring.members.filter(({ node }) => nodes.some((one) => one.node === node && !one.harm.votes));
  const openedFrom = START_MS + ringChange.placementMs - fixedMs - SKEW_MS;
  if (
    barrier.promisedBy(
      old.map(({ node }) => node),
      openedFrom,
    )
  )
    return;
  plan.windows.forEach(({ openMs }, window) => {
    if (openMs >= ringChange.placementMs) world.mayEndIncomplete(window, 'its placement came too late');
  });
}
