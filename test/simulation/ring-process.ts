import { EngineError } from '../../src/foundation/index.ts';
import type { RingDocument } from '../../src/ring/index.ts';
import { followingRing, renewedRing } from '../support/simulated-ring.ts';
import { doubtsTooLittle, loseStore } from './harm.ts';
import { START_MS } from './kernel/index.ts';
import type { SimulatedNode } from './node-process.ts';
import { skewMsOf } from './planned.ts';
import { type PlannedPlacement, type PlannedRingChange, placementAfter } from './ring-worlds.ts';
import { lacksDeclaration } from './tolerance.ts';
import type { World } from './world.ts';

/** Pause before a document that no node took is published again, ms. */
const PAUSE_MS = 2_000;
/** Time after which the operator asks other nodes than the one that does not answer, ms. */
const PATIENCE_MS = 8_000;
/** Time after the faults in which a document that may be taken is, ms. */
const SETTLED_MS = 30_000;
/** Pause before it is looked again whether a store has noticed what it lost, ms. */
const NOTICING_MS = 1_000;
/** Time for copies of what only a store in doubt has, ms. */
const REPAIR_MS = 10_000;

type Sleep = (ms: number) => Promise<void>;

/**
 * The operator changes the ring as planned, one change after the other: each document follows the one before. A
 * document that comes too late for its windows is refused, and another of its epoch made, once nobody can take it any
 * more: docs/DEPLOYMENT.md.
 */
export async function changeRing(world: World, sleep: Sleep): Promise<void> {
  const { plan, kernel, nodes, ring, fault } = world;
  let grown = 0;
  for (const change of plan.ringChanges ?? []) {
    const place = change.kind === 'grow' ? ring.members.length + grown : change.node;
    if (change.kind === 'grow') grown += 1;
    const node = nodes[place];
    if (node === undefined) continue;
    await sleep(Math.max(0, START_MS + change.atMs - kernel.now()));
    if (change.kind === 'replace') await othersNoticed(world, sleep, plan.quietMs);
    if (kernel.now() >= START_MS + plan.quietMs) return fault('ring change left out');
    if (!(await changeOnce(world, sleep, change, node, plan.quietMs + SETTLED_MS)))
      return fault('ring change left out');
    fault({ grow: 'ring grown', replace: 'store replaced', renew: 'key renewed' }[change.kind]);
  }
}

/**
 * After the faults a domain that releases nothing for want of a store, which is in doubt or away for good, declares it
 * lost: docs/DEPLOYMENT.md. Its shares have had time to be copied until then.
 */
export async function declareLosses(world: World, sleep: Sleep): Promise<void> {
  const { kernel, plan, fault } = world;
  await sleep(REPAIR_MS);
  await othersNoticed(world, sleep, plan.quietMs + SETTLED_MS);
  for (const node of world.nodes) {
    if (!lacksDeclaration(world, node)) continue;
    const atMs = Math.ceil(kernel.now() - START_MS);
    const placementMs = placementAfter(atMs, plan.fixedMs);
    const change = { kind: 'replace', atMs, placementMs, node: world.nodes.indexOf(node) } as const;
    const untilMs = atMs + SETTLED_MS;
    fault((await changeOnce(world, sleep, change, node, untilMs)) ? 'loss declared' : 'ring change left out');
  }
}

/**
 * What a store has lost only others can know, docs/decisions/0007-stores-in-doubt.md, and whoever goes with a disk of
 * its own knows nothing any more: a second loss waits until the first is noticed.
 */
async function othersNoticed({ nodes, kernel }: World, sleep: Sleep, untilMs: number): Promise<void> {
  while (nodes.some(doubtsTooLittle) && kernel.now() < START_MS + untilMs) await sleep(NOTICING_MS);
}

/**
 * Makes the next document, publishes it until a node has taken it, and then starts the node that is new or has a new
 * disk.
 */
async function changeOnce(
  world: World,
  sleep: Sleep,
  change: PlannedRingChange,
  node: SimulatedNode,
  untilMs: number,
): Promise<boolean> {
  const { ring, rings, kernel, fault } = world;
  const before = rings.at(-1) ?? ring.document;
  if (change.kind === 'replace') loseStore(world, node);
  while (kernel.now() <= START_MS + untilMs) {
    const next =
      change.kind === 'renew'
        ? await renewedRing(ring, before, node.domain)
        : await followingRing(ring, before, node, placementFromOf(world, change));
    world.make(next);
    if (await publish(world, sleep, next, untilMs)) {
      world.take(next);
      if (change.kind === 'renew') return true;
      node.give(next);
      node.start();
      return true;
    }
    fault('ring document refused');
  }
  return false;
}

/** Nobody can tell how long the change before takes, and a placement must begin later than that. */
function placementFromOf({ plan, kernel }: World, { atMs, placementMs }: PlannedPlacement): number {
  const now = Math.ceil(kernel.now() - START_MS);
  const laterMs = now > atMs ? placementAfter(now, plan.fixedMs) : placementMs;
  return START_MS + Math.max(placementMs, laterMs);
}

/** Whether some node takes the document. */
async function publish(world: World, sleep: Sleep, next: RingDocument, untilMs: number): Promise<boolean> {
  const { kernel, operator } = world;
  for (;;) {
    const patience = new AbortController();
    void sleep(PATIENCE_MS).then(() => patience.abort());
    try {
      await operator.publishRing(next.jws, { signal: patience.signal });
      return true;
    } catch (error) {
      const foreseen = error instanceof EngineError && (error.retry || error.code === 'RING_REFUSED');
      if (!foreseen && !patience.signal.aborted) throw error;
    }
    const late = kernel.now() > START_MS + untilMs;
    if (late || isRefusedForEver(world, next)) return false;
    await sleep(PAUSE_MS);
  }
}

/** Whether no node has the document, and by all their clocks none will take it. */
function isRefusedForEver({ plan, kernel, nodes }: World, next: RingDocument): boolean {
  const { epoch, placementEpoch, placementFrom } = next;
  if (placementEpoch < epoch) return false;
  if (kernel.now() <= placementFrom + skewMsOf(plan)) return false;
  return nodes.every(
    ({ gone, handle, rows }) => gone() || ((handle()?.ring().epoch ?? 0) < epoch && !rows.hasRing(epoch)),
  );
}
