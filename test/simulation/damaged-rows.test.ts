import { describe, expect, it } from 'vitest';
import { plainPlan } from './plain-plan.ts';
import type { Plan } from './plan.ts';
import { runPlan } from './run.ts';
import type { HarmedTable } from './storage-faults.ts';

/** While readings arrive, while the window is open and while it is sealed. */
const TIMES_MS = [11_500, 22_000, 31_000];
/** Of one store in nine every window can do without the votes, and of one copy in two without the shares. */
const NODE = 4;

function damagedPlan(table: HarmedTable, changes: Partial<Plan> = {}): Plan {
  return {
    ...plainPlan(),
    shape: { domains: 3, nodesPerDomain: 3, acceptors: 3, replicas: 2 },
    faults: TIMES_MS.map((atMs) => ({ kind: 'bit flip', atMs, node: NODE, table, downMs: 100 }) as const),
    ...changes,
  };
}

describe('a bit that flips on a disk', () => {
  for (const table of ['values', 'flags', 'windows', 'meta', 'documents', 'keys'] as const) {
    it(`in ${table} costs no reading where the other stores are enough`, async () => {
      const { violations, faults, windows } = await runPlan(damagedPlan(table));
      expect(violations).toEqual([]);
      expect(windows).toMatchObject({ released: 1 });
      const flips = Object.entries(faults).filter(([kind]) => kind.startsWith(`bit flip in ${table}`));
      expect(flips.reduce((sum, [, count]) => sum + count, 0)).toBeGreaterThan(1);
    });
  }
});
