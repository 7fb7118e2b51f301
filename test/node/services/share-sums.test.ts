import { afterEach, describe, expect, it, vi } from 'vitest';
import { createShareSums, type ShareSumsComponents } from '../../../node/services/share-sums.ts';
import type { OpenWindowRecord } from '../../../node/services/windows.ts';
import { labelledHash } from '../../../src/foundation/index.ts';
import {
  EMPTY_SET,
  exclusionCodec,
  type Operation,
  operations,
  type PartitionDigest,
} from '../../../src/protocol/index.ts';
import { partition } from '../../../src/ring/identifiers.ts';
import { expectCode } from '../../support/bad-input.ts';
import { expectExact } from '../../support/exact-result.ts';
import { imposeSettlement, imposeSlot } from '../../support/imposed-slots.ts';
import type { RawReading } from '../../support/raw-reading.ts';
import { type SmallCloud, startSmallCloud } from '../../support/small-cloud.ts';
import { flipBit } from '../../support/tampering.ts';

let cloud: SmallCloud;

afterEach(() => cloud.close());

/** Longer than several rounds of care. */
const CARE_MS = 15_000;
const ROWS: readonly string[] = ['flags', 'values'];

/** Commits a reading and lets every acceptor vote: a majority is enough for TRUE, and the last vote may be late. */
async function commitEverywhere(reading: RawReading): Promise<void> {
  await reading.commit();
  for (const node of reading.acceptors) await reading.accept(node);
}

/** Counts the looks at records of flags and shares from now on. */
function countPasses(): () => number {
  const spies = cloud.nodeIds.map((node) => vi.spyOn(cloud.store(node), 'getMany'));
  return () => spies.flatMap(({ mock }) => mock.calls).filter(([table]) => ROWS.includes(table)).length;
}

/** A node that has started with a share that does not open, in the one partition that is not empty. */
async function damagedPartition() {
  cloud = await startSmallCloud({ shape: { nodes: [2, 1, 1], acceptors: 3, replicas: 2 } });
  const reading = cloud.reading(await cloud.openWindow(), '1');
  await cloud.clock.until(reading.commit());
  const [node = expect.fail('no owner'), asking = node] = reading.owners(0);
  await cloud.stop(node);
  flipBit(cloud.store(node), 'values');
  await cloud.start(node);
  const { context, partition: damaged } = reading.flagsRequest;
  const digest = { count: 1, readings: 1, hash: new Uint8Array(32).fill(1) };
  return {
    partitions: [{ partition: damaged, digest }],
    other: { partition: partition(damaged === 0 ? 1 : 0), digest: EMPTY_SET },
    ask: <Q, R>(operation: Operation<Q, R>, question: Omit<Q, 'context'>): Promise<R> =>
      cloud.askAs(asking, node, operation, { context, ...question } as Q),
  };
}

describe('the sum of a partition', () => {
  it('a share whose flag was never set is not added, although its partition is', async () => {
    cloud = await startSmallCloud({ shape: { nodes: [1, 1, 1], acceptors: 3 } });
    const window = await cloud.openWindow();
    const inOnePlace = (reading: string) => cloud.reading(window, reading, { group: 5 });
    await commitEverywhere(inOnePlace('1'));
    const unset = inOnePlace('50');
    for (const index of [0, 1, 2]) await unset.upload(index);
    await commitEverywhere(inOnePlace('-2'));
    const passes = countPasses();
    expectExact(await cloud.compute(window), ['1', '-2']);
    // One look in each domain, for the share that the running sum has too much.
    expect(passes()).toBe(cloud.nodeIds.length);
  });

  it('waits where X names a flag that is not in T, and does not take its share out a second time', async () => {
    cloud = await startSmallCloud({ shape: { nodes: [1, 1, 1], acceptors: 3 } });
    const window = await cloud.openWindow();
    const inOnePlace = (reading: string) => cloud.reading(window, reading, { group: 5 });
    const readings = ['1', '20', '-2'].map(inOnePlace);
    for (const reading of readings) await commitEverywhere(reading);
    const unset = inOnePlace('3');
    for (const index of [0, 1, 2]) await unset.upload(index);
    const settled = await imposeSettlement(
      cloud,
      window,
      readings.map(({ entry }) => entry),
    );
    const settlement = labelledHash('settlement', settled);
    const exclusion = exclusionCodec.encode({ settlement, excluded: [unset.entry], readings: 2 });
    await imposeSlot(cloud, window, 'exclusion', exclusion);
    expect(await cloud.compute(window)).toMatchObject({
      kind: 'incomplete',
      reason: expect.stringContaining('not those of T minus X'),
    });
  });

  it('is kept while readings come, so that seal and compute read no row', async () => {
    cloud = await startSmallCloud({ shape: { nodes: [1, 1, 1], acceptors: 3 } });
    const window = await cloud.openWindow();
    const readings = ['1', '2.5', '-7', '0', '30'];
    for (const reading of readings) await commitEverywhere(cloud.reading(window, reading));
    const passes = countPasses();
    expectExact(await cloud.compute(window), readings);
    expect(passes()).toBe(0);
  });

  it('is made from the rows where the node has started since', async () => {
    cloud = await startSmallCloud();
    const window = await cloud.openWindow();
    const inOnePlace = (reading: string) => cloud.reading(window, reading, { group: 5 });
    await inOnePlace('1').commit();
    const unset = inOnePlace('50');
    await unset.notice();
    await unset.upload(0);
    await cloud.restart();
    await inOnePlace('3').commit();
    const passes = countPasses();
    expectExact(await cloud.compute(window), ['1', '3']);
    expect(passes()).toBeGreaterThan(0);
  });

  it('waits where a record does not open, because older versions of rows may have come back', async () => {
    const { partitions, ask, other } = await damagedPartition();
    const question = { partitions, excluded: [] };
    const refused = await expectCode(ask(operations.SUM, question), 'INCOMPLETE');
    expect(refused.message).toContain('fetched again');
    expect(await ask(operations.SUM, { partitions: [other], excluded: [] })).toMatchObject({ flags: 0 });
    await cloud.clock.advance(CARE_MS);
    // Nobody knows a set of this digest, which is another reason and comes later.
    const error = await expectCode(ask(operations.SUM, question), 'INCOMPLETE');
    expect(error.message).toContain('settled flags');
  });

  it('that waits for its repair is left out of HELD, and what the node can say of others is said', async () => {
    const { partitions, ask, other } = await damagedPartition();
    const held = await ask(operations.HELD, { partitions: [...partitions, other] });
    expect(held).toEqual({ partitions: [{ partition: other.partition, missing: [] }] });
  });

  it('whose settled flags no acceptor tells is left out of HELD', async () => {
    const { partitions, ask, other } = await damagedPartition();
    await cloud.clock.advance(CARE_MS);
    const held = await ask(operations.HELD, { partitions: [...partitions, other] });
    expect(held).toEqual({ partitions: [{ partition: other.partition, missing: [] }] });
  });

  it('counts a row once that came twice, and not at all where two shares came under its key', async () => {
    cloud = await startSmallCloud({ stream: { maxExcluded: 1 } });
    const window = await cloud.openWindow();
    const reading = cloud.reading(window, '7.5');
    for (const index of [0, 1, 2, 2, 1, 0]) await reading.upload(index);
    await reading.set();
    await cloud.reading(window, '4').commit();
    expectExact(await cloud.compute(window), ['7.5', '4']);
  });
});

describe('the flags that a node says it lacks', () => {
  it('are no more than a window excludes, of all partitions together', async () => {
    const counts = [40_000, 40_000, 20_000, 0];
    const entry = { readingId: new Uint8Array(16), sensorId: new Uint8Array(16), count: 1 };
    const sums = createShareSums({
      journal: { synced: async () => {} },
      tallies: { of: () => undefined },
      shares: { unsure: async () => new Set(), version: () => 0, goodRows: async function* () {} },
      lists: {
        members: async (_: unknown, { digest }: PartitionDigest) =>
          new Map(Array.from({ length: digest.count }, (_, name) => [String(name), entry])),
      },
    } as unknown as ShareSumsComponents);
    const partitions = counts.map((count, at) => ({
      partition: partition(at),
      digest: { ...EMPTY_SET, count },
    }));
    const scope = { stream: 'stream', window: 0, group: 0 };
    const held = await sums.held({ scope } as unknown as OpenWindowRecord, partitions);
    expect(held.partitions.map(({ partition: at, missing }) => [at, missing.length])).toEqual([
      [0, 40_000],
      [2, 20_000],
      [3, 0],
    ]);
  });
});
