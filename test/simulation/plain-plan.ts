import type { Plan } from './plan.ts';
import { runPlan } from './run.ts';
import type { Sabotage } from './sabotage.ts';

/** A plan in which little happens besides what the broken part needs to show itself. */
export function plainPlan(network: Partial<Plan['network']> = {}): Plan {
  const uploads = Array.from({ length: 20 }, (_, exponent) => ({
    kind: 'upload' as const,
    // By then the operator has brought the stream, whatever the network lost of it.
    atMs: 10_000 + 100 * exponent,
    sensor: exponent % 4,
    window: 0,
    exponent,
  }));
  return {
    seed: 0,
    shape: { domains: 2, nodesPerDomain: 2, acceptors: 1, replicas: 1 },
    network: { loss: 0, duplication: 0, delayMs: 20, stall: 0, stallMs: 0, ...network },
    disk: { commitMs: 20, readMs: 1 },
    skewsMs: [],
    flagTimeoutMs: 10_000,
    sensors: 4,
    windows: [{ openMs: 0, notBeforeMs: 30_000, latestMs: 60_000 }],
    operations: uploads,
    faults: [],
    quietMs: 35_000,
  };
}

/**
 * What the checkers say of a plan in a world with a deliberate fault.
 * @param sought a part of the violation that is expected, with which the run ends; without it the run goes to its end.
 */
export async function violationsOf(plan: Plan, sabotage: Sabotage, sought?: string): Promise<string> {
  const endsWith = (violation: string) => sought !== undefined && violation.includes(sought);
  return (await runPlan(plan, { sabotage, endsWith })).violations.join('\n');
}
