import { describe, expect, it } from 'vitest';
import type { PlannedFault } from './faults.ts';
import type { Plan } from './plan.ts';
import { runPlan } from './run.ts';

const UPLOADS = 60;
const EVERY_MS = 100;
const FIRST_MS = 10_000;
/** What docs/RELIABILITY.md promises of the time without a commit when a node dies or hangs. */
const GAP_MS_MAX = 1_000;

/** Readings at a steady pace, and one fault among them. */
function steadyPlan(nodesPerDomain: number, fault: PlannedFault): Plan {
  return {
    seed: 0,
    shape: { domains: 3, nodesPerDomain, acceptors: 3, replicas: 2 },
    network: { loss: 0, duplication: 0, delayMs: 10, stall: 0, stallMs: 0 },
    disk: { commitMs: 5, readMs: 1 },
    skewsMs: [],
    flagTimeoutMs: 10_000,
    sensors: 4,
    windows: [{ openMs: 0, notBeforeMs: 80_000, latestMs: 120_000 }],
    operations: Array.from({ length: UPLOADS }, (_, exponent) => ({
      kind: 'upload',
      atMs: FIRST_MS + EVERY_MS * exponent,
      sensor: exponent % 4,
      window: 0,
      exponent,
    })),
    faults: [fault],
    quietMs: 90_000,
  };
}

async function commitTimes(plan: Plan): Promise<readonly number[]> {
  const times: number[] = [];
  const { violations } = await runPlan(plan, {
    listener: (line) => {
      if (/hears that reading \d+ is committed$/.test(line)) times.push(Number.parseFloat(line));
    },
  });
  expect(violations).toEqual([]);
  return times;
}

describe('readings go on being committed within a second', () => {
  const faults = {
    'is killed': (node: number) => ({ kind: 'crash', atMs: 11_000, node, downMs: 2_000 }) as const,
    hangs: (node: number) => ({ kind: 'pause', atMs: 11_000, node, forMs: 4_000 }) as const,
  };
  for (const nodesPerDomain of [2, 3]) {
    for (const [what, fault] of Object.entries(faults)) {
      it(`when a node of 3x${nodesPerDomain} ${what}`, async () => {
        for (const node of [0, 3]) {
          const times = await commitTimes(steadyPlan(nodesPerDomain, fault(node)));
          expect(times.length).toBe(UPLOADS);
          const gaps = times.slice(1).map((time, place) => time - (times[place] ?? 0));
          expect(Math.max(...gaps)).toBeLessThan(GAP_MS_MAX);
        }
      });
    }
  }
});
