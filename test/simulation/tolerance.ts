import type { DomainId, RingDocument, StoreId } from '../../src/ring/index.ts';
import {
  createPlacement,
  lostStoresOf,
  majority,
  majorityPromised,
  PARTITIONS,
  partition,
  placingDocument,
} from '../../src/ring/index.ts';
import { SKEW_MS } from './gate-watch.ts';
import { START_MS } from './kernel/index.ts';
import type { SimulatedNode } from './node-process.ts';
import { plannedWindowId } from './planned.ts';
import type { World } from './world.ts';

/** Nodes of a ring that may be away when another one starts. */
const AWAY_AT_START = 1;

/**
 * Which windows need no result because more was lost than docs/RELIABILITY.md promises to survive: judged once, when
 * nothing more is lost, by the document that places each window.
 */
export function allowBeyondTolerance(world: World): void {
  const { nodes, plan, rings } = world;
  const listed = new Set(
    rings.flatMap(({ domains }) => domains.flatMap((section) => section.nodes)).map(({ id }) => id),
  );
  const away = nodes.filter(({ node, gone }) => listed.has(node) && gone()).length;
  for (const window of plan.windows.keys()) {
    const placing = placingDocument({ documents: world.rings }, plannedWindowId(plan, window));
    if (away > AWAY_AT_START) world.mayEndIncomplete(window, 'too few nodes are there for one to start');
    const lost = whyRowsAreMissed(world, window);
    if (lost !== undefined) world.mayEndIncomplete(window, lost);
    if (losesVotes(world, placing)) world.mayEndIncomplete(window, 'too few stores that vote are left');
    if (losesLedger(world, placing)) world.mayEndIncomplete(window, 'too few stores of a domain are left');
    if (!promisedInTime(world, placing)) world.mayEndIncomplete(window, 'its placement came too late');
  }
}

/**
 * Why rows that are lost may keep a window from its result; undefined where it has to be released without them: they
 * are no more than the stream excludes, nobody can have decided before that none is missing, and all stores answer.
 */
function whyRowsAreMissed(world: World, window: number): string | undefined {
  const { plan, nodes } = world;
  const lost = world.losses.of(window);
  const { maxExcluded = 0 } = plan;
  if (lost.length > maxExcluded) return 'more shares are gone than the stream may exclude';
  const settledFrom = START_MS + (plan.windows[window]?.notBeforeMs ?? 0) - SKEW_MS;
  if (lost.some(({ atMs }) => atMs >= settledFrom)) return 'shares are gone since it may have been settled';
  const silent = lost.find(({ domain }) => nodes.some((one) => one.domain === domain && isAway(world, one)));
  return silent === undefined ? undefined : `a store of ${silent.domain} never says what it has`;
}

/** Whether a node is there no more, and its store not declared lost. */
function isAway(world: World, { domain, gone, storeId }: SimulatedNode): boolean {
  const store = storeId();
  return gone() && store !== undefined && !declaredLost(world, domain).has(store);
}

/** Whether the store that a document lists does not answer as a voter any more. */
function isSilent({ nodes }: World, node: string, store: StoreId): boolean {
  const found = nodes.find((one) => one.node === node);
  if (found === undefined || found.gone() || found.storeId() !== store) return true;
  return found.harm.forgotten.has(store) || found.harm.doubtful.has(store);
}

/** The nodes of a document whose stores are silent. */
function silentNodes(world: World, { domains }: Pick<RingDocument, 'domains'>): ReadonlySet<string> {
  const all = domains.flatMap(({ nodes }) => nodes);
  return new Set(all.filter(({ id, storeId }) => isSilent(world, id, storeId)).map(({ id }) => id));
}

/** Whether some partition, and with it some register, has no majority of acceptors that vote. */
function losesVotes(world: World, placing: RingDocument): boolean {
  const silent = silentNodes(world, placing);
  if (silent.size === 0) return false;
  const placement = createPlacement(placing);
  const domains = world.stream.domains.map(({ id }) => id);
  return Array.from({ length: PARTITIONS }, (_, at) => placement.acceptors(domains, partition(at))).some(
    (acceptors) => acceptors.filter((node) => !silent.has(node)).length < majority(acceptors.length),
  );
}

/** Whether some domain's ledger has no quorum: docs/PROTOCOL.md, "Seal, settle, release". */
function losesLedger(world: World, placing: RingDocument): boolean {
  return placing.domains.some(({ domain, nodes }) => {
    const silent = nodes.filter(({ id, storeId }) => isSilent(world, id, storeId));
    const least = majority(nodes.length);
    if (nodes.length - silent.length >= least) return false;
    const lost = declaredLost(world, domain);
    return silent.length >= least || !silent.every(({ storeId }) => lost.has(storeId));
  });
}

function declaredLost({ rings }: World, domain: DomainId): ReadonlySet<StoreId> {
  return lostStoresOf({ documents: rings }, domain);
}

/**
 * Whether everybody who may open a window of the placement can know by then that it is in force, so that nobody opens
 * it under an older one: docs/decisions/0008-ring-documents.md says what is given up where they can't.
 */
function promisedInTime(world: World, placing: RingDocument): boolean {
  const { plan, rings, barrier } = world;
  const openedFrom = placing.placementFrom - (plan.fixedMs ?? 0) - SKEW_MS;
  const before = rings.filter(({ epoch }) => epoch < placing.epoch);
  const since = before.findLastIndex((ring) => ring.epoch === 1 || promisedInTime(world, ring));
  return before.slice(Math.max(0, since)).every((old) => {
    const silent = silentNodes(world, old);
    const all = old.domains.flatMap(({ nodes }) => nodes.map(({ id }) => id));
    const promised = all.filter(
      (node) => !silent.has(node) && barrier.promisedBy(node, placing.epoch, openedFrom),
    );
    return majorityPromised(old, createPlacement(old), new Set(promised));
  });
}
