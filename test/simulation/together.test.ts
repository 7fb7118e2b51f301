import { describe, expect, it } from 'vitest';
import { plainPlan } from './plain-plan.ts';
import type { Plan } from './plan.ts';
import { runPlan } from './run.ts';

/** One flush of all readings, of one sensor or of four. */
function flushingPlan(gateway: boolean): Plan {
  const exponents = Array.from({ length: 12 }, (_, exponent) => exponent);
  return {
    ...plainPlan(),
    operations: [{ kind: 'flush', atMs: 10_000, sensor: 1, window: 0, exponents, gateway }],
  };
}

describe('readings that a sensor hands over at once', () => {
  it('are all in the result, whoever they are of, in a stream of single readings and of batches', async () => {
    const alone = await runPlan(flushingPlan(false));
    const several = await runPlan(flushingPlan(true));
    const batches = await runPlan({ ...flushingPlan(false), batches: { seeds: true } });
    for (const { violations, windows, readings } of [alone, several, batches]) {
      expect(violations).toEqual([]);
      expect(windows.released).toBe(1);
      expect(readings.filter(({ fate }) => fate === 'committed')).toHaveLength(12);
    }
    expect(new Set(alone.readings.map(({ sensor }) => sensor))).toEqual(new Set([1]));
    expect(new Set(several.readings.map(({ sensor }) => sensor))).toEqual(new Set([0, 1, 2, 3]));
  });

  it('count for their own sensors at the gate', async () => {
    const gated: Plan = {
      ...flushingPlan(true),
      windows: [{ openMs: 5_000, notBeforeMs: 30_000, latestMs: 60_000 }],
      gate: { minSensors: 4, minCommittedPercent: 90, floor: 2 },
      roster: [{ atMs: 0, enrol: [0, 1, 2, 3], revoke: [] }],
      quietMs: 40_000,
    };
    expect(await runPlan(gated)).toMatchObject({ violations: [], windows: { released: 1 } });
    const operations = flushingPlan(false).operations;
    expect(await runPlan({ ...gated, operations })).toMatchObject({
      violations: [],
      windows: { withheld: 1 },
    });
  });
});
