import { describe, expect, it } from 'vitest';
import { operations } from '../../src/protocol/index.ts';
import { plainPlan } from './plain-plan.ts';
import { type Plan, planOf } from './plan.ts';
import { runPlan } from './run.ts';
import type { Sabotage } from './sabotage.ts';

/** Two gateways that record six readings each at one moment, of two windows, and one of them six more later. */
function recordingPlan(): Plan {
  const plan = plainPlan();
  const exponents = Array.from({ length: 6 }, (_, exponent) => exponent);
  const flush = { kind: 'flush', atMs: 10_000, sensor: 1, window: 0, exponents, gateway: false } as const;
  return {
    ...plan,
    batches: { seeds: true, recorded: true },
    moments: true,
    windows: plan.windows.flatMap((window) => [window, { ...window, openMs: 5_000 }]),
    operations: [
      flush,
      { ...flush, sensor: 2, window: 1, exponents: exponents.map((exponent) => exponent + 6) },
      { ...flush, atMs: 12_000, exponents: exponents.map((exponent) => exponent + 12) },
    ],
  };
}

describe('readings that gateways record', () => {
  it('are one flag for each sum, and all in the result of their window', async () => {
    const { violations, windows, readings } = await runPlan(recordingPlan());
    expect(violations).toEqual([]);
    expect(windows.released).toBe(2);
    expect(readings.filter(({ fate }) => fate === 'committed')).toHaveLength(18);
    expect(new Set(readings.map(({ sum }) => sum)).size).toBe(3);
  });

  it('are kept where nodes refuse their sum, and sent until they take it', async () => {
    let refused = 0;
    const sabotage: Sabotage = {
      publicRouter: (router) => ({
        ...router,
        async handle(caller, request, signal) {
          if (request.path !== operations.UPLOAD.path || refused > 40)
            return router.handle(caller, request, signal);
          refused += 1;
          throw new Error('expected a node that does what it is asked');
        },
      }),
    };
    const { violations, readings } = await runPlan(recordingPlan(), { sabotage });
    expect(violations).toEqual([]);
    expect(readings.filter(({ fate }) => fate === 'committed')).toHaveLength(18);
  });

  it('come in some worlds with batches', () => {
    const plans = Array.from({ length: 300 }, (_, seed) => planOf(seed));
    const recording = plans.filter(({ batches }) => batches?.recorded === true);
    expect(recording.length).toBeGreaterThan(25);
    expect(recording.length).toBeLessThan(70);
    for (const { operations: planned } of recording)
      expect(
        planned.some(({ kind }) => kind === 'flush') || planned.every(({ kind }) => kind !== 'upload'),
      ).toBe(true);
  });
});
