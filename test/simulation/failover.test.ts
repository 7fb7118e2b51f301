import { describe, expect, it } from 'vitest';
import { START_MS } from './kernel/index.ts';
import type { Plan } from './plan.ts';
import { runPlan } from './run.ts';

const EVERY_MS = 250;
const FIRST_MS = 10_000;
const UPLOADS = 50;
const AWAY_MS = 12_000;
/** Requests that are under way when a fault begins may still do their work. */
const UNDER_WAY_MS = 500;

/** Readings at a steady pace in a cluster of 3x2. */
function steadyPlan(changes: Pick<Plan, 'faults' | 'windows' | 'quietMs'> & Partial<Plan>): Plan {
  return {
    seed: 0,
    shape: { domains: 3, nodesPerDomain: 2, acceptors: 3, replicas: 2 },
    network: { loss: 0, duplication: 0, delayMs: 10, stall: 0, stallMs: 0 },
    disk: { commitMs: 5, readMs: 1 },
    skewsMs: [],
    flagTimeoutMs: 120_000,
    sensors: 4,
    operations: Array.from({ length: UPLOADS }, (_, exponent) => ({
      kind: 'upload',
      atMs: FIRST_MS + EVERY_MS * exponent,
      sensor: exponent % 4,
      window: 0,
      exponent,
    })),
    ...changes,
  };
}

/** When readings were committed, and when COMPUTE said what, ms after the start. */
async function storyOf(plan: Plan) {
  const commits: number[] = [];
  const told: { readonly atMs: number; readonly what: string }[] = [];
  const { violations } = await runPlan(plan, {
    listener: (line) => {
      const atMs = Number.parseFloat(line) - START_MS;
      if (/hears that reading \d+ is committed$/.test(line)) commits.push(atMs);
      const said = /window 0 (is INCOMPLETE|has a result)/.exec(line);
      if (said?.[1] !== undefined) told.push({ atMs, what: said[1] });
    },
  });
  expect(violations).toEqual([]);
  return { commits, told };
}

describe('a whole domain that is away', () => {
  it('pauses uploads, which all go on when it is back', async () => {
    const forMs = 15_000;
    const { commits } = await storyOf(
      steadyPlan({
        windows: [{ openMs: 0, notBeforeMs: 60_000, latestMs: 90_000 }],
        faults: [{ kind: 'partition', atMs: AWAY_MS, side: [2, 3], forMs }],
        quietMs: 62_000,
      }),
    );
    const meanwhile = commits.filter((atMs) => atMs > AWAY_MS + UNDER_WAY_MS && atMs < AWAY_MS + forMs);
    expect(meanwhile).toEqual([]);
    expect(commits.filter((atMs) => atMs <= AWAY_MS).length).toBeGreaterThan(5);
    expect(commits).toHaveLength(UPLOADS);
  });
});

describe('one node of every domain that is away at once', () => {
  it('stops no uploads, and COMPUTE says INCOMPLETE until it is back', async () => {
    const downMs = 40_000;
    const { commits, told } = await storyOf(
      steadyPlan({
        windows: [{ openMs: 0, notBeforeMs: 25_000, latestMs: 90_000 }],
        operations: [
          ...steadyPlan({ windows: [], faults: [], quietMs: 0 }).operations,
          ...[26_000, AWAY_MS + downMs].map((atMs) => ({ kind: 'compute' as const, atMs, window: 0 })),
        ],
        faults: [0, 2, 4].map((node) => ({ kind: 'crash' as const, atMs: AWAY_MS, node, downMs })),
        quietMs: 75_000,
      }),
    );
    const uploadedMs = FIRST_MS + EVERY_MS * UPLOADS;
    const before = commits.filter((atMs) => atMs <= AWAY_MS).length;
    const meanwhile = commits.filter(
      (atMs) => atMs > AWAY_MS + UNDER_WAY_MS && atMs < uploadedMs + UNDER_WAY_MS,
    );
    // What a node was handed for a partition that had just lost its majority waits for it; all others go on.
    expect(meanwhile.length).toBeGreaterThan(0.7 * (UPLOADS - before));
    expect(told[0]?.what).toBe('is INCOMPLETE');
    expect(told[0]?.atMs).toBeLessThan(AWAY_MS + downMs);
    expect(told.find(({ what }) => what === 'has a result')?.atMs).toBeGreaterThan(AWAY_MS + downMs);
  });
});

/** Moments after COMPUTE is asked, which takes about a quarter of a second, one for each window. */
const MOMENTS_MS = Array.from({ length: 10 }, (_, i) => 5 + 25 * i);
const APART_MS = 9_000;
/** Who waits for a node that died notices it within 3 s, and asks another one then. */
const TOLD_MS_MAX = 6_000;

/** Windows that are computed one after the other, and a node of 3x3 that dies at another moment of each. */
function dyingPlan(node: number): Plan {
  const computedMs = (window: number) => 20_000 + APART_MS * window;
  return {
    ...steadyPlan({
      windows: MOMENTS_MS.map((_, window) => ({
        openMs: 10 * window,
        notBeforeMs: computedMs(window),
        latestMs: 300_000,
      })),
      faults: MOMENTS_MS.map((atMs, window) => ({
        kind: 'crash' as const,
        atMs: computedMs(window) + atMs,
        node,
        downMs: APART_MS - 1_000,
      })),
      quietMs: computedMs(MOMENTS_MS.length),
    }),
    shape: { domains: 3, nodesPerDomain: 3, acceptors: 3, replicas: 2 },
    operations: [
      ...Array.from({ length: 3 * MOMENTS_MS.length }, (_, exponent) => ({
        kind: 'upload' as const,
        atMs: FIRST_MS + 100 * exponent,
        sensor: exponent % 4,
        window: exponent % MOMENTS_MS.length,
        exponent,
      })),
      ...MOMENTS_MS.map((_, window) => ({ kind: 'compute' as const, atMs: computedMs(window), window })),
    ],
  };
}

describe('whichever node dies, at whatever moment of seal, settle and release', () => {
  it.each([0, 3])('every window has its result before it is back: node %i', async (node) => {
    const told = new Map<number, number>();
    const plan = dyingPlan(node);
    const { violations, faults, readings } = await runPlan(plan, {
      listener: (line) => {
        const [, window] = /window (\d+) has a result$/.exec(line) ?? [];
        if (window !== undefined) told.set(Number(window), Number.parseFloat(line) - START_MS);
      },
    });
    expect(violations).toEqual([]);
    expect(faults).toMatchObject({ crash: MOMENTS_MS.length });
    expect(readings.filter(({ fate }) => fate === 'committed')).toHaveLength(3 * MOMENTS_MS.length);
    for (const [window, { notBeforeMs }] of plan.windows.entries())
      expect((told.get(window) ?? Number.POSITIVE_INFINITY) - notBeforeMs).toBeLessThan(TOLD_MS_MAX);
  });
});
