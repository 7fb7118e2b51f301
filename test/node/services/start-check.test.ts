import { afterEach, describe, expect, it } from 'vitest';
import type { CallPeer } from '../../../node/engine/peers.ts';
import { checkStart } from '../../../node/services/start-check.ts';
import { EngineError } from '../../../src/foundation/index.ts';
import { operations } from '../../../src/protocol/index.ts';
import type { NodeId } from '../../../src/ring/index.ts';
import { nodeId } from '../../../src/ring/index.ts';
import { expectCode } from '../../support/bad-input.ts';
import { developmentRing, type RingShape } from '../../support/development-ring.ts';
import { createManualClock } from '../../support/manual-clock.ts';
import { type SmallCloud, startSmallCloud } from '../../support/small-cloud.ts';
import { copyDisk, restoreDisk, wipeDisk } from '../../support/tampering.ts';

const MINUTE_MS = 60_000;

/** The check of node a1 whose store ends at commit 5, with what each other node remembers of it, if it answers. */
async function checkOf(shape: RingShape, remembered: Map<string, number>) {
  const clock = createManualClock();
  const ring = await developmentRing(shape);
  const self = ring.domains[0]?.nodes[0];
  if (self === undefined) throw new Error('expected a node');
  const reasons: string[] = [];
  const asked: string[] = [];
  const callPeer = (async (to: NodeId) => {
    asked.push(to);
    const commitSeq = remembered.get(to);
    if (commitSeq === undefined) throw new EngineError('UNREACHABLE', 'away');
    return { commitSeq };
  }) as unknown as CallPeer;
  const health = {
    doubt: () => reasons[0] ?? null,
    raise: (why: string) => reasons.push(why),
    checkVote() {},
  };
  const ending = new AbortController();
  const seen = { state: 'waiting' };
  checkStart(
    {
      ring,
      self: { nodeId: self.id, storeId: self.storeId },
      callPeer,
      health,
      clock,
      randomBytes: (length) => new Uint8Array(length),
    },
    5,
    ending.signal,
  ).then(
    () => {
      seen.state = 'done';
    },
    () => {
      seen.state = 'ended';
    },
  );
  return { clock, reasons, asked, seen, ending };
}

describe('a node that starts', () => {
  it('serves when all but one of the others have answered, and not before', async () => {
    const answers = new Map([['a2', 0]]);
    const { clock, seen, reasons } = await checkOf({ nodes: [2, 1, 1] }, answers);
    await clock.advance(MINUTE_MS);
    expect(seen.state).toBe('waiting');
    answers.set('c1', 5);
    await clock.advance(MINUTE_MS);
    expect(seen.state).toBe('done');
    expect(reasons).toEqual([]);
  });

  it('waits for the only other one, where there is one', async () => {
    const answers = new Map<string, number>();
    const { clock, seen } = await checkOf({ nodes: [1, 1] }, answers);
    await clock.advance(MINUTE_MS);
    expect(seen.state).toBe('waiting');
    answers.set('b1', 0);
    await clock.advance(MINUTE_MS);
    expect(seen.state).toBe('done');
  });

  it('asks nobody again who has answered', async () => {
    const answers = new Map([['a2', 0]]);
    const { clock, asked } = await checkOf({ nodes: [2, 1, 1] }, answers);
    await clock.advance(MINUTE_MS);
    expect(asked.filter((node) => node === 'a2')).toHaveLength(1);
    expect(asked.filter((node) => node === 'b1').length).toBeGreaterThan(10);
  });

  it('doubts its store when one of them has seen a later commit', async () => {
    const answers = new Map([
      ['a2', 5],
      ['b1', 6],
      ['c1', 4],
    ]);
    const { clock, reasons } = await checkOf({ nodes: [2, 1, 1] }, answers);
    await clock.advance(MINUTE_MS);
    expect(reasons).toEqual(['node b1 has seen commit 6 of this store, which ends at 5']);
  });

  it('stops asking when it is closed', async () => {
    const { clock, seen, ending, asked } = await checkOf({ nodes: [2, 1, 1] }, new Map());
    await clock.advance(MINUTE_MS);
    ending.abort();
    await clock.advance(MINUTE_MS);
    expect(seen.state).toBe('ended');
    const before = asked.length;
    await clock.advance(MINUTE_MS);
    expect(asked).toHaveLength(before);
  });
});

describe('in a cluster', () => {
  let cloud: SmallCloud;
  afterEach(() => cloud.close());

  const A1 = nodeId('a1');

  async function busyCloud() {
    cloud = await startSmallCloud({ shape: { nodes: [1, 1, 1], acceptors: 3 } });
    const window = await cloud.openWindow();
    await cloud.clock.until(cloud.reading(window, '1').commit());
    return window;
  }

  it('all nodes may restart at once: none doubts, and all serve', async () => {
    await busyCloud();
    for (let i = 0; i < 3; i++) await cloud.restart();
    for (const node of cloud.nodeIds)
      expect(cloud.handle(node).readiness()).toEqual({ ready: true, reasons: [] });
  });

  it('a node that waits answers what it remembers, and nothing else', async () => {
    await busyCloud();
    for (const node of cloud.nodeIds) await cloud.stop(node);
    const starting = cloud.start(A1);
    // Nobody else runs, so the clock finds only the one who asks again and again.
    const { storeId } = cloud.ring.domains[1]?.nodes[0] ?? { storeId: '' };
    starting.catch(() => {});
    const asked = () => cloud.askAs(nodeId('b1'), A1, operations.RECALL, { storeId });
    await settled(asked);
    await expectCode(cloud.ask(A1, operations.READ_RING, null), 'NOT_READY');
    expect(cloud.handle(A1).readiness()).toMatchObject({
      ready: false,
      reasons: [expect.stringMatching(/^starting/)],
    });
    await cloud.start(nodeId('b1'));
    await starting;
    expect(cloud.handle(A1).readiness().ready).toBe(true);
  });

  it.each([
    ['an old copy', async () => copyDisk(cloud.store(A1))],
    ['nothing', async () => []],
  ])('a store restored from %s is found out by what the others remember', async (_, copyOf) => {
    const window = await busyCloud();
    const copy = await copyOf();
    for (let i = 0; i < 3; i++) await cloud.clock.until(cloud.reading(window, '2').commit());
    await cloud.clock.advance(MINUTE_MS);
    await cloud.stop(A1);
    await restoreDisk(cloud.store(A1), copy);
    const handle = await cloud.start(A1);
    expect(handle.readiness()).toMatchObject({
      ready: false,
      reasons: expect.arrayContaining([expect.stringMatching(/has seen commit \d+ of this store/)]),
    });
    await cloud.clock.advance(MINUTE_MS);
    await cloud.restart();
    expect(cloud.handle(A1).readiness().reasons).toContainEqual(expect.stringMatching(/has seen commit/));
  });

  it('a store that was lost is found out also when the others restarted with it', async () => {
    await busyCloud();
    await cloud.clock.advance(MINUTE_MS);
    for (const node of cloud.nodeIds) await cloud.stop(node);
    await wipeDisk(cloud.store(A1));
    await cloud.restart();
    expect(cloud.handle(A1).readiness().ready).toBe(false);
    for (const node of ['b1', 'c1']) expect(cloud.handle(nodeId(node)).readiness().ready).toBe(true);
  });
});

/** Repeats a question until the node that starts has opened its store. */
async function settled(ask: () => Promise<unknown>): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    try {
      await ask();
      return;
    } catch {
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
  }
  throw new Error('expected the node to open its store');
}
