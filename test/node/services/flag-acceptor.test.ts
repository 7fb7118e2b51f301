import { afterEach, describe, expect, it } from 'vitest';
import { operations } from '../../../src/protocol/index.ts';
import type { NodeId } from '../../../src/ring/index.ts';
import { epoch } from '../../../src/ring/index.ts';
import { expectCode } from '../../support/bad-input.ts';
import { isPending, releaseAll } from '../../support/pending.ts';
import type { RawReading } from '../../support/raw-reading.ts';
import { type SmallCloud, startSmallCloud } from '../../support/small-cloud.ts';

let cloud: SmallCloud;

afterEach(async () => {
  for (const node of cloud.nodeIds) await releaseAll(cloud.store(node));
  await cloud.close();
});

const freeze = (node: NodeId, { flagsRequest }: RawReading) =>
  cloud.askAs(node, node, operations.FREEZE, { context: flagsRequest.context });

describe('what an acceptor answers', () => {
  it('a vote that is not on disk yet is told to nobody', async () => {
    cloud = await startSmallCloud();
    const reading = cloud.reading(await cloud.openWindow(), '1');
    await reading.notice();
    const store = cloud.store(reading.acceptor);
    store.hold();
    const answers = [reading.accept()];
    expect(await isPending(answers[0] as Promise<unknown>)).toBe(true);
    const told = [reading.get()];
    for (const one of told) expect(await isPending(one)).toBe(true);
    await store.release();
    expect(await Promise.all(answers)).toEqual([
      { packets: [{ answer: 'ACCEPTED', word: null, others: [] }] },
    ]);
    expect(await Promise.all(told)).toEqual([{ outcomes: ['TRUE'] }]);
  });

  it('a promise that is not on disk yet is told to nobody', async () => {
    cloud = await startSmallCloud({ stream: { flagTimeoutMs: 500 } });
    const reading = cloud.reading(await cloud.openWindow(), '1');
    await reading.notice();
    const prepare = () =>
      cloud.askAs(reading.acceptor, reading.acceptor, operations.VOTE, {
        ...reading.flagsRequest,
        kind: 'prepare',
        value: null,
        ballot: { counter: 7, proposer: 1 },
      });
    const store = cloud.store(reading.acceptor);
    await cloud.clock.advance(500);
    store.hold();
    const promise = prepare();
    expect(await isPending(promise)).toBe(true);
    await store.release();
    expect(await promise).toMatchObject({ votes: [{ granted: true }] });
  });

  it('a vote told to a sensor comes from a disk that another acceptor can hold to it', async () => {
    cloud = await startSmallCloud({ shape: { nodes: [1, 1, 1], acceptors: 3 } });
    const reading = cloud.reading(await cloud.openWindow(), '1');
    await reading.accept();
    const { acceptor } = reading;
    const own = cloud.ring.domains.flatMap(({ nodes }) => nodes).find(({ id }) => id === acceptor);
    const recalled = await Promise.all(
      cloud.nodeIds
        .filter((node) => node !== acceptor)
        .map((node) => cloud.askAs(acceptor, node, operations.RECALL, { storeId: own?.storeId ?? '' })),
    );
    const highest = Math.max(...recalled.map(({ commitSeq }) => commitSeq));
    expect(highest).toBe(cloud.handle(acceptor).status().commitSeq);
  });

  it('a vote is told where no other acceptor answers', async () => {
    cloud = await startSmallCloud({ shape: { nodes: [1, 1, 1], acceptors: 3 } });
    const reading = cloud.reading(await cloud.openWindow(), '1');
    await Promise.all(cloud.nodeIds.filter((node) => node !== reading.acceptor).map(cloud.stop));
    expect(await reading.accept()).toMatchObject({ packets: [{ answer: 'ACCEPTED' }] });
  });

  it('the vote of one acceptor of three is no outcome', async () => {
    cloud = await startSmallCloud({ shape: { nodes: [1, 1, 1], acceptors: 3 } });
    const reading = cloud.reading(await cloud.openWindow(), '1');
    await reading.accept();
    expect(await reading.get()).toEqual({ outcomes: ['UNDECIDED'] });
  });

  it('a message under another ring document is refused', async () => {
    cloud = await startSmallCloud();
    const reading = cloud.reading(await cloud.openWindow(), '1');
    for (const other of [{ epoch: epoch(2) }, { placementEpoch: epoch(7) }]) {
      const context = { ...reading.flagsRequest.context, ...other };
      const set = await reading.setRequest({ context });
      await expectCode(cloud.ask(reading.acceptor, operations.ACCEPT, set), 'STALE_EPOCH');
    }
  });
});

describe('a freeze', () => {
  it('a freeze is answered when it is on disk', async () => {
    cloud = await startSmallCloud();
    const reading = cloud.reading(await cloud.openWindow(), '1');
    const store = cloud.store(reading.acceptor);
    store.hold();
    const frozen = freeze(reading.acceptor, reading);
    expect(await isPending(frozen)).toBe(true);
    await store.release();
    expect(await frozen).toMatchObject({ partitions: [] });
  });

  it('a vote that was reading when the freeze came is refused', async () => {
    cloud = await startSmallCloud();
    const reading = cloud.reading(await cloud.openWindow(), '1');
    const store = cloud.store(reading.acceptor);
    const range = store.range;
    let goOn = () => {};
    const reached = new Promise<void>((resolve) => {
      // The window's flags are read when the first of them is asked for.
      store.range = async (table, part) => {
        if (table === 'flags') {
          const held = new Promise<void>((free) => {
            goOn = free;
          });
          resolve();
          await held;
        }
        return range(table, part);
      };
    });
    const vote = reading.accept();
    await reached;
    expect(await freeze(reading.acceptor, reading)).toMatchObject({ partitions: [] });
    goOn();
    await expectCode(vote, 'WINDOW_SEALED');
    expect(store.rows('flags')).toEqual([]);
  });

  it('an acceptor that cannot read a vote lists nothing', async () => {
    cloud = await startSmallCloud();
    const reading = cloud.reading(await cloud.openWindow(), '1');
    await reading.commit();
    const store = cloud.store(reading.acceptor);
    const [row] = store.rows('flags');
    if (row === undefined) throw new Error('expected the row of the flag');
    const changed = row[1].slice();
    changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
    store.put('flags', row[0], changed);
    await freeze(reading.acceptor, reading);
    const { context, partition } = reading.flagsRequest;
    const list = cloud.askAs(reading.acceptor, reading.acceptor, operations.FROZEN_LIST, {
      context,
      partition,
      after: null,
    });
    await expectCode(list, 'ROW_CORRUPT');
  });
});
