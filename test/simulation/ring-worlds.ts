import type { RingShape } from '../support/simulated-ring.ts';
import type { PlannedFault } from './faults.ts';
import type { Random } from './kernel/index.ts';

/** How the ring changes during a run. */
export interface PlannedRingChange {
  /** A domain gets one node more, or a node loses its disk and goes on under another store. */
  readonly kind: 'grow' | 'replace';
  readonly atMs: number;
  /** Windows that start from then on are placed by the next document. */
  readonly placementMs: number;
  /** The node whose store is lost; of the domain that grows, any. */
  readonly node: number;
}

/** From publishing to the placement of windows that nobody opens ahead of time, ms. */
const LEAD_MS = [15_000, 30_000] as const;
/** Lengths ahead: the running window, the next one, which is open already, and one for the promises. */
const LEAD_WINDOWS = 3;

export function ringChangeOf(
  random: Random,
  { domains, nodesPerDomain, acceptors }: RingShape,
  fixedMs: number | undefined,
): PlannedRingChange {
  // Where one acceptor decides, or a domain has one node, a store cannot be lost and every window go on.
  const kind = acceptors === 3 && nodesPerDomain > 1 ? random.pick(['grow', 'replace'] as const) : 'grow';
  const atMs = random.between(3_000, 25_000);
  const placementMs =
    fixedMs === undefined
      ? atMs + random.between(...LEAD_MS)
      : (Math.floor(atMs / fixedMs) + LEAD_WINDOWS) * fixedMs;
  return { kind, atMs, placementMs, node: random.between(0, domains * nodesPerDomain - 1) };
}

/** Whether the fault leaves every store its votes: one that is lost is enough for a run. */
export function keepsVotes(fault: PlannedFault): boolean {
  if (fault.kind === 'bit flip') return fault.table === 'values';
  return fault.kind !== 'lost folder' && fault.kind !== 'dropped commit' && fault.kind !== 'gone';
}
