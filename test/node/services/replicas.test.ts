import { afterEach, describe, expect, it } from 'vitest';
import { hasCode } from '../../../src/foundation/index.ts';
import { isSome } from '../../../src/protocol/told-counts.ts';
import { expectExact } from '../../support/exact-result.ts';
import type { RawReading } from '../../support/raw-reading.ts';
import { type SmallCloud, startSmallCloud } from '../../support/small-cloud.ts';

const SHAPE = { nodes: [2, 2, 2], acceptors: 3, replicas: 2 } as const;
const READINGS = ['1.5', '-2', '30', '0', '7.7', '-50'];
/** Longer than several rounds of a node's care. */
const CARE_MS = 10_000;

let cloud: SmallCloud;

afterEach(() => cloud.close());

/** Commits through whoever answers, as a sensor does: the next acceptor or owner where one is away. */
async function commit(reading: RawReading): Promise<void> {
  for (const index of [0, 1, 2]) {
    expect(await anyOf(reading.owners(index), (node) => reading.upload(index, node))).toEqual({
      answers: ['STORED'],
    });
  }
  expect(await anyOf(reading.acceptors, (node) => reading.set(node))).toEqual({ outcomes: ['TRUE'] });
}

async function anyOf<N, T>(nodes: readonly N[], ask: (node: N) => Promise<T>): Promise<T> {
  for (const node of nodes) {
    try {
      return await cloud.clock.until(ask(node));
    } catch (error) {
      if (!hasCode(error, 'UNREACHABLE')) throw error;
    }
  }
  throw new Error('expected a node that answers');
}

describe('three acceptors and two copies of every share', () => {
  it('take readings while any one node is away, and the result is exact', async () => {
    cloud = await startSmallCloud({ shape: SHAPE });
    const window = await cloud.openWindow();
    for (const [i, away] of cloud.nodeIds.entries()) {
      await cloud.stop(away);
      await commit(cloud.reading(window, READINGS[i] ?? ''));
      await cloud.start(away);
    }
    await cloud.clock.advance(CARE_MS);
    expectExact(await cloud.compute(window), READINGS);
  });

  it('give the same result while any one node is away, with three nodes in each domain', async () => {
    // A ledger needs a majority of its domain's nodes: of two both.
    cloud = await startSmallCloud({ shape: { ...SHAPE, nodes: [3, 3, 3] } });
    const window = await cloud.openWindow();
    for (const reading of READINGS) await commit(cloud.reading(window, reading));
    await cloud.clock.advance(CARE_MS);
    const [first] = cloud.nodeIds;
    if (first === undefined) throw new Error('expected nodes');
    await cloud.stop(first);
    const result = expectExact(await cloud.compute(window), READINGS);
    await cloud.start(first);
    for (const away of cloud.nodeIds) {
      await cloud.stop(away);
      expect(await cloud.compute(window)).toEqual(result);
      await cloud.start(away);
    }
  });

  it('bring what a node missed to it, so that nothing stays on one disk alone', async () => {
    cloud = await startSmallCloud({ shape: SHAPE });
    const window = await cloud.openWindow();
    const away = cloud.nodeIds[1];
    if (away === undefined) throw new Error('expected nodes');
    const thin = () =>
      cloud.nodeIds
        .filter((node) => node !== away)
        .some((node) => isSome(cloud.handle(node).status().thinPartitions));
    await cloud.stop(away);
    const [first = '', ...others] = READINGS;
    // The first copy alone is asked of a node that nobody knows to be away.
    await commit(cloud.reading(window, first));
    expect(thin()).toBe(true);
    for (const reading of others) await commit(cloud.reading(window, reading));
    await cloud.start(away);
    await cloud.clock.advance(CARE_MS);
    expect(thin()).toBe(false);
    for (const node of cloud.nodeIds) expect(cloud.rowsAt(node, 'values')).toHaveLength(READINGS.length);
  });

  it('let an unset flag become ERROR at all of them, and SET says so wherever it is asked', async () => {
    cloud = await startSmallCloud({ shape: SHAPE, stream: { flagTimeoutMs: 500 } });
    const reading = cloud.reading(await cloud.openWindow(), '1');
    await reading.notice();
    await cloud.clock.advance(CARE_MS);
    for (const node of reading.acceptors) expect(await reading.set(node)).toEqual({ outcomes: ['ERROR'] });
    await cloud.restart();
    for (const node of reading.acceptors) expect(await reading.get(node)).toEqual({ outcomes: ['ERROR'] });
  });

  it('answer UNDECIDED, and no outcome, where two of three acceptors are away', async () => {
    cloud = await startSmallCloud({ shape: SHAPE });
    const reading = cloud.reading(await cloud.openWindow(), '1');
    await reading.notice();
    const [here, ...others] = reading.acceptors;
    for (const node of others) await cloud.stop(node);
    expect(await reading.set(here)).toEqual({ outcomes: ['UNDECIDED'] });
    expect(await reading.get(here)).toEqual({ outcomes: ['UNDECIDED'] });
    for (const node of others) await cloud.start(node);
    expect(await reading.set(here)).toEqual({ outcomes: ['TRUE'] });
    for (const node of reading.acceptors) expect(await reading.get(node)).toEqual({ outcomes: ['TRUE'] });
  });
});
