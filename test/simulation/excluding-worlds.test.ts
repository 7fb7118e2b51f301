import { describe, expect, it } from 'vitest';
import type { FlagEntry } from '../../src/protocol/index.ts';
import { entriesOfKeys, operations } from '../../src/protocol/index.ts';
import { plainPlan, violationsOf } from './plain-plan.ts';
import type { Plan } from './plan.ts';
import { runPlan } from './run.ts';
import type { Sabotage } from './sabotage.ts';

/** Every reading has both copies of its shares when, long before the seal, one domain loses one. */
function losingPlan(changes: Partial<Plan> = {}): Plan {
  return {
    ...plainPlan(),
    shape: { domains: 3, nodesPerDomain: 2, acceptors: 3, replicas: 2 },
    windows: [{ openMs: 0, notBeforeMs: 80_000, latestMs: 120_000 }],
    quietMs: 90_000,
    maxExcluded: 5,
    faults: [{ kind: 'lost share', atMs: 40_000, domain: 1, downMs: 100 }],
    ...changes,
  };
}

/** A store that nobody has a copy of is lost with its computer, and the next document declares it lost. */
const LOST_STORE: Partial<Plan> = {
  shape: { domains: 3, nodesPerDomain: 3, acceptors: 3, replicas: 1 },
  maxExcluded: 20,
  faults: [],
  ringChanges: [{ kind: 'replace', atMs: 40_000, placementMs: 85_000, node: 4 }],
};

describe('a domain that has lost its share of a reading', () => {
  it('leaves it out in all domains, and the result is exact over the others', async () => {
    const { violations, faults, windows, excluded, incomplete } = await runPlan(losingPlan());
    expect(violations).toEqual([]);
    expect(faults).toMatchObject({ 'lost share': 1 });
    expect(windows).toMatchObject({ excluding: 1, released: 0 });
    expect(excluded).toBeGreaterThan(0);
    expect(incomplete).toBe(0);
  });

  it('does so for the shares of a store that is declared lost', async () => {
    const { violations, faults, windows, excluded, incomplete } = await runPlan(losingPlan(LOST_STORE));
    expect(violations).toEqual([]);
    expect(faults).toMatchObject({ 'store replaced': 1 });
    expect(windows).toMatchObject({ excluding: 1 });
    expect(excluded).toBeGreaterThan(2);
    expect(incomplete).toBe(0);
  });

  it('keeps the window from its result where the stream excludes nothing', async () => {
    const { violations, windows, incomplete } = await runPlan(losingPlan({ maxExcluded: 0 }));
    expect(violations).toEqual([]);
    expect(windows).toMatchObject({ excluding: 0, released: 0, untold: 1 });
    expect(incomplete).toBe(1);
  });
});

describe('the checkers of exclusions', () => {
  it('see a domain that calls a share lost which it has', async () => {
    expect(
      await violationsOf(losingPlan({ faults: [] }), { peerRouter: callLost() }, 'no domain has lost'),
    ).toContain('no domain has lost');
  });
});

/** The nodes of the second domain call the first reading missing that they were sent. */
function callLost(): NonNullable<Sabotage['peerRouter']> {
  let first: FlagEntry | undefined;
  return (router, { domain }) => ({
    ...router,
    handle: async (caller, request, signal) => {
      const answer = await router.handle(caller, request, signal);
      if (request.path === operations.COPY.path && first === undefined && domain === 'birch') {
        const { keys } = operations.COPY.request.decode(request.body);
        first = entriesOfKeys(keys)[0];
      }
      if (request.path !== operations.READY.path || domain !== 'birch' || first === undefined) return answer;
      const { ready, reason } = operations.READY.response.decode(answer.body);
      if (!ready) return answer;
      return { ...answer, body: operations.READY.response.encode({ ready, reason, missing: [first] }) };
    },
  });
}
