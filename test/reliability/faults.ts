import type { NodeMaterial } from '../../operator-cli/cluster/index.ts';
import type { Random } from '../simulation/kernel/random.ts';

/** Never more than one node of the cluster at once, or one node of every domain at once. */
export type FaultMode = 'one' | 'domain-each';

export type Fault =
  | {
      readonly kind: 'kill';
      readonly nodes: readonly string[];
      readonly downMs: number;
      /** Kills the node once more so long after its restart, while it still starts; null for not. */
      readonly againAfterMs: number | null;
    }
  | { readonly kind: 'pause'; readonly nodes: readonly string[]; readonly downMs: number };

export interface PlannedFault {
  /** Quiet time before the fault, ms. */
  readonly waitMs: number;
  readonly fault: Fault;
}

/**
 * The faults of a run; the seed alone decides them, up to and including the one that brings the number of kills
 * to `kills`. Every fourth fault is a pause; some are longer than anything waits for an answer.
 */
export function* planFaults(
  random: Random,
  nodes: readonly NodeMaterial[],
  mode: FaultMode,
  kills: number,
): Generator<PlannedFault> {
  for (let left = kills; left > 0; ) {
    const waitMs = random.between(0, 1_000);
    const hit = mode === 'one' ? [random.pick(nodes).id] : onePerDomain(random, nodes);
    if (random.chance(0.25)) {
      const downMs = random.chance(0.2) ? random.between(5_500, 8_000) : random.between(100, 2_500);
      yield { waitMs, fault: { kind: 'pause', nodes: hit, downMs } };
      continue;
    }
    const downMs = random.chance(0.3) ? 0 : random.between(0, 2_000);
    const againAfterMs = random.chance(0.2) && left > hit.length ? random.between(50, 700) : null;
    yield { waitMs, fault: { kind: 'kill', nodes: hit, downMs, againAfterMs } };
    left -= killsOf({ kind: 'kill', nodes: hit, downMs, againAfterMs });
  }
}

/** Processes that a fault kills, counting a second time as a second one. */
export function killsOf(fault: Fault): number {
  if (fault.kind === 'pause') return 0;
  return fault.nodes.length + (fault.againAfterMs === null ? 0 : 1);
}

function onePerDomain(random: Random, nodes: readonly NodeMaterial[]): string[] {
  const domains = [...new Set(nodes.map(({ domain }) => domain))];
  return domains.map((domain) => random.pick(nodes.filter((node) => node.domain === domain)).id);
}
