import type { RingShape } from '../support/simulated-ring.ts';
import type { Random } from './kernel/index.ts';

/** One change of the ring during a run. */
export type PlannedRingChange = PlannedPlacement | PlannedRenewal;

/** A document that places later windows anew. */
export interface PlannedPlacement {
  /** A domain gets one node more, or a node loses its disk and goes on under another store. */
  readonly kind: 'grow' | 'replace';
  readonly atMs: number;
  /** Windows that start from then on are placed by the next document. */
  readonly placementMs: number;
  /** The node whose store is lost; of the domain that grows, any. */
  readonly node: number;
}

/** A document in which a domain has another key and everybody stays where he is. */
export interface PlannedRenewal {
  readonly kind: 'renew';
  readonly atMs: number;
  /** Any node of the domain. */
  readonly node: number;
  /** Whether it is the key that shares are sealed to; absent for the one that the domain signs with. */
  readonly sealing?: true;
}

/** How many worlds have domains that renew their keys. */
const RENEWING_SHARE = 0.25;
/** How many have some that renew the keys to which shares are sealed. */
const RESEALING_SHARE = 0.2;
/** From publishing to the placement of windows that nobody opens ahead of time, ms. */
const LEAD_MS = [15_000, 30_000] as const;
/** Lengths ahead: the running window, the next one, which is open already, and one for the promises. */
const LEAD_WINDOWS = 3;
/** Most changes of one run; each brings a window of its own, and of fixed ones all before it. */
const CHANGES_MAX = { manual: 4, fixed: 2 } as const;
/** From one change to the next, which may come before the placement of the one before has begun, ms. */
const APART_MS = [1_000, 25_000] as const;
/** Least time between the beginnings of two placements, ms. */
const PLACEMENTS_APART_MS = 5_000;
/** Later changes would come when nothing else goes wrong any more, ms. */
const CHANGES_END_MS = 75_000;

/** When the placement of a document that is published now begins at the earliest; ms of the plan. */
export function placementAfter(
  nowMs: number,
  fixedMs: number | undefined,
  leadMs: number = LEAD_MS[0],
): number {
  return fixedMs === undefined ? nowMs + leadMs : (Math.floor(nowMs / fixedMs) + LEAD_WINDOWS) * fixedMs;
}

/**
 * A row of changes, of any kinds in any order, at one node or at any. Some runs lose more stores than a window can do without: which windows
 * those are, only the run shows, and it then asks for no result of them (harm.ts).
 */
export function ringChangesOf(
  random: Random,
  { domains, nodesPerDomain, acceptors }: RingShape,
  fixedMs: number | undefined,
  victim?: number,
): readonly PlannedPlacement[] {
  // Where one acceptor decides, or a domain has one node, a store cannot be lost and every window go on.
  const kinds = acceptors === 3 && nodesPerDomain > 1 ? (['grow', 'replace'] as const) : (['grow'] as const);
  const changes: PlannedPlacement[] = [];
  let atMs = random.between(3_000, 25_000);
  let placedMs = 0;
  const most = random.between(1, fixedMs === undefined ? CHANGES_MAX.manual : CHANGES_MAX.fixed);
  while (changes.length < most && atMs < CHANGES_END_MS) {
    const placementMs = Math.max(
      placementAfter(atMs, fixedMs, random.between(...LEAD_MS)),
      placedMs + (fixedMs ?? PLACEMENTS_APART_MS),
    );
    changes.push({
      kind: random.pick(kinds),
      atMs,
      placementMs,
      node: victim ?? random.between(0, domains * nodesPerDomain - 1),
    });
    placedMs = placementMs;
    atMs += random.between(...APART_MS);
  }
  return changes;
}

/** The same changes, and in some worlds renewed keys before, between and behind them. */
export function withRenewals(
  random: Random,
  changes: readonly PlannedRingChange[],
  shape: RingShape,
): readonly PlannedRingChange[] {
  return random.chance(RENEWING_SHARE) ? merged(changes, renewalsOf(random, shape)) : changes;
}

/** The same, and in some worlds keys to which shares are sealed. */
export function withResealing(
  random: Random,
  changes: readonly PlannedRingChange[],
  shape: RingShape,
): readonly PlannedRingChange[] {
  if (!random.chance(RESEALING_SHARE)) return changes;
  const renewals = renewalsOf(random, shape).map((renewal) => ({ ...renewal, sealing: true as const }));
  return merged(changes, renewals);
}

function renewalsOf(random: Random, { domains, nodesPerDomain }: RingShape): PlannedRenewal[] {
  return Array.from({ length: random.between(1, 3) }, () => ({
    kind: 'renew' as const,
    atMs: random.between(3_000, CHANGES_END_MS),
    node: random.between(0, domains * nodesPerDomain - 1),
  }));
}

function merged(...changes: readonly (readonly PlannedRingChange[])[]): readonly PlannedRingChange[] {
  return changes.flat().sort((a, b) => a.atMs - b.atMs);
}
