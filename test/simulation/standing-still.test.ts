import { describe, expect, it } from 'vitest';
import { PLANNED_WAIT_MS } from './compute.ts';
import { START_MS } from './kernel/index.ts';
import type { Plan } from './plan.ts';
import { runPlan } from './run.ts';

const UPLOADS = 16;
/** The window may be sealed from then on, and is computed at once. */
const SEALED_MS = 30_000;
/** A node stands still from just before that, for minutes. */
const HANGS_MS = 29_500;
const HANGS_FOR_MS = 120_000;
/** What docs/RELIABILITY.md promises meanwhile, and once it is back. */
const ANSWER_MS_MAX = 15_000;

/** A window with readings, of which the operator asks the result, while one node stands still. */
function standingStill(nodesPerDomain: number, node: number): Plan {
  return {
    seed: 0,
    shape: { domains: 3, nodesPerDomain, acceptors: 3, replicas: 2 },
    network: { loss: 0, duplication: 0, delayMs: 10, stall: 0, stallMs: 0 },
    disk: { commitMs: 5, readMs: 1 },
    skewsMs: [],
    flagTimeoutMs: 10_000,
    sensors: 4,
    windows: [{ openMs: 0, notBeforeMs: SEALED_MS, latestMs: 600_000 }],
    operations: [
      ...Array.from({ length: UPLOADS }, (_, exponent) => ({
        kind: 'upload' as const,
        atMs: 10_000 + 100 * exponent,
        sensor: exponent % 4,
        window: 0,
        exponent,
      })),
      // The last one as soon as the node is back.
      ...Array.from({ length: 1 + HANGS_FOR_MS / PLANNED_WAIT_MS }, (_, turn) => ({
        kind: 'compute' as const,
        atMs: SEALED_MS + PLANNED_WAIT_MS * turn,
        window: 0,
      })),
    ],
    faults: [{ kind: 'pause', atMs: HANGS_MS, node, forMs: HANGS_FOR_MS }],
    quietMs: HANGS_MS + HANGS_FOR_MS + 20_000,
  };
}

/** When the window was first settled and when its result was told, ms after it could be sealed. */
async function timesOf(plan: Plan): Promise<{ settledMs: number; toldMs: number }> {
  const times = { settledMs: Number.POSITIVE_INFINITY, toldMs: Number.POSITIVE_INFINITY };
  const { violations } = await runPlan(plan, {
    listener: (line) => {
      const at = Number.parseFloat(line) - START_MS - SEALED_MS;
      if (/info: window settled$/.test(line)) times.settledMs = Math.min(times.settledMs, at);
      if (/window 0 has a result$/.test(line)) times.toldMs = Math.min(times.toldMs, at);
    },
  });
  expect(violations).toEqual([]);
  return times;
}

describe('while a node stands still for minutes', () => {
  it.each([0, 4])('a window of 3x3 is released within seconds: node %i', async (node) => {
    const { toldMs } = await timesOf(standingStill(3, node));
    expect(toldMs).toBeLessThan(ANSWER_MS_MAX);
  });

  it.each([0, 3])(
    'a window of 3x2 is settled within seconds, and released when it is back: node %i',
    async (node) => {
      const { settledMs, toldMs } = await timesOf(standingStill(2, node));
      expect(settledMs).toBeLessThan(ANSWER_MS_MAX);
      const backMs = HANGS_MS + HANGS_FOR_MS - SEALED_MS;
      expect(toldMs).toBeGreaterThan(backMs);
      expect(toldMs).toBeLessThan(backMs + ANSWER_MS_MAX);
    },
  );
});
