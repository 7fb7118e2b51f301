import { afterEach, describe, expect, it } from 'vitest';
import { openJournal } from '../../../node/engine/journal.ts';
import { openSpread, type SpreadComponents } from '../../../node/services/spread.ts';
import type { OpenWindowRecord } from '../../../node/services/windows.ts';
import { EngineError } from '../../../src/foundation/index.ts';
import { entryOfKey, operations } from '../../../src/protocol/index.ts';
import type { NodeId, Partition } from '../../../src/ring/index.ts';
import { nodeId, partition, streamHash, windowId } from '../../../src/ring/index.ts';
import { expectCode } from '../../support/bad-input.ts';
import { expectExact } from '../../support/exact-result.ts';
import { createMemoryStore } from '../../support/memory-store.ts';
import { isPending, releaseAll } from '../../support/pending.ts';
import { openReadingRoles, type ReadingRoles } from '../../support/reading-roles.ts';
import type { SmallCloud } from '../../support/small-cloud.ts';

/** Longer than several rounds of a node's care. */
const CARE_MS = 20_000;
const DOMAIN_A = ['a1', 'a2', 'a3'].map(nodeId);

let cloud: SmallCloud;
// Some tests here start none.
afterEach(() => (cloud as SmallCloud | undefined)?.close());

async function openedCloud(): Promise<ReadingRoles> {
  const roles = await openReadingRoles();
  cloud = roles.cloud;
  return roles;
}

const sharesAt = (node: NodeId): number => cloud.rowsAt(node, 'values').length;
const debtOf = (node: NodeId) => {
  const { thinPartitions, hintedPartitions } = cloud.handle(node).status();
  return { thin: thinPartitions, hinted: hintedPartitions };
};

describe('a copy whose owner is away', () => {
  it('waits on another node of the domain, reaches the owner when it is back, and is deleted then', async () => {
    const { reading, first, second, other } = await openedCloud();
    await cloud.stop(second);
    expect(await reading.upload(0, first)).toEqual({ answers: ['STORED'] });
    expect([sharesAt(first), sharesAt(second), sharesAt(other)]).toEqual([1, 0, 1]);
    expect(debtOf(other)).toEqual({ thin: 0, hinted: 1 });
    expect(debtOf(first)).toEqual({ thin: 0, hinted: 0 });
    await cloud.clock.advance(CARE_MS);
    expect([sharesAt(second), sharesAt(other)]).toEqual([0, 1]);
    await cloud.start(second);
    await cloud.clock.advance(CARE_MS);
    expect([sharesAt(first), sharesAt(second), sharesAt(other)]).toEqual([1, 1, 0]);
    // Where no other row is left its records go as well.
    expect(cloud.store(other).rows('values')).toEqual([]);
    expect(debtOf(other)).toEqual({ thin: 0, hinted: 0 });
  });

  it('is kept over a restart of the node that keeps it', async () => {
    const { reading, first, second, other } = await openedCloud();
    await cloud.stop(second);
    await reading.upload(0, first);
    await cloud.stop(other);
    await cloud.start(second);
    await cloud.start(other);
    expect(debtOf(other)).toEqual({ thin: 0, hinted: 1 });
    await cloud.clock.advance(CARE_MS);
    expect([sharesAt(second), sharesAt(other)]).toEqual([1, 0]);
    // What was deleted in order is not missed at the next start.
    await cloud.restart();
    for (const node of cloud.nodeIds) expect(cloud.handle(node).readiness().reasons).toEqual([]);
  });

  it('is left where it is by a node that is told to stop while the owner hangs', async () => {
    const { reading, first, second, other } = await openedCloud();
    await cloud.stop(second);
    await reading.upload(0, first);
    await cloud.start(second);
    // What it is asked to write it does not answer.
    cloud.store(second).hold();
    await cloud.clock.advance(CARE_MS);
    const stopped = cloud.stop(other);
    const waits = await isPending(stopped);
    await releaseAll(cloud.store(second));
    await stopped;
    expect(waits).toBe(false);
    await cloud.start(other);
    expect(debtOf(other)).toEqual({ thin: 0, hinted: 1 });
  });

  it('is found where both owners are away, through any node of the domain', async () => {
    const { reading, first, second, other } = await openedCloud();
    const [window] = [reading.flagsRequest.context.window];
    await reading.notice();
    await cloud.stop(second);
    await reading.upload(0, other);
    for (const index of [1, 2]) await reading.upload(index);
    await reading.set();
    expect([sharesAt(first), sharesAt(other)]).toEqual([1, 1]);
    await cloud.stop(first);
    await cloud.start(second);
    await cloud.clock.advance(CARE_MS);
    expect(sharesAt(second)).toBe(1);
    expect(sharesAt(other)).toBe(1);
    await cloud.start(first);
    await cloud.clock.advance(CARE_MS);
    expect(sharesAt(other)).toBe(0);
    expectExact(await cloud.compute(window), ['1']);
  });

  it('never reaches a node of another domain', async () => {
    const { reading, first, second } = await openedCloud();
    await cloud.stop(second);
    await reading.upload(0, first);
    await cloud.clock.advance(CARE_MS);
    for (const node of cloud.nodeIds) if (!DOMAIN_A.includes(node)) expect(sharesAt(node)).toBe(0);
  });
});

describe('a partition that is thin', () => {
  it('stays so over a restart, until its other owner has the rows', async () => {
    const { reading, first, second, other } = await openedCloud();
    await cloud.stop(second);
    await cloud.stop(other);
    await reading.upload(0, first);
    expect(debtOf(first)).toEqual({ thin: 1, hinted: 0 });
    await cloud.stop(first);
    await Promise.all([cloud.start(first), cloud.start(second)]);
    expect(debtOf(first)).toEqual({ thin: 1, hinted: 0 });
    await cloud.clock.advance(CARE_MS);
    expect(debtOf(first)).toEqual({ thin: 0, hinted: 0 });
    expect([sharesAt(first), sharesAt(second)]).toEqual([1, 1]);
    await cloud.stop(first);
    await cloud.start(first);
    expect(debtOf(first)).toEqual({ thin: 0, hinted: 0 });
  });

  it('is brought once: an owner that has the rows is sent none', async () => {
    const { reading, first, second, other } = await openedCloud();
    await cloud.stop(second);
    await cloud.stop(other);
    await reading.upload(0, first);
    await cloud.start(second);
    await reading.upload(0, second);
    const commits = cloud.store(second).commits.length;
    await cloud.clock.advance(CARE_MS);
    expect(debtOf(first).thin).toBe(0);
    const later = cloud.store(second).commits.slice(commits).flat();
    expect(later.filter(({ table }) => table === 'values')).toEqual([]);
  });
});

describe('two shares under one key in a domain', () => {
  it('are no row: neither is added, and no third one is taken', async () => {
    const { reading, first, second, other } = await openedCloud();
    const { window } = reading.flagsRequest.context;
    const another = cloud.reading(window, '2', { entry: reading.entry });
    await cloud.stop(second);
    await cloud.stop(other);
    await reading.upload(0, first);
    await cloud.stop(first);
    await Promise.all([cloud.start(second), cloud.start(other)]);
    await another.upload(0, second);
    await cloud.start(first);
    for (const index of [1, 2]) await reading.upload(index);
    await reading.set();

    const { context, partition } = reading.flagsRequest;
    await cloud.clock.until(
      cloud.askAs(second, first, operations.GATHER, { context, partitions: [partition] }),
    );
    const { rows } = await cloud.askAs(second, first, operations.ROWS, { context, partition, after: null });
    expect(rows.map(({ conflict }) => conflict)).toEqual([true]);
    expect(await reading.upload(0, first)).toEqual({ answers: ['CONFLICT'] });
    const outcome = await cloud.compute(window).then(
      ({ kind }) => kind,
      ({ code }) => code,
    );
    expect(['incomplete', 'withheld', 'IMPOSSIBLE_AGGREGATE']).toContain(outcome);
  });
});

describe('the mark of a debt', () => {
  it('is on disk with the next rows where the journal took no more when the first ones came', async () => {
    const store = createMemoryStore();
    const journal = openJournal(store, { seq: 0, counts: { flags: 0, values: 0 } }, () => []);
    let full = true;
    const spread = await openSpread({
      journal: {
        ...journal,
        stage(operations) {
          if (full) throw new EngineError('OVERLOADED', 'expected fewer writes');
          journal.stage(operations);
        },
      },
      tables: {
        put: (table: 'windows', _: Uint8Array, key: Uint8Array, value: Uint8Array) => ({
          kind: 'put',
          table,
          key,
          value,
        }),
        scan: async function* () {},
      } as never,
      storeKey: new Uint8Array(32),
      rings: {} as never,
      shares: {} as never,
      streams: {} as never,
      windows: {} as never,
      self: {} as never,
      callPeer: (() => expect.unreachable()) as never,
      peers: { suspected: () => false },
    });
    const scope = { stream: streamHash('5a'.repeat(32)), window: windowId(1), group: 0 };
    const record = { scope, erased: false } as OpenWindowRecord;
    await expectCode((async () => spread.mark(record, partition(5)))(), 'OVERLOADED');
    full = false;
    spread.mark(record, partition(5));
    await journal.synced();
    expect(store.rows('windows')).toHaveLength(1);
  });
});

const SPREADER = nodeId('a1');
const RECORD = {
  scope: { stream: streamHash('5a'.repeat(32)), window: windowId(1), group: 0 },
  stream: {},
} as unknown as OpenWindowRecord;

/** A node with one row in every partition, on one page of some, and other nodes that have no row or do not answer. */
function spreadTo(
  owners: (at: Partition) => readonly NodeId[],
  ask: (node: NodeId, at: Partition) => Promise<unknown>,
  suspected: (node: NodeId) => boolean,
  pages = 1,
) {
  let read = 0;
  const row = { entry: entryOfKey(new Uint8Array(36)), conflict: false, share: new Uint8Array(16) };
  return openSpread({
    journal: { stage: () => {}, synced: async () => {} },
    tables: { put: () => null, scan: async function* () {} },
    storeKey: new Uint8Array(32),
    rings: {
      of: () => ({ placement: { owners: (_: unknown, at: Partition) => owners(at) } }),
      contextOf: () => null,
    },
    shares: { page: async () => ({ rows: [row], more: ++read % pages !== 0 }), remove: async () => {} },
    windows: { findOpen: () => RECORD },
    self: { nodeId: SPREADER, domain: 'a' },
    callPeer: (node: NodeId, _: unknown, request: { readonly partition: Partition }) =>
      ask(node, request.partition),
    peers: { suspected },
  } as unknown as SpreadComponents);
}

describe('an owner that hangs', () => {
  const owner = nodeId('a2');

  it('is waited for once in a round, however many partitions it lacks', async () => {
    let asked = 0;
    const silent = async () => {
      asked += 1;
      throw new EngineError('UNREACHABLE', 'no answer in time');
    };
    const spread = await spreadTo(
      () => [owner],
      silent,
      (node) => node === owner && asked > 0,
    );
    for (let at = 0; at < 5; at++) spread.mark(RECORD, partition(at));
    await spread.run(new AbortController().signal);
    expect(asked).toBe(1);
  });

  it('keeps back no copy of another owner, however many partitions it lacks', async () => {
    const back = nodeId('a3');
    const last = partition(500);
    const brought: NodeId[] = [];
    const ask = async (node: NodeId) => {
      if (node === owner) throw new EngineError('UNREACHABLE', 'no answer in time');
      brought.push(node);
      return { missing: [] };
    };
    for (const suspected of [() => false, (node: NodeId) => node === owner]) {
      brought.length = 0;
      const spread = await spreadTo(
        (at) => (at === last ? [SPREADER, back] : [SPREADER, owner]),
        ask,
        suspected,
      );
      for (let at = 0; at < 200; at++) spread.mark(RECORD, partition(at));
      spread.mark(RECORD, last);
      for (let round = 0; round < 4; round++) await spread.run(new AbortController().signal);
      expect(brought).toEqual([back]);
    }
  });
});

describe('in every round', () => {
  it('what is on one disk too few is brought before what waits for its owner', async () => {
    const owner = nodeId('a2');
    const asked: Partition[] = [];
    const ask = async (_: NodeId, at: Partition) => {
      asked.push(at);
      return { missing: [] };
    };
    const isThin = (at: Partition) => at >= 100;
    const spread = await spreadTo(
      (at) => (isThin(at) ? [SPREADER, owner] : [owner]),
      ask,
      () => false,
    );
    for (let at = 0; at < 70; at++) spread.mark(RECORD, partition(at));
    for (let at = 100; at < 110; at++) spread.mark(RECORD, partition(at));
    await spread.run(new AbortController().signal);
    expect(asked.slice(0, 10).every(isThin)).toBe(true);
    expect(asked.slice(10).some(isThin)).toBe(false);
  });
});

describe('an owner that refuses what it is brought, every time', () => {
  const owner = nodeId('a2');
  const back = nodeId('a3');
  const never = () => false;

  it('keeps back no hint for another owner, however many thin partitions it lacks', async () => {
    const hint = partition(500);
    const brought: NodeId[] = [];
    const ask = async (node: NodeId) => {
      if (node === owner) throw new EngineError('OVERLOADED', 'expected fewer writes');
      brought.push(node);
      return { missing: [] };
    };
    const spread = await spreadTo((at) => (at === hint ? [back] : [SPREADER, owner]), ask, never);
    for (let at = 0; at < 200; at++) spread.mark(RECORD, partition(at));
    spread.mark(RECORD, hint);
    await spread.run(new AbortController().signal);
    expect(brought).toEqual([back]);
  });

  it('keeps no page of a partition from its other owner', async () => {
    const asked: NodeId[] = [];
    const ask = async (node: NodeId) => {
      asked.push(node);
      if (node === owner) throw new EngineError('UNREACHABLE', 'no answer in time');
      return { missing: [] };
    };
    const spread = await spreadTo(() => [owner, back], ask, never, 3);
    spread.mark(RECORD, partition(5));
    await spread.run(new AbortController().signal);
    expect(asked.filter((node) => node === back)).toHaveLength(3);
    // The one that failed is asked again from the first page on, in the next round.
    expect(asked.filter((node) => node === owner)).toHaveLength(1);
    expect(spread.counts().hinted).toHaveLength(1);
  });
});
