import { afterEach, describe, expect, it } from 'vitest';
import type { CallPeer } from '../../../node/engine/peers.ts';
import { createRings } from '../../../node/engine/rings.ts';
import { checkStart } from '../../../node/services/start-check.ts';
import { EngineError } from '../../../src/foundation/index.ts';
import { operations } from '../../../src/protocol/index.ts';
import type { NodeId } from '../../../src/ring/index.ts';
import { domainId, ringHistory } from '../../../src/ring/index.ts';
import { expectCode } from '../../support/bad-input.ts';
import { developmentRing, type RingShape } from '../../support/development-ring.ts';
import { createManualClock } from '../../support/manual-clock.ts';
import { isPending } from '../../support/pending.ts';
import { recordingLog } from '../../support/recording-log.ts';
import { type SmallCloud, startSmallCloud } from '../../support/small-cloud.ts';
import { copyDisk, dropRow, restoreDisk, wipeDisk } from '../../support/tampering.ts';

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
  const log = recordingLog();
  const waits: string[] = [];
  checkStart(
    {
      rings: createRings({
        history: ringHistory(ring),
        self: { nodeId: self.id, domain: domainId('a'), storeId: self.storeId },
      }),
      self: { nodeId: self.id, domain: ring.domains[0]!.domain, storeId: self.storeId },
      callPeer,
      learn: async () => {},
      health,
      rosterSpread: { fetch: async () => {} },
      retirements: { fetch: async () => {} },
      clock,
      randomBytes: (length) => new Uint8Array(length),
      log,
      onWait: (why) => waits.push(why),
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
  return { clock, reasons, asked, seen, ending, lines: log.lines, waits };
}

describe('the check before a node serves', () => {
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

  it('says for whom it waits, and why there is no answer, where it waits for long', async () => {
    const answers = new Map<string, number>();
    const { clock, waits, lines } = await checkOf({ nodes: [2, 1, 1] }, answers);
    await clock.advance(4_000);
    expect(waits.at(-1)).toBe('answers of 2 of a2, b1, c1');
    expect(lines).toEqual([]);
    await clock.advance(2_000);
    answers.set('a2', 0);
    await clock.advance(MINUTE_MS);
    const line = (text: string) =>
      `{"level":"warn","message":"node waits","for":"answers of ${text}","failure":"UNREACHABLE: away"}`;
    expect(lines).toEqual([line('2 of a2, b1, c1'), line('1 of b1, c1')]);
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

const SHAPE = { nodes: [1, 1, 1], acceptors: 3 } as const;

let cloud: SmallCloud;

describe('a node that starts', () => {
  afterEach(() => cloud.close());

  it('on a store restored from an old copy never votes again, also not after another start', async () => {
    cloud = await startSmallCloud({ shape: SHAPE });
    const window = await cloud.openWindow();
    const [node] = cloud.nodeIds as [NodeId];
    const copy = copyDisk(cloud.store(node));
    // Another node hears how far this disk is with an answer of this one, and not every reading makes it give one.
    for (let reading = 1; reading <= 10; reading++) await cloud.reading(window, String(reading)).commit();
    await cloud.stop(node);
    await restoreDisk(cloud.store(node), copy);
    for (let start = 0; start < 2; start++) {
      const handle = await cloud.start(node);
      expect(handle.readiness().reasons.join()).toContain('has seen commit');
      await expectCode(cloud.reading(window, '11').accept(node, { receipts: [] }), 'STORE_IN_DOUBT');
      await cloud.stop(node);
    }
  });

  it('on a store from which a row vanished never votes again', async () => {
    cloud = await startSmallCloud({ shape: SHAPE });
    const window = await cloud.openWindow();
    await cloud.reading(window, '1').commit();
    const [node] = cloud.nodeIds as [NodeId];
    await cloud.stop(node);
    await dropRow(cloud.store(node), 'flags');
    const handle = await cloud.start(node);
    expect(handle.readiness().reasons.join()).toMatch(/expected \d records in the flags table, found \d/);
    await expectCode(cloud.reading(window, '2').accept(node, { receipts: [] }), 'STORE_IN_DOUBT');
  });

  it('without the document of a stream it has windows of starts, and never votes again', async () => {
    cloud = await startSmallCloud({ shape: SHAPE });
    const window = await cloud.openWindow();
    await cloud.reading(window, '1').commit();
    const [node, other] = cloud.nodeIds as [NodeId, NodeId];
    for (const id of cloud.nodeIds) await cloud.stop(id);
    await dropRow(cloud.store(node), 'documents');
    const started = cloud.start(node);
    expect(await isPending(started)).toBe(true);
    await cloud.start(other);
    expect((await started).readiness().reasons.join()).toContain('the document of a stream');
    await expectCode(cloud.reading(window, '2').accept(node, { receipts: [] }), 'STORE_IN_DOUBT');
  });

  it('and whom nobody has answered yet serves nothing but the question of the others', async () => {
    cloud = await startSmallCloud({ shape: SHAPE });
    const window = await cloud.openWindow();
    const [node, other] = cloud.nodeIds as [NodeId, NodeId];
    for (const id of cloud.nodeIds) await cloud.stop(id);
    const started = cloud.start(node);
    expect(await isPending(started)).toBe(true);
    await expectCode(cloud.reading(window, '1').accept(node, { receipts: [] }), 'NOT_READY');
    await expectCode(cloud.ask(node, operations.READ_RING, null), 'NOT_READY');
    await cloud.start(other);
    expect((await started).readiness()).toEqual({ ready: true, reasons: [] });
    expect(await cloud.reading(window, '1').accept(node)).toEqual({
      packets: [{ answer: 'ACCEPTED', word: null, others: [] }],
    });
  });

  it('together with all the others doubts nothing and serves', async () => {
    cloud = await startSmallCloud({ shape: SHAPE });
    await cloud.reading(await cloud.openWindow(), '1').commit();
    for (let i = 0; i < 3; i++) await cloud.restart();
    for (const node of cloud.nodeIds)
      expect(cloud.handle(node).readiness()).toEqual({ ready: true, reasons: [] });
  });

  it('with a disk that is empty again is found out, also when the others start with it', async () => {
    cloud = await startSmallCloud({ shape: SHAPE });
    await cloud.reading(await cloud.openWindow(), '1').commit();
    await cloud.clock.advance(MINUTE_MS);
    const [empty, ...others] = cloud.nodeIds as [NodeId, NodeId, NodeId];
    for (const node of cloud.nodeIds) await cloud.stop(node);
    await wipeDisk(cloud.store(empty));
    const keys = cloud.keys(empty);
    for (const { stream, window: start, group } of await keys.list())
      await keys.destroy(stream, start, group);
    await cloud.restart();
    expect(cloud.handle(empty).readiness().reasons.join()).toContain('has seen commit');
    for (const node of others) expect(cloud.handle(node).readiness().ready).toBe(true);
  });
});
