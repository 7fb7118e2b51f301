import { describe, expect, it } from 'vitest';
import { operations } from '../../src/protocol/index.ts';
import { plainPlan, violationsOf } from './plain-plan.ts';
import { type Plan, planOf } from './plan.ts';
import { runPlan } from './run.ts';
import type { Sabotage } from './sabotage.ts';

/** Two streams whose windows have one id, the second of them with its domains the other way round. */
function twoStreams(): Plan {
  const plan = plainPlan();
  return {
    ...plan,
    beside: { domains: [1, 0] },
    windows: plan.windows.flatMap((window) => [window, { ...window, stream: 1 }]),
    operations: plan.operations.map((operation, place) => ({ ...operation, window: place % 2 })),
  };
}

describe('two streams of one ring', () => {
  it('have their windows open together, and each its own readings', async () => {
    const { violations, windows, readings } = await runPlan(twoStreams());
    expect(violations).toEqual([]);
    expect(windows.released).toBe(2);
    expect(readings.filter(({ fate, window }) => fate === 'committed' && window === 1)).toHaveLength(10);
  });

  it('are told apart by the checkers: a row of the other one is none of this one', async () => {
    let first: string | undefined;
    const sabotage: Sabotage = {
      publicRouter: (router) => ({
        ...router,
        handle(caller, request, signal) {
          if (request.path !== operations.COMPUTE.path) return router.handle(caller, request, signal);
          const asked = operations.COMPUTE.request.decode(request.body);
          first ??= asked.stream;
          const body = operations.COMPUTE.request.encode({ ...asked, stream: first });
          return router.handle(caller, { ...request, body }, signal);
        },
      }),
    };
    expect(await violationsOf(twoStreams(), sabotage, 'with the row of something else')).toContain(
      'with the row of something else',
    );
  });

  it('come in some worlds, of other domains or in another order, with windows that begin together or apart', () => {
    const plans = Array.from({ length: 300 }, (_, seed) => planOf(seed));
    const having = plans.filter(({ beside }) => beside !== undefined);
    expect(having.length).toBeGreaterThan(40);
    expect(having.length).toBeLessThan(90);
    const apart = having.filter(({ windows }) => {
      const starts = (stream: number) =>
        windows.flatMap((one) => ((one.stream ?? 0) === stream ? [one.openMs] : []));
      return starts(0).some((openMs) => !starts(1).includes(openMs));
    });
    expect(apart.length).toBeGreaterThan(5);
    expect(having.length - apart.length).toBeGreaterThan(20);
    for (const { windows, operations: planned } of having)
      expect(planned.some(({ window }) => windows[window]?.stream === 1)).toBe(true);
  });
});
