import { describe, expect, it } from 'vitest';
import type { PlannedFault } from './faults.ts';
import type { Plan } from './plan.ts';
import { runPlan } from './run.ts';

const EVERY_MS = 100;
const SENSORS = 4;
const FIRST_MS = 10_000;
/** What docs/RELIABILITY.md promises of the time without a commit when a node dies or hangs. */
const GAP_MS_MAX = 1_000;

/** Readings at a steady pace, and faults among them. */
function steadyPlan(
  nodesPerDomain: number,
  faults: readonly PlannedFault[],
  uploads: number,
  { everyMs = EVERY_MS, sensors = SENSORS } = {},
): Plan {
  return {
    seed: 0,
    shape: { domains: 3, nodesPerDomain, acceptors: 3, replicas: 2 },
    network: { loss: 0, duplication: 0, delayMs: 10, stall: 0, stallMs: 0 },
    disk: { commitMs: 5, readMs: 1 },
    skewsMs: [],
    flagTimeoutMs: 10_000,
    sensors,
    windows: [{ openMs: 0, notBeforeMs: 25_000, latestMs: 60_000 }],
    operations: Array.from({ length: uploads }, (_, exponent) => ({
      kind: 'upload',
      atMs: FIRST_MS + everyMs * exponent,
      sensor: exponent % sensors,
      window: 0,
      exponent,
    })),
    faults,
    quietMs: 30_000,
  };
}

/** The longest time without a commit; all readings are committed. */
async function longestGap(plan: Plan): Promise<number> {
  const times: number[] = [];
  const { violations } = await runPlan(plan, {
    listener: (line) => {
      if (/hears that reading \d+ is committed$/.test(line)) times.push(Number.parseFloat(line));
    },
  });
  expect(violations).toEqual([]);
  expect(times.length).toBe(plan.operations.length);
  return Math.max(...times.slice(1).map((time, place) => time - (times[place] ?? 0)));
}

describe('readings go on being committed within a second', () => {
  // Readings arrive while the node is away and for a second after.
  const cases = {
    'is killed': {
      uploads: 40,
      fault: (node: number) => ({ kind: 'crash', atMs: 11_000, node, downMs: 2_000 }) as const,
    },
    hangs: {
      uploads: 60,
      fault: (node: number) => ({ kind: 'pause', atMs: 11_000, node, forMs: 4_000 }) as const,
    },
  };
  for (const nodesPerDomain of [2, 3]) {
    for (const [what, { uploads, fault }] of Object.entries(cases)) {
      it(`when a node of 3x${nodesPerDomain} ${what}`, async () => {
        for (const node of [0, 3]) {
          const plan = steadyPlan(nodesPerDomain, [fault(node)], uploads);
          expect(await longestGap(plan)).toBeLessThan(GAP_MS_MAX);
        }
      });
    }
  }

  // With one sensor there is nobody whom another node serves meanwhile, and the node it keeps to hangs as well.
  it.each([
    ['readings of four sensors', 4],
    ['those of a sensor alone', 1],
  ])('when one node after the other hangs, as soon as the one before is back: %s', async (_, sensors) => {
    const faults = Array.from({ length: 6 }, (_, node) => {
      return { kind: 'pause', atMs: 11_000 + 1_500 * node, node, forMs: 1_300 } as const;
    });
    const plan = steadyPlan(2, faults, 60, { everyMs: 150, sensors });
    expect(await longestGap(plan)).toBeLessThan(GAP_MS_MAX);
  });
});
