import { describe, expect, it } from 'vitest';
import { EngineError, hasCode } from '../../src/foundation/index.ts';
import type { StoreOperation } from '../../src/ports/index.ts';
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
    expect(windows).toMatchObject({ released: 1, withheld: 0, untold: 0 });
    expect(readings.filter(({ fate }) => fate === 'committed')).toHaveLength(20);
  });

  it('withholds one whose other sensors came later, although their readings are committed', async () => {
    const { violations, windows, readings } = await runPlan(gatedPlan(2));
    expect(violations).toEqual([]);
    expect(windows).toMatchObject({ released: 0, withheld: 1, untold: 0 });
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
    expect(windows).toMatchObject({ released: 1, withheld: 1, untold: 0 });
  });
});

describe('the checker of the gate', () => {
  it('sees a domain that releases with fewer sensors than its settings ask for', async () => {
    const sabotage: Sabotage = { settings: (settings) => ({ ...settings, minSensorsFloor: 2 }) };
    expect(
      await violationsOf(gatedPlan(4, { floor: 5 }), sabotage, 'RELEASED with 4 sensors of at least 5'),
    ).toContain('RELEASED with 4 sensors of at least 5');
  });

  it('sees a domain that withholds what it should release', async () => {
    const sabotage: Sabotage = { settings: (settings) => ({ ...settings, minSensorsFloor: 9 }) };
    expect(
      await violationsOf(gatedPlan(4), sabotage, 'WITHHELD TOO_FEW_SENSORS with 4 sensors, 3 are enough'),
    ).toContain('WITHHELD TOO_FEW_SENSORS with 4 sensors, 3 are enough');
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
    expect(await violationsOf(gatedPlan(2), sabotage, 'GATE')).toContain('GATE');
  });
});

describe('a world that erases', () => {
  /** The window is told at 35 s, erased at 45 s, and somebody still uploads into it. */
  const erasing: Plan = {
    ...gatedPlan(4),
    windows: [{ openMs: 5_000, notBeforeMs: 25_000, latestMs: 30_000 }],
    retentionMs: 15_000,
    operations: [
      ...gatedPlan(4).operations,
      { kind: 'compute', atMs: 31_000, window: 0 },
      { kind: 'upload', atMs: 55_000, sensor: 1, window: 0, exponent: 40 },
    ],
    quietMs: 70_000,
  };

  it('keeps nothing of a window but what was released, whatever crashes meanwhile', async () => {
    const faults = [0, 1, 2].map((node) => ({
      ...({ kind: 'crash at site', site: 'commit pending', atMs: 45_000, downMs: 100 } as const),
      node,
    }));
    const back = { kind: 'crash', atMs: 43_000, node: 3, downMs: 20_000 } as const;
    const { violations, windows } = await runPlan({ ...erasing, faults: [...faults, back] });
    expect(violations).toEqual([]);
    expect(windows).toMatchObject({ released: 1, erased: 0 });
  });

  it('lets a window end without a result that nobody asked for in time', async () => {
    const plan = { ...erasing, operations: gatedPlan(4).operations };
    expect(await runPlan(plan)).toMatchObject({ violations: [], windows: { erased: 1 } });
  });

  it('is seen where deleted rows stay in the log', async () => {
    const sabotage: Sabotage = { store: (store) => ({ ...store, compact: async () => undefined }) };
    expect(await violationsOf(erasing, sabotage, 'still has bytes of a record')).toContain(
      'still has bytes of a record',
    );
  });

  it('is seen where the rows stay', async () => {
    const kept = (rows: readonly StoreOperation[]) =>
      rows.filter(({ kind, table }) => kind === 'put' || table !== 'flags');
    const sabotage: Sabotage = {
      store: (store) => ({
        ...store,
        commit: (rows) => store.commit(kept(rows)),
        // Else the node would look for the rows that are left until there are none.
        range: async (table, range) => (table === 'flags' ? [] : store.range(table, range)),
      }),
    };
    expect(await violationsOf(erasing, sabotage, 'still has flags')).toContain('still has flags');
  });

  it('is seen where a node that has erased speaks of what it does not hold', async () => {
    const sabotage: Sabotage = {
      publicRouter: (router) => ({
        ...router,
        handle: async (caller, request, signal) => {
          try {
            return await router.handle(caller, request, signal);
          } catch (error) {
            if (request.path !== operations.UPLOAD.path || !hasCode(error, 'WINDOW_ERASED')) throw error;
            const body = operations.UPLOAD.response.encode({ packets: [] });
            return { status: 200, contentType: request.contentType, body };
          }
        },
      }),
    };
    expect(await violationsOf(erasing, sabotage, 'about a window that it has erased')).toContain(
      'about a window that it has erased',
    );
  });
});
