import { describe, expect, it } from 'vitest';
import { EngineError } from '../../src/foundation/index.ts';
import { operations } from '../../src/protocol/index.ts';
import { plainPlan, violationsOf } from './plain-plan.ts';
import type { Plan } from './plan.ts';
import { runPlan } from './run.ts';
import type { Sabotage } from './sabotage.ts';

/** Four sensors, of whom the first come in time and the others when the window has begun. */
function gatedPlan(inTime: number, gate: Partial<Plan['gate']> = {}): Plan {
  const sensors = [0, 1, 2, 3];
  return {
    ...plainPlan(),
    windows: [{ openMs: 5_000, notBeforeMs: 30_000, latestMs: 60_000 }],
    gate: { minSensors: 3, minCommittedPercent: 90, floor: 2, ...gate },
    roster: [
      { atMs: 0, enrol: sensors.slice(0, inTime), revoke: [] },
      ...(inTime < sensors.length ? [{ atMs: 8_000, enrol: sensors.slice(inTime), revoke: [] }] : []),
    ],
    quietMs: 40_000,
  };
}

describe('a world with a gate', () => {
  it('releases a window of enough sensors that were known when it began', async () => {
    const { violations, windows, readings } = await runPlan(gatedPlan(3));
    expect(violations).toEqual([]);
    expect(windows).toEqual({ released: 1, withheld: 0, untold: 0 });
    expect(readings.filter(({ fate }) => fate === 'committed')).toHaveLength(20);
  });

  it('withholds one whose other sensors came later, although their readings are committed', async () => {
    const { violations, windows, readings } = await runPlan(gatedPlan(2));
    expect(violations).toEqual([]);
    expect(windows).toEqual({ released: 0, withheld: 1, untold: 0 });
    expect(readings.filter(({ fate }) => fate === 'committed')).toHaveLength(20);
  });

  it('counts no sensor that was revoked before the window ended', async () => {
    const plan = gatedPlan(4, { minSensors: 4 });
    const revoking = { ...plan, roster: [...(plan.roster ?? []), { atMs: 14_000, enrol: [], revoke: [3] }] };
    expect(await runPlan(revoking)).toMatchObject({ violations: [], windows: { withheld: 1 } });
  });

  it('seals and releases every label of a window by itself', async () => {
    const plan = gatedPlan(4);
    const [window] = plan.windows;
    const operations = plan.operations.map((operation, place) => ({ ...operation, window: place % 2 }));
    const labelled = {
      ...plan,
      // Sensors 0 and 2 have readings of the first label only, so the second one has too few.
      groups: ['north', 'south'],
      windows: [1, 2].map((group) => ({ openMs: 0, notBeforeMs: 0, latestMs: 0, ...window, group })),
      operations: [
        ...operations,
        { kind: 'upload' as const, atMs: 20_000, sensor: 1, window: 0, exponent: 30 },
      ],
    };
    const { violations, windows } = await runPlan(labelled);
    expect(violations).toEqual([]);
    expect(windows).toEqual({ released: 1, withheld: 1, untold: 0 });
  });
});

describe('the checker of the gate', () => {
  it('sees a domain that releases with fewer sensors than its settings ask for', async () => {
    const sabotage: Sabotage = { settings: (settings) => ({ ...settings, minSensorsFloor: 2 }) };
    expect(await violationsOf(gatedPlan(4, { floor: 5 }), sabotage)).toContain(
      'RELEASED with 4 sensors of at least 5',
    );
  });

  it('sees a domain that withholds what it should release', async () => {
    const sabotage: Sabotage = { settings: (settings) => ({ ...settings, minSensorsFloor: 9 }) };
    expect(await violationsOf(gatedPlan(4), sabotage)).toContain(
      'WITHHELD TOO_FEW_SENSORS with 4 sensors, 3 are enough',
    );
  });

  it('sees a node that dates its sensors back', async () => {
    const sabotage: Sabotage = {
      // The second node of each domain gets the log from the first, with a date that is too early.
      publicRouter: (router, { node }) => ({
        ...router,
        handle: async (caller, request, signal) => {
          if (node.endsWith('2') && request.path === operations.PUT_ROSTER.path)
            throw new EngineError('FORBIDDEN', 'expected another node to be told');
          return router.handle(caller, request, signal);
        },
      }),
      peerRouter: (router) => ({
        ...router,
        handle: async (caller, request, signal) => {
          const answer = await router.handle(caller, request, signal);
          if (request.path !== operations.ROSTER_BATCH.path || answer.status !== 200) return answer;
          const { batch } = operations.ROSTER_BATCH.response.decode(answer.body);
          const dated = { batch: batch === null ? null : { ...batch, acceptedAt: 0 } };
          return { ...answer, body: operations.ROSTER_BATCH.response.encode(dated) };
        },
      }),
    };
    expect(await violationsOf(gatedPlan(2), sabotage)).toContain('GATE');
  });
});
