import { describe, expect, it } from 'vitest';
import type { StoreStamp } from '../../../node/engine/peer-memory.ts';
import { collect, createHandlers, createPeers, SUSPECT_MS, silence } from '../../../node/engine/peers.ts';
import { createRings } from '../../../node/engine/rings.ts';
import type { Caller } from '../../../node/http/router.ts';
import { EngineError } from '../../../src/foundation/index.ts';
import { LINK_LIMITS } from '../../../src/platform/transport-limits.ts';
import type { Transport } from '../../../src/ports/index.ts';
import { operations } from '../../../src/protocol/index.ts';
import type { NodeId } from '../../../src/ring/index.ts';
import { domainId, nodeId, partition, ringHistory, storeId } from '../../../src/ring/index.ts';
import { expectCode } from '../../support/bad-input.ts';
import { developmentRing } from '../../support/development-ring.ts';
import { createManualClock } from '../../support/manual-clock.ts';
import { context } from '../../vectors/generate/message-samples.ts';

const self = { nodeId: nodeId('a1'), domain: domainId('a') };
const other = nodeId('b1');
const ring = await developmentRing({ nodes: [1, 1] });

function peersOver(send: Transport['send']) {
  const clock = createManualClock();
  const handlers = createHandlers();
  const noted: StoreStamp[] = [];
  const memory = {
    doubt: null,
    note: (_: NodeId, stamp: StoreStamp) => noted.push(stamp),
    recall: () => 0,
    takeWrites: () => [],
  };
  const transport = { send, close: async () => {} };
  const rings = createRings({
    history: ringHistory(ring),
    self: { ...self, storeId: storeId('0'.repeat(32)) },
  });
  const meet = async () => {};
  const peers = createPeers({ transport, handlers, self, clock, memory, rings, meet });
  return { ...peers, handlers, clock, noted };
}

describe('how far another store is', () => {
  it('is noted of the stores that the ring documents give a node, and of no made-up one', () => {
    const { note, noted } = peersOver(() => Promise.reject(new Error('no network here')));
    const listed = ring.domains[1]?.nodes[0]?.storeId ?? storeId('');
    const own = ring.domains[0]?.nodes[0]?.storeId ?? storeId('');
    for (const store of [storeId('ab'.repeat(16)), own])
      expect(() => note(other, { storeId: store, commitSeq: 3 })).toThrow('expected a store');
    note(other, { storeId: listed, commitSeq: 3 });
    expect(noted).toEqual([{ storeId: listed, commitSeq: 3 }]);
  });
});

it('an owner has more time than the copy that it waits for itself', async () => {
  const limits = new Map<string, number>();
  const { callPeer } = peersOver(async (_, { path }, { timeoutMs }) => {
    limits.set(path, timeoutMs);
    throw new EngineError('UNREACHABLE', 'no answer');
  });
  const place = { context, partition: partition(1), index: 0 };
  const none = new Uint8Array(0);
  await expectCode(callPeer(other, operations.UPLOAD, { ...place, packets: [] }), 'UNREACHABLE');
  await expectCode(callPeer(other, operations.COPY, { ...place, keys: none, shares: none }), 'UNREACHABLE');
  const [upload = 0, copy = 0] = [operations.UPLOAD, operations.COPY].map(({ path }) => limits.get(path));
  expect(copy).toBeGreaterThan(0);
  // What it has to do besides, on a machine that is not idle.
  expect(upload).toBeGreaterThanOrEqual(copy + 200);
});

it('what a sensor waits for goes past pages of megabytes, also where it is asked on its behalf', async () => {
  const patient: string[] = [];
  const { callPeer } = peersOver(async (_, { path }, { timeoutMs, urgent = false }) => {
    if (timeoutMs > LINK_LIMITS.urgentMs && !urgent) patient.push(path);
    throw new EngineError('UNREACHABLE', 'no answer');
  });
  const place = { context, partition: partition(1), index: 0 };
  const none = new Uint8Array(0);
  await expectCode(callPeer(other, operations.UPLOAD, { ...place, packets: [] }), 'UNREACHABLE');
  await expectCode(callPeer(other, operations.ACCEPT, { ...place, packets: [] }), 'UNREACHABLE');
  await expectCode(callPeer(other, operations.COPY, { ...place, keys: none, shares: none }), 'UNREACHABLE');
  await expectCode(callPeer(other, operations.READ_RING, null), 'UNREACHABLE');
  expect(patient).toEqual([operations.READ_RING.path]);
});

describe('a node that asks itself', () => {
  it('is its own peer, without the network', async () => {
    const { callPeer, handlers } = peersOver(() => Promise.reject(new Error('no network here')));
    const callers: Caller[] = [];
    handlers.add(operations.READ_RING, async (_, caller) => {
      callers.push(caller);
      return { ring: 'the ring' };
    });
    expect(await callPeer(self.nodeId, operations.READ_RING, null)).toEqual({ ring: 'the ring' });
    expect(callers).toEqual([{ kind: 'peer', domain: self.domain, node: self.nodeId }]);
  });
});

describe('a node that did not answer', () => {
  it('is suspected for a while, or until it answers', async () => {
    let up = false;
    const { callPeer, suspected, clock } = peersOver(async () => {
      if (!up) throw new EngineError('UNREACHABLE', 'no answer');
      const body = new TextEncoder().encode('{"ring":"r"}');
      return { status: 200, body, contentType: 'application/json' };
    });
    const ask = () => callPeer(other, operations.READ_RING, null);
    expect(suspected(other)).toBe(false);
    await expect(ask()).rejects.toMatchObject({ code: 'UNREACHABLE' });
    expect(suspected(other)).toBe(true);
    up = true;
    await ask();
    expect(suspected(other)).toBe(false);
    up = false;
    await ask().catch(() => {});
    await clock.advance(SUSPECT_MS);
    expect(suspected(other)).toBe(false);
  });

  it('is tried again by one question, while it is suspected by everybody else', async () => {
    const questions: ((error: Error) => void)[] = [];
    const { callPeer, suspected, clock } = peersOver(
      () => new Promise((_, reject) => questions.push(reject)),
    );
    const ask = () => expectCode(callPeer(other, operations.READ_RING, null), 'UNREACHABLE');
    const silent = new EngineError('UNREACHABLE', 'no answer');
    const first = ask();
    // Nothing speaks against it yet.
    expect(suspected(other)).toBe(false);
    questions[0]?.(silent);
    await first;
    await clock.advance(SUSPECT_MS);
    expect(suspected(other)).toBe(false);
    const second = ask();
    expect(suspected(other)).toBe(true);
    questions[1]?.(silent);
    await second;
    expect(suspected(other)).toBe(true);
  });

  it('is suspected while it says that it starts, and no more once it answers anything else', async () => {
    let code: 'NOT_READY' | 'WINDOW_SEALED' = 'NOT_READY';
    const { callPeer, suspected } = peersOver(async () => {
      throw new EngineError(code, 'refused');
    });
    await expectCode(callPeer(other, operations.READ_RING, null), 'NOT_READY');
    expect(suspected(other)).toBe(true);
    code = 'WINDOW_SEALED';
    await expectCode(callPeer(other, operations.READ_RING, null), 'WINDOW_SEALED');
    expect(suspected(other)).toBe(false);
  });
});

describe('a node whose disk has failed', () => {
  it('is silent, and does not make this node believe that its own disk failed', async () => {
    const { callPeer, suspected } = peersOver(async () => {
      throw new EngineError('STORE_FAILED', 'the disk refused a write; the node stops');
    });
    const asked = callPeer(other, operations.READ_RING, null);
    await expect(asked).rejects.toMatchObject({
      code: 'UNREACHABLE',
      message: `the disk of node ${other} has failed and the node stops`,
    });
    expect(silence(await asked.catch((error: unknown) => error))).toBeNull();
    expect(suspected(other)).toBe(true);
  });

  it('is what this node is, where it says so itself', async () => {
    const { callPeer, handlers } = peersOver(() => Promise.reject(new Error('no network here')));
    handlers.add(operations.READ_RING, async () => {
      throw new EngineError('STORE_FAILED', 'the disk refused a write; the node stops');
    });
    await expectCode(callPeer(self.nodeId, operations.READ_RING, null), 'STORE_FAILED');
  });
});

describe('collecting answers', () => {
  const never = new Promise<number>(() => {});

  it('ends when they are enough, although one never comes', async () => {
    const asked = [Promise.resolve(1), never, Promise.resolve(2)];
    expect(await collect(asked, (some) => some.length === 2)).toEqual([1, 2]);
  });

  it('ends with what there is when all are in, without those that did not answer', async () => {
    const asked = [Promise.resolve(1), Promise.resolve(null)];
    expect(await collect(asked, () => false)).toEqual([1]);
    expect(await collect([], () => false)).toEqual([]);
  });

  it('fails with the first failure, which is one of this node', async () => {
    await expect(collect([never, Promise.reject(new Error('own disk'))], () => false)).rejects.toThrow(
      'own disk',
    );
  });
});

describe('a failure of a question to a node', () => {
  it('counts as silence unless it is one of the own disk or of the program', () => {
    expect(silence(new EngineError('UNREACHABLE', ''))).toBeNull();
    expect(silence(new EngineError('WINDOW_SEALED', ''))).toBeNull();
    expect(() => silence(new EngineError('STORE_FAILED', 'disk'))).toThrow('disk');
    expect(() => silence(new TypeError('mistake'))).toThrow('mistake');
  });
});
