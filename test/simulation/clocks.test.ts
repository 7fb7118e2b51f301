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

  // Seed 388773139, by hand made small: a store that forgets whether windows were opened, in a ring half of whose clocks are ahead.
  it('open windows that are to come, behind which a lost store is declared lost all the same', async () => {
    const opened = [20_000, 40_000, 60_000].map((openMs) => ({
      openMs,
      notBeforeMs: openMs + 20_000,
      latestMs: openMs + 20_000,
    }));
    const seals: readonly (readonly [atMs: number, window: number])[] = [
      [57_173, 0],
      [42_278, 0],
      [102_420, 2],
      [119_669, 2],
      [90_072, 2],
      [57_224, 3],
      [77_394, 3],
      [65_118, 4],
      [68_946, 4],
      [97_787, 5],
    ];
    const plan: Plan = {
      ...plainPlan(),
      seed: 388_773_139,
      shape: { domains: 3, nodesPerDomain: 3, acceptors: 3, replicas: 1 },
      network: { loss: 0, duplication: 0, delayMs: 50, stall: 0, stallMs: 30_000 },
      disk: { commitMs: 20, readMs: 5 },
      skewsMs: [576_692, -248_908, -383_145, -492_525, -232_398, 444_247, 477_563, -420_198, -194_645],
      healedSkewsMs: [-23_670, -10_790, 11_320, -17_920, 14_690, -6_680, 29_300, 23_270, 27_680],
      flagTimeoutMs: 30_000,
      fixedMs: 20_000,
      windows: [...opened, ...opened.map((window) => ({ ...window, stream: 1 }))],
      beside: { domains: [1, 2] },
      maxExcluded: 2,
      operations: seals.map(([atMs, window]) => ({ kind: 'seal', atMs, window })),
      faults: [
        { kind: 'crash at site', atMs: 22_760, node: 5, site: 'commit durable', downMs: 20_000 },
        { kind: 'pause', atMs: 14_683, node: 1, forMs: 300 },
        { kind: 'dropped commit', atMs: 60_264, node: 4, downMs: 3_000 },
      ],
      quietMs: 90_000,
    };
    const { violations, faults } = await runPlan(plan, { livenessMs: 40_000, endsWith: () => true });
    expect(violations).toEqual([]);
    expect(faults).toMatchObject({ 'dropped commit': 1, 'loss declared': 1 });
  }, 240_000);
});
