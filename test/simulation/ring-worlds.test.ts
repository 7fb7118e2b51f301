import { describe, expect, it } from 'vitest';
import { hasCode } from '../../src/foundation/index.ts';
import { operations } from '../../src/protocol/index.ts';
import { epoch } from '../../src/ring/index.ts';
import { START_MS } from './kernel/index.ts';
import { plainPlan, violationsOf } from './plain-plan.ts';
import type { Plan } from './plan.ts';
import type { PlannedPlacement } from './ring-worlds.ts';
import { runPlan } from './run.ts';
import type { Sabotage } from './sabotage.ts';

const PLACED_MS = 32_000;

/** One window on each side of the change, both with readings until their end. */
function changingPlan(change: Partial<PlannedPlacement> = {}): Plan {
  const uploads = plainPlan().operations.map((operation, place) => ({
    ...operation,
    atMs: place % 2 === 0 ? 10_000 + 500 * place : PLACED_MS + 500 * place,
    window: place % 2,
  }));
  return {
    ...plainPlan(),
    shape: { domains: 3, nodesPerDomain: 2, acceptors: 3, replicas: 2 },
    windows: [
      { openMs: 0, notBeforeMs: 45_000, latestMs: 60_000 },
      { openMs: PLACED_MS, notBeforeMs: 45_000, latestMs: 60_000 },
    ],
    ringChanges: [{ kind: 'grow', atMs: 12_000, placementMs: PLACED_MS - 2_000, node: 0, ...change }],
    operations: uploads,
    quietMs: 50_000,
  };
}

describe('a ring that changes during a run', () => {
  it('grows by a node, and every reading is in the window of its placement', async () => {
    const { violations, faults, windows, readings } = await runPlan(changingPlan());
    expect(violations).toEqual([]);
    expect(faults).toMatchObject({ 'ring grown': 1 });
    expect(windows).toMatchObject({ released: 2 });
    expect(readings.filter(({ fate }) => fate === 'committed')).toHaveLength(20);
  });

  it('goes on under another store where one was lost, and loses no reading', async () => {
    const plan = changingPlan({ kind: 'replace', node: 3 });
    const { violations, faults, windows, incomplete } = await runPlan(plan);
    expect(violations).toEqual([]);
    expect(faults).toMatchObject({ 'store replaced': 1 });
    expect(windows).toMatchObject({ released: 2 });
    expect(incomplete).toBe(0);
  });

  it('grows and replaces a store while a window is open and while it is sealed, and has every window’s result', async () => {
    const plan = changingPlan();
    const { violations, faults, windows, incomplete, readings } = await runPlan({
      ...plan,
      ringChanges: [
        { kind: 'grow', atMs: 12_000, placementMs: PLACED_MS - 2_000, node: 0 },
        { kind: 'replace', atMs: 36_000, placementMs: 55_000, node: 2 },
        { kind: 'grow', atMs: 46_000, placementMs: 65_000, node: 2 },
      ],
      windows: [...plan.windows, { openMs: 57_000, notBeforeMs: 80_000, latestMs: 82_000 }],
      quietMs: 60_000,
    });
    expect(violations).toEqual([]);
    expect(faults).toMatchObject({ 'ring grown': 2, 'store replaced': 1 });
    expect(windows).toMatchObject({ released: 3 });
    expect(incomplete).toBe(0);
    expect(readings.filter(({ fate }) => fate === 'committed')).toHaveLength(20);
  });

  it('takes another document where the first one came after its windows', async () => {
    const { violations, faults, windows } = await runPlan(changingPlan({ placementMs: 11_000 }));
    expect(violations).toEqual([]);
    expect(faults).toMatchObject({ 'ring document refused': 1, 'ring grown': 1 });
    expect(windows).toMatchObject({ released: 2 });
  });

  it('renews keys of its domains before, between and behind changes, and loses no reading', async () => {
    const plan = changingPlan();
    const { violations, faults, windows, readings } = await runPlan({
      ...plan,
      ringChanges: [
        { kind: 'renew', atMs: 5_000, node: 0 },
        ...(plan.ringChanges ?? []),
        { kind: 'renew', atMs: 20_000, node: 1 },
        { kind: 'renew', atMs: 30_000, node: 4 },
      ],
    });
    expect(violations).toEqual([]);
    expect(faults).toMatchObject({ 'key renewed': 3, 'ring grown': 1 });
    expect(windows).toMatchObject({ released: 2 });
    expect(readings.filter(({ fate }) => fate === 'committed')).toHaveLength(20);
  });

  it('renews keys to which shares are sealed while windows are open and when they settle, and loses no reading', async () => {
    const plan = changingPlan();
    const resealed = (atMs: number, node: number) => ({ kind: 'renew', atMs, node, sealing: true }) as const;
    const resealing: Plan = {
      ...plan,
      ringChanges: [
        resealed(8_000, 0),
        ...(plan.ringChanges ?? []),
        resealed(14_000, 1),
        resealed(30_000, 4),
        resealed(46_000, 0),
      ],
    };
    const { violations, faults, windows, readings } = await runPlan(resealing);
    expect(violations).toEqual([]);
    // A further one of the first domain is refused, because its nodes keep two former ones.
    expect(faults).toMatchObject({ 'sealing key renewed': 3, 'ring change left out': 1, 'ring grown': 1 });
    expect(windows).toMatchObject({ released: 2 });
    expect(readings.filter(({ fate }) => fate === 'committed')).toHaveLength(20);
  });

  it('is seen where nodes do not keep the key that sensors still seal to', async () => {
    const plan: Plan = {
      ...changingPlan(),
      operations: [],
      ringChanges: [{ kind: 'renew', atMs: 8_000, node: 0, sealing: true }],
    };
    const sabotage: Sabotage = { settings: (settings) => ({ ...settings, formerSealingKeys: [] }) };
    expect(await violationsOf(plan, sabotage, 'does not start again')).toContain('does not start again');
  });

  it('may have domains that a stream has not, and has the results of those that it has', async () => {
    const { violations, windows, readings } = await runPlan({ ...changingPlan(), domains: [2, 0] });
    expect(violations).toEqual([]);
    expect(windows).toMatchObject({ released: 2 });
    expect(readings.filter(({ fate }) => fate === 'committed')).toHaveLength(20);
  });

  it('is seen where a node that has the new document serves its windows under the old one', async () => {
    const sabotage: Sabotage = {
      publicRouter: (router) => ({
        ...router,
        handle: async (caller, request, signal) => {
          try {
            return await router.handle(caller, request, signal);
          } catch (error) {
            if (request.path !== operations.UPLOAD.path || !hasCode(error, 'STALE_EPOCH')) throw error;
            const upload = operations.UPLOAD.request.decode(request.body);
            const late = upload.context.window >= START_MS + PLACED_MS;
            const context = { ...upload.context, epoch: epoch(2), placementEpoch: epoch(late ? 2 : 1) };
            const body = operations.UPLOAD.request.encode({ ...upload, context });
            return router.handle(caller, { ...request, body }, signal);
          }
        },
      }),
    };
    expect(await violationsOf(changingPlan(), sabotage, 'BARRIER')).toContain('BARRIER');
  });
});
