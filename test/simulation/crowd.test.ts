import { describe, expect, it } from 'vitest';
import { operations } from '../../src/protocol/index.ts';
import { plainPlan } from './plain-plan.ts';
import type { Plan, PlannedOperation } from './plan.ts';
import { runPlan } from './run.ts';
import type { Sabotage } from './sabotage.ts';

const SENSORS = 12;
const MOMENTS = 4;
const { UPLOAD, ACCEPT } = operations;

/**
 * Every sensor uploads one reading after the other, all at the same moments, over a network that is quick enough for
 * them to meet at a node; in worlds that are drawn they hardly ever do.
 */
function crowdedPlan(change: Partial<Plan>, network: Partial<Plan['network']> = {}): Plan {
  const uploads = Array.from({ length: MOMENTS * SENSORS }, (_, exponent): PlannedOperation => {
    const atMs = 10_000 * (1 + Math.floor(exponent / SENSORS));
    return { kind: 'upload', atMs, sensor: exponent % SENSORS, window: 0, exponent };
  });
  return {
    ...plainPlan({ delayMs: 2, ...network }),
    shape: { domains: 3, nodesPerDomain: 2, acceptors: 3, replicas: 2 },
    sensors: SENSORS,
    windows: [{ openMs: 0, notBeforeMs: 60_000, latestMs: 90_000 }],
    quietMs: 65_000,
    operations: uploads,
    ...change,
  };
}

/** Runs it with sensors that upload each reading by itself, and counts the readings that nodes hand on together. */
async function crowded(plan: Plan) {
  const together = { relayed: 0, set: 0 };
  const sabotage: Sabotage = {
    upload: (sensor, reading, target) => sensor.upload(reading, target),
    publicRouter: (router) => ({
      ...router,
      handle(caller, request, signal) {
        // A node's UPLOAD is of readings that it relays.
        if (caller.kind === 'peer' && request.path === UPLOAD.path) {
          const { packets } = UPLOAD.request.decode(request.body);
          if (packets.length > 1) together.relayed += packets.length;
        }
        if (caller.kind === 'peer' && request.path === ACCEPT.path) {
          const { packets } = ACCEPT.request.decode(request.body);
          if (packets.length > 1) together.set += packets.length;
        }
        return router.handle(caller, request, signal);
      },
    }),
  };
  return { ...(await runPlan(plan, { sabotage })), together };
}

describe('lone readings of a crowd', () => {
  it('EXACT: are all in the result where nodes carry out those that meet as one', async () => {
    const { violations, windows, readings, together } = await crowded(crowdedPlan({}));
    expect(violations).toEqual([]);
    expect(windows.released).toBe(1);
    expect(readings.filter(({ fate }) => fate === 'committed')).toHaveLength(MOMENTS * SENSORS);
    expect(together.relayed).toBeGreaterThan(20);
    expect(together.set).toBeGreaterThan(20);
  });

  it('ONE-OUTCOME: each has its own where messages are lost and repeated, and nodes and sensors end between them', async () => {
    const faults: Plan['faults'] = [
      { kind: 'crash', atMs: 20_004, node: 1, downMs: 2_000 },
      { kind: 'crash at site', atMs: 29_000, node: 2, site: 'commit pending', downMs: 2_000 },
      { kind: 'crash at site', atMs: 39_000, node: 3, site: 'reply ready', downMs: 2_000 },
      { kind: 'sensor death', sensor: 5, request: 9, sent: true },
    ];
    for (const seed of [1, 2, 3]) {
      const plan = crowdedPlan({ seed, faults }, { loss: 0.01, duplication: 0.1 });
      const { violations, windows, together } = await crowded(plan);
      expect(violations).toEqual([]);
      expect(windows.released).toBe(1);
      expect(together.relayed).toBeGreaterThan(0);
      expect(together.set).toBeGreaterThan(0);
    }
  });
});
