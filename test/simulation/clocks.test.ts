import { describe, expect, it } from 'vitest';
import { plainPlan } from './plain-plan.ts';
import type { Plan } from './plan.ts';
import { runPlan } from './run.ts';

/** Two windows, one after the other, in a ring whose clocks are off by so much until the faults end. */
function astray(skewsMs: readonly number[]): Plan {
  const plan = plainPlan();
  return {
    ...plan,
    shape: { domains: 3, nodesPerDomain: 2, acceptors: 3, replicas: 2 },
    skewsMs,
    healedSkewsMs: skewsMs.map(() => 0),
    windows: [0, 60_000].map((openMs) => ({
      openMs,
      notBeforeMs: openMs + 45_000,
      latestMs: openMs + 50_000,
    })),
    operations: plan.operations.map((operation, place) => ({
      ...operation,
      window: place % 2,
      atMs: 65_000,
    })),
    quietMs: 90_000,
  };
}

describe('clocks that are off by minutes', () => {
  it('cost time where all are behind, and nothing else: windows open late, and have their results once they are right', async () => {
    const { violations, windows } = await runPlan(
      astray([-240_000, -300_000, -200_000, -90_000, -120_000, -70_000]),
    );
    expect(violations).toEqual([]);
    expect(windows.released).toBe(2);
  });

  it('make one node freeze its windows early, and the others go on without it', async () => {
    const plan = astray([300_000, 0, 0, 0, 0, 0]);
    const operations = plan.operations.map((operation, place) => ({
      ...operation,
      window: 0,
      atMs: 20_000 + 500 * place,
    }));
    const { violations, windows, readings } = await runPlan({ ...plan, operations });
    expect(violations).toEqual([]);
    expect(windows.released).toBe(2);
    expect(readings.filter(({ fate }) => fate === 'committed').length).toBeGreaterThan(0);
  });
});
