import { describe, expect, it } from 'vitest';
import { POOL_BYTES } from '../../src/arithmetic/element-pool.ts';
import { addToLimbSum, createLimbSum, encodeElements, limbSumElements } from '../../src/arithmetic/index.ts';
import {
  EngineError,
  fromBase64Url,
  fromUtf8,
  hasCode,
  toBase64Url,
  utf8,
} from '../../src/foundation/index.ts';
import type { StoreOperation } from '../../src/ports/index.ts';
import type { ReleasedRow } from '../../src/protocol/index.ts';
import { entryName, operations, releasedRowCodec } from '../../src/protocol/index.ts';
import { createPacketOpener } from '../support/packet-opener.ts';
import { createRandom } from './kernel/index.ts';
import { plainPlan, violationsOf } from './plain-plan.ts';
import { type Plan, planOf } from './plan.ts';
import { replayCommand } from './report.ts';
import { type RunReport, runPlan } from './run.ts';
import type { Sabotage } from './sabotage.ts';

/**
 * Seeds of short runs, so that the tests alone show runs of the simulator without a violation: small worlds, which are soon over, and
 * one that leaves readings out. `npm run simulate` runs many, and the large ones.
 */
const SEEDS = [25, 36, 84];
/** The one of them in which a window is released over fewer readings than were committed. */
const EXCLUDING = 36;

/** 'W', the window's key and 'F'. */
const FROZEN_KEY_BYTES = 44;

/** Runs of whole seeds, which take seconds each: whoever needs one that another test has made takes that. */
const made = new Map<number, Promise<RunReport>>();

function reportOf(seed: number): Promise<RunReport> {
  const report = made.get(seed) ?? runPlan(planOf(seed));
  made.set(seed, report);
  return report;
}

describe('a simulated cluster', () => {
  for (const seed of SEEDS) {
    it(`keeps every invariant under the faults of seed ${seed}`, async () => {
      const { violations } = await reportOf(seed);
      expect(violations, replayCommand(seed)).toEqual([]);
    });
  }

  it('leaves readings out in one of these seeds, because a whole domain has lost its shares', async () => {
    expect((await reportOf(EXCLUDING)).windows.excluding).toBeGreaterThan(0);
  });

  it('runs a seed the same way every time, whatever ran before', async () => {
    for (const seed of [25, 84]) {
      expect((await runPlan(planOf(seed))).trace, replayCommand(seed)).toBe((await reportOf(seed)).trace);
    }
  });
});

describe('the checkers', () => {
  it('find nothing where nothing is broken', async () => {
    const report = await runPlan({ ...plainPlan({ loss: 0.1, duplication: 0.3 }), seed: 2 });
    expect(report.violations).toEqual([]);
    expect(report.readings.filter(({ fate }) => fate === 'committed').length).toBeGreaterThan(15);
  });

  it('see a node that acknowledges before its commit is durable', async () => {
    const sabotage: Sabotage = {
      store: (store) => ({
        ...store,
        commit: (rows) => {
          void store.commit(rows);
          return Promise.resolve();
        },
      }),
    };
    expect(await violationsOf(plainPlan({}), sabotage, 'DURABLE')).toContain('DURABLE');
  });

  it('see a node that keeps its votes in memory only', async () => {
    const sabotage: Sabotage = {
      store: (store) => ({
        ...store,
        commit: (rows) => store.commit(rows.filter(({ table }) => table !== 'flags')),
      }),
    };
    expect(await violationsOf(plainPlan({}), sabotage, 'DURABLE')).toContain('DURABLE');
  });

  it.each([
    ['its votes about windows', 'S', 'knows the terms of window 1800000000000 by 0 votes'],
    ['that a window is frozen', 'F', 'that its disk does not call frozen'],
  ])('see a node that keeps %s in memory only', async (_, letter, said) => {
    const isLost = (key: Uint8Array) =>
      letter === 'S' ? key[0] === utf8('S')[0] : key[0] === utf8('W')[0] && key.length === FROZEN_KEY_BYTES;
    const isKept = ({ table, key }: StoreOperation) => table !== 'windows' || !isLost(key);
    const sabotage: Sabotage = {
      store: (store) => ({ ...store, commit: (rows) => store.commit(rows.filter(isKept)) }),
    };
    expect(await violationsOf(plainPlan({}), sabotage, said)).toContain(said);
  });

  it('see a program that uploads a reading again after an unknown outcome', async () => {
    const sabotage: Sabotage = {
      upload: async (sensor, reading, target) => {
        try {
          return await sensor.upload(reading, { ...target, deadlineMs: 80 });
        } catch (error) {
          if (hasCode(error, 'READING_UNDECIDED')) return sensor.upload(reading, target);
          throw error;
        }
      },
    };
    expect(await violationsOf(plainPlan({}), sabotage, '2 times')).toContain('2 times');
  });

  it('see sensors that use a mask twice', async () => {
    const sabotage: Sabotage = {
      drawing: (random) => (length) =>
        length === POOL_BYTES ? createRandom('one pool for all').bytes(length) : random(length),
    };
    expect(await violationsOf(plainPlan({}), sabotage, 'UNIFORM')).toContain('UNIFORM');
  });

  it('see a domain that adds a share once per delivery', async () => {
    expect(await violationsOf(plainPlan({ duplication: 0.5 }), countDeliveries(), 'EXACT')).toContain(
      'EXACT',
    );
  });

  it('see a node that calls a TRUE flag ERROR', async () => {
    const sabotage: Sabotage = {
      publicRouter: (router) => ({
        ...router,
        handle: async (caller, request, signal) => {
          // Else the sensor would count the votes itself and ask nobody for the outcome.
          if (request.path === operations.ACCEPT.path) throw new EngineError('OVERLOADED', 'ask later');
          const answer = await router.handle(caller, request, signal);
          if (request.path !== operations.SET.path || answer.status !== 200) return answer;
          const { outcomes } = operations.SET.response.decode(answer.body);
          const lies = outcomes.map(() => 'ERROR' as const);
          return { ...answer, body: operations.SET.response.encode({ outcomes: lies }) };
        },
      }),
    };
    expect(await violationsOf(plainPlan({}), sabotage, 'was errored and is in window')).toContain(
      'was errored and is in window',
    );
  });

  it('see a domain that releases a window in two versions', async () => {
    let answers = 0;
    const sabotage = tellingRows((row) => {
      answers += 1;
      return { ...row, reason: `${answers}` };
    });
    expect(await violationsOf(plainPlan({}), sabotage, 'GATE')).toContain('GATE');
  });
});

describe('a log that lost one commit in its middle', () => {
  it('costs no reading where the other stores are enough', async () => {
    const plan: Plan = {
      ...plainPlan({}),
      shape: { domains: 3, nodesPerDomain: 3, acceptors: 3, replicas: 2 },
      faults: [{ kind: 'dropped commit', atMs: 12_500, node: 4, downMs: 100 }],
    };
    const { violations, faults, incomplete } = await runPlan(plan);
    expect(violations).toEqual([]);
    expect(faults).toMatchObject({ 'dropped commit': 1 });
    expect(incomplete).toBe(0);
  });
});

describe('a node that never comes back', () => {
  it('keeps no window of a domain of three nodes from its result', async () => {
    const plan: Plan = {
      ...plainPlan({}),
      shape: { domains: 3, nodesPerDomain: 3, acceptors: 3, replicas: 2 },
      faults: [{ kind: 'gone', atMs: 11_000, node: 4 }],
    };
    const { violations, faults, incomplete, readings } = await runPlan(plan);
    expect(violations).toEqual([]);
    expect(faults).toMatchObject({ gone: 1 });
    expect(incomplete).toBe(0);
    expect(readings.filter(({ fate }) => fate === 'committed')).toHaveLength(20);
  });
});

describe('a data folder that goes back to an old copy', () => {
  const restored: Plan = {
    ...plainPlan({}),
    shape: { domains: 3, nodesPerDomain: 3, acceptors: 3, replicas: 2 },
    faults: [{ kind: 'lost folder', copyAtMs: 10_100, atMs: 11_500, node: 0, downMs: 100 }],
  };

  it('costs no reading where the other stores are enough', async () => {
    const { violations, faults, incomplete, readings } = await runPlan(restored);
    expect(violations).toEqual([]);
    expect(faults).toMatchObject({ 'folder restored from a copy': 1 });
    expect(incomplete).toBe(0);
    expect(readings.filter(({ fate }) => fate === 'committed').length).toBeGreaterThan(15);
  });

  it('leaves a window INCOMPLETE, and not wrong, where they are not', async () => {
    const shape = { domains: 3, nodesPerDomain: 1, acceptors: 3, replicas: 1 } as const;
    const { violations, incomplete } = await runPlan({ ...restored, shape });
    expect(violations).toEqual([]);
    expect(incomplete).toBe(1);
  });

  it('is seen to vote again where the others do not say what they remember', async () => {
    const sabotage: Sabotage = {
      peerRouter: (router) => ({
        ...router,
        handle: async (caller, request, signal) => {
          const answer = await router.handle(caller, request, signal);
          if (request.path !== operations.RECALL.path) return answer;
          return { ...answer, body: operations.RECALL.response.encode({ commitSeq: 0 }) };
        },
      }),
    };
    expect(await violationsOf(restored, sabotage, 'DOUBT')).toContain('DOUBT');
  });
});

describe('a row of a ledger', () => {
  it('is seen where it is told and no quorum has accepted it', async () => {
    // The same at every answer, so that no two versions are told.
    const sabotage = tellingRows((row) => ({ ...row, flags: row.flags + 1 }));
    expect(await violationsOf(plainPlan({}), sabotage, 'which no quorum has accepted')).toContain(
      'which no quorum has accepted',
    );
  });
});

/** COMPUTE tells another row of a ledger than the node has. */
function tellingRows(change: (row: ReleasedRow) => ReleasedRow): Sabotage {
  return {
    publicRouter: (router) => ({
      ...router,
      handle: async (caller, request, signal) => {
        const answer = await router.handle(caller, request, signal);
        if (request.path !== operations.COMPUTE.path || answer.status !== 200) return answer;
        const row = readRow(answer.body);
        return row === undefined ? answer : { ...answer, body: writeRow(change(row)) };
      },
    }),
  };
}

function readRow(body: Uint8Array) {
  const answer = JSON.parse(fromUtf8(body)) as { status: string; row?: string };
  return answer.row === undefined ? undefined : releasedRowCodec.decode(fromBase64Url(answer.row));
}

function writeRow(row: ReleasedRow): Uint8Array {
  const text = toBase64Url(releasedRowCodec.encode(row));
  return operations.COMPUTE.response.encode({ status: 'ROW', row: text });
}

/** The mistake that flag keys exist to prevent: whatever arrives is added, also what arrived before. */
function countDeliveries(): Sabotage {
  const seen = new Set<string>();
  const opener = createPacketOpener();
  const extra: { readonly domain: string; readonly share: Uint8Array }[] = [];
  return {
    publicRouter: (router, { domain }) => ({
      ...router,
      handle: async (caller, request, signal) => {
        const answer = await router.handle(caller, request, signal);
        if (request.path === operations.UPLOAD.path && answer.status === 200) {
          for (const { entry, share } of opener
            .shares(domain, operations.UPLOAD.request.decode(request.body))
            .flat()) {
            const name = `${domain}/${entryName(entry)}`;
            if (seen.has(name)) extra.push({ domain, share });
            seen.add(name);
          }
        }
        if (request.path !== operations.COMPUTE.path || answer.status !== 200) return answer;
        const row = readRow(answer.body);
        if (row === undefined) return answer;
        const total = createLimbSum(2);
        addToLimbSum(total, row.elements);
        for (const one of extra) if (one.domain === domain) addToLimbSum(total, one.share);
        return { ...answer, body: writeRow({ ...row, elements: encodeElements(limbSumElements(total)) }) };
      },
    }),
  };
}
