import { EngineError, toBase64Url } from '../../src/foundation/index.ts';
import type { DomainId, RingDocument } from '../../src/ring/index.ts';
import { followingRing, renewedRing } from '../support/simulated-ring.ts';
import { doubtsTooLittle, loseStore } from './harm.ts';
import { START_MS } from './kernel/index.ts';
import type { SimulatedNode } from './node-process.ts';
import { healedSkewMsOf, skewMsOf } from './planned.ts';
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
/** Pause before it is looked again whether a node has been restarted, and how long it is down then, ms. */
const RESTARTING_MS = 500;
const DOWN_MS = 100;
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
    if (isResealing(change) && !(await resealed(world, sleep, node.domain))) {
      fault('ring change left out');
      continue;
    }
    if (kernel.now() >= START_MS + plan.quietMs) return fault('ring change left out');
    if (!(await changeOnce(world, sleep, change, node, plan.quietMs + SETTLED_MS)))
      return fault('ring change left out');
    const renewed = isResealing(change) ? 'sealing key renewed' : 'key renewed';
    fault({ grow: 'ring grown', replace: 'store replaced', renew: renewed }[change.kind]);
  }
}

function isResealing(change: PlannedRingChange): boolean {
  return change.kind === 'renew' && change.sealing === true;
}

/** How often the domain has renewed its sealing key; undefined where it is the other key that is renewed. */
function sealingsOf(world: World, change: PlannedRingChange, { domain }: SimulatedNode): number | undefined {
  return isResealing(change) ? world.sealing.renewals(domain) : undefined;
}

/**
 * Restarts all nodes of a domain, one after the other, so that they open what is sealed to its next key before anybody
 * learns of that: docs/DEPLOYMENT.md. False where one of them is not back in time, or a further key is not for them to keep.
 */
async function resealed(world: World, sleep: Sleep, domain: DomainId): Promise<boolean> {
  const { kernel, nodes, plan, rings, ring, sealing } = world;
  const section = (rings.at(-1) ?? ring.document).domains.find((one) => one.domain === domain);
  // A key that no document names yet is the next one.
  const isNamed = section?.sealingKey === toBase64Url(sealing.of(domain).sealingKey.publicKey);
  if (isNamed && !sealing.renew(domain)) return false;
  const opensNewest = (node: SimulatedNode) =>
    node.handle() !== undefined && node.sealings() === sealing.renewals(domain);
  for (const node of nodes.filter((one) => one.domain === domain)) {
    for (let asked: unknown; !node.gone() && !opensNewest(node); await sleep(RESTARTING_MS)) {
      if (kernel.now() > START_MS + plan.quietMs) return false;
      const handle = node.handle();
      if (handle === undefined || handle === asked) continue;
      asked = handle;
      node.stop(DOWN_MS);
    }
  }
  return true;
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
    const placementMs = placementAfter(Math.max(atMs, lastOpened(world) - START_MS), plan.fixedMs);
    const change = { kind: 'replace', atMs, placementMs, node: world.nodes.indexOf(node) } as const;
    const untilMs = atMs + SETTLED_MS;
    fault((await changeOnce(world, sleep, change, node, untilMs)) ? 'loss declared' : 'ring change left out');
  }
}

/** The last window that some node has opened, which no placement may cover: a clock that was ahead opened windows that are still to come. */
function lastOpened({ nodes }: World): number {
  const opened = nodes.flatMap(({ disk, rows }) =>
    disk.rows('windows').flatMap(([key, sealed]) => {
      const vote = rows.vote(key, sealed);
      return vote?.decision === 'terms' && vote.accepted !== null ? [vote.scope.window] : [];
    }),
  );
  return opened.reduce((last, window) => Math.max(last, window), 0);
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
        ? await renewedRing(ring, before, node.domain, sealingsOf(world, change, node))
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
  const { kernel, rings, ring } = world;
  for (;;) {
    if (await publishOnce(world, sleep, next)) return true;
    // Whoever took the one before it may have been away since, or have lost its disk.
    await publishOnce(world, sleep, rings.at(-1) ?? ring.document);
    const late = kernel.now() > START_MS + untilMs;
    if (late || isRefusedForEver(world, next)) return false;
    await sleep(PAUSE_MS);
  }
}

async function publishOnce({ operator }: World, sleep: Sleep, { jws }: RingDocument): Promise<boolean> {
  const patience = new AbortController();
  void sleep(PATIENCE_MS).then(() => patience.abort());
  try {
    await operator.publishRing(jws, { signal: patience.signal });
    return true;
  } catch (error) {
    const foreseen = error instanceof EngineError && (error.retry || error.code === 'RING_REFUSED');
    if (foreseen || patience.signal.aborted) return false;
    throw error;
  }
}

/** Whether no node has the document, and by all their clocks none will take it. */
function isRefusedForEver({ plan, kernel, nodes }: World, next: RingDocument): boolean {
  const { epoch, placementEpoch, placementFrom } = next;
  if (placementEpoch < epoch) return false;
  const isHealed = kernel.now() >= START_MS + plan.quietMs;
  const skewMs = isHealed ? healedSkewMsOf(plan) : skewMsOf(plan);
  if (kernel.now() <= placementFrom + skewMs) return false;
  return nodes.every(
    ({ gone, handle, rows }) => gone() || ((handle()?.ring().epoch ?? 0) < epoch && !rows.hasRing(epoch)),
  );
}
