import { afterEach, describe, expect, it } from 'vitest';
import { createOpening, type OpeningComponents } from '../../../node/services/opening.ts';
import { operations, type WindowScope, windowTermsCodec } from '../../../src/protocol/index.ts';
import { openStreamDocument, signStream } from '../../../src/protocol/stream-document.ts';
import { fixedWindowAt } from '../../../src/protocol/window-rules.ts';
import type { NodeId, WindowId } from '../../../src/ring/index.ts';
import { createPlacement, windowId } from '../../../src/ring/index.ts';
import { expectCode } from '../../support/bad-input.ts';
import { developmentRing, fixedKey, testVerifier } from '../../support/development-ring.ts';
import { streamPayload } from '../../support/development-stream.ts';
import { expectExact } from '../../support/exact-result.ts';
import { createManualClock } from '../../support/manual-clock.ts';
import { lost, nextRing } from '../../support/next-ring.ts';
import { isPending, releaseAll } from '../../support/pending.ts';
import { registerOf } from '../../support/register-of.ts';
import { type SmallCloud, START_MS, startSmallCloud } from '../../support/small-cloud.ts';

const MINUTE = 60_000;
const GRACE = 10_000;
const FIXED = { window: { kind: 'fixed', durationMs: MINUTE }, graceMs: GRACE } as const;
const RUNNING = fixedWindowAt(MINUTE, START_MS);
const NEXT = windowId(RUNNING + MINUTE);
/** Care comes round once a second at the least, and the third acceptor of a register waits for its turn. */
const CARE = 6_000;

let cloud: SmallCloud;

afterEach(() => cloud?.close());

const questionOf = (window: WindowId) => ({ stream: cloud.stream.hash, window, group: 0 });

async function windowsOf(node: NodeId) {
  const { windows } = await cloud.ask(node, operations.READ_STREAM, { stream: cloud.stream.hash });
  return windows;
}

const firstNode = (): NodeId => cloud.nodeIds[0] as NodeId;

describe('fixed windows', () => {
  it('are opened by the nodes, the next one ahead of its start, and sealed at end and grace', async () => {
    cloud = await startSmallCloud({ shape: { nodes: [1, 1, 1], acceptors: 3 }, stream: FIXED });
    await cloud.clock.advance(CARE);
    const opened = [NEXT, RUNNING].map((window) => ({
      window,
      group: 0,
      notBefore: window + MINUTE + GRACE,
      latest: window + MINUTE + GRACE,
      state: 'OPEN',
    }));
    for (const node of cloud.nodeIds) expect(await windowsOf(node)).toEqual(opened);

    await cloud.reading(RUNNING, '2.5').commit();
    await cloud.clock.advance(RUNNING + MINUTE + GRACE - 1_000 - cloud.clock.now());
    await cloud.reading(RUNNING, '4').commit();
    await expectCode(cloud.order(firstNode(), operations.SEAL, questionOf(RUNNING)), 'SEAL_TOO_EARLY');
    await cloud.clock.advance(1_000 + CARE);
    await expectCode(cloud.reading(RUNNING, '8').notice(), 'WINDOW_SEALED');
    await cloud.reading(NEXT, '8').commit();
    expectExact(await cloud.compute(RUNNING), ['2.5', '4']);
  });

  it('of many groups are opened side by side where a node hangs', async () => {
    const groups = Array.from({ length: 12 }, (_, place) => `group ${place}`);
    cloud = await startSmallCloud({
      shape: { nodes: [1, 1, 1], acceptors: 3 },
      stream: { ...FIXED, window: { kind: 'fixed', durationMs: 60 * MINUTE }, groups },
    });
    const [first, , hanging] = cloud.nodeIds as [NodeId, NodeId, NodeId];
    // What it is asked to write it does not answer, and each question to it takes 5 s.
    cloud.store(hanging).hold();
    await cloud.clock.advance(15_000);
    const opened = await windowsOf(first);
    await releaseAll(cloud.store(hanging));
    expect(opened).toHaveLength(2 * groups.length);
  });

  it('that nobody opened are opened by the first message about them, up to their seal', async () => {
    cloud = await startSmallCloud({ stream: { ...FIXED, graceMs: 3 * MINUTE } });
    const late = windowId(RUNNING - 2 * MINUTE);
    await cloud.reading(late, '1').commit();
    await cloud.clock.advance(late + 4 * MINUTE - cloud.clock.now());
    expectExact(await cloud.compute(late), ['1']);
    await expectCode(cloud.reading(windowId(RUNNING - 3 * MINUTE), '1').notice(), 'WINDOW_SEALED');
  });

  it('are not called closed by a node that missed their opening while it can ask nobody', async () => {
    cloud = await startSmallCloud({ shape: { nodes: [1, 1, 1], acceptors: 1 }, stream: FIXED });
    const [acceptor] = registerOf(cloud, RUNNING);
    const other = cloud.nodeIds.find((node) => node !== acceptor) as NodeId;
    await cloud.stop(other);
    await cloud.clock.advance(CARE);
    await cloud.start(other);
    // Care would bring the window to this node's notice before its end.
    await cloud.stop(acceptor as NodeId);
    await cloud.clock.advance(RUNNING + MINUTE + GRACE - cloud.clock.now());
    expect(await cloud.order(other, operations.COMPUTE, questionOf(RUNNING))).toMatchObject({
      status: 'INCOMPLETE',
      reason: expect.stringContaining('whether it was opened'),
    });
  });

  it('whose acceptors accepted different terms in time, none of them enough, are still brought to a decision', async () => {
    cloud = await startSmallCloud({
      shape: { nodes: [1, 1, 1], acceptors: 3 },
      stream: { ...FIXED, graceMs: 3 * MINUTE },
    });
    const late = windowId(RUNNING - 2 * MINUTE);
    const { context } = cloud.reading(late, '1').flagsRequest;
    const [first, second] = registerOf(cloud, late) as [NodeId, NodeId];
    const end = late + 4 * MINUTE;
    for (const [proposer, node] of [first, second].entries()) {
      const value = windowTermsCodec.encode({
        setHashKey: new Uint8Array(32).fill(proposer),
        notBefore: end,
        latest: end,
      });
      const ballot = { counter: 1, proposer };
      await cloud.askAs(node, node, operations.SYNOD, {
        context,
        decision: 'terms',
        kind: 'accept',
        ballot,
        value,
      });
    }
    await cloud.clock.advance(end - cloud.clock.now());
    for (const node of cloud.nodeIds) {
      await cloud.clock.until(cloud.order(node, operations.COMPUTE, questionOf(late)));
      expect((await windowsOf(node)).map(({ window }) => window)).toContain(late);
    }
    await cloud.clock.advance(CARE);
    await expectCode(cloud.reading(late, '1').notice(), 'WINDOW_SEALED');
  });

  it('have their decided terms accepted after their end by an acceptor that has read them, and no others', async () => {
    cloud = await startSmallCloud({
      shape: { nodes: [1, 1, 1], acceptors: 3 },
      stream: { ...FIXED, graceMs: 3 * MINUTE },
    });
    const late = windowId(RUNNING - 2 * MINUTE);
    const { context } = cloud.reading(late, '1').flagsRequest;
    const [first, second, reader] = registerOf(cloud, late) as [NodeId, NodeId, NodeId];
    const end = late + 4 * MINUTE;
    const accept = (node: NodeId, counter: number, key: number) => {
      const setHashKey = new Uint8Array(32).fill(key);
      const value = windowTermsCodec.encode({ setHashKey, notBefore: end, latest: end });
      const ballot = { counter, proposer: 0 };
      const request = { context, decision: 'terms', kind: 'accept', ballot, value } as const;
      return cloud.askAs(node, node, operations.SYNOD, request);
    };
    for (const node of [first, second]) await accept(node, 1, 0);
    await cloud.clock.until(cloud.reading(late, '1').notice(reader));
    await cloud.clock.advance(end - cloud.clock.now());
    await expectCode(accept(reader, 9, 1), 'WINDOW_SEALED');
    expect(await accept(reader, 9, 0)).toMatchObject({ granted: true });
  });

  it('that one acceptor opened in time are open where the store of another one is declared lost', async () => {
    cloud = await startSmallCloud({
      shape: { nodes: [2, 2, 2], acceptors: 3 },
      stream: { ...FIXED, graceMs: 3 * MINUTE },
    });
    const late = windowId(RUNNING - 2 * MINUTE);
    const { context } = cloud.reading(late, '1').flagsRequest;
    const [first, second, third] = registerOf(cloud, late) as [NodeId, NodeId, NodeId];
    const end = late + 4 * MINUTE;
    const value = windowTermsCodec.encode({ setHashKey: new Uint8Array(32), notBefore: end, latest: end });
    const ballot = { counter: 1, proposer: 0 };
    const vote = { context, decision: 'terms', kind: 'accept', ballot, value } as const;
    await cloud.askAs(first, first, operations.SYNOD, vote);
    await cloud.stop(third);
    await cloud.clock.advance(end - cloud.clock.now());
    const compute = (node: NodeId) =>
      cloud.clock.until(cloud.order(node, operations.COMPUTE, questionOf(late)));
    for (const node of [first, second]) {
      expect(await compute(node)).toMatchObject({
        status: 'INCOMPLETE',
        reason: expect.stringContaining('must be declared lost'),
      });
    }
    const { domain } = createPlacement(cloud.ring).node(third);
    const place = cloud.ring.domains
      .find((one) => one.domain === domain)
      ?.nodes.findIndex(({ id }) => id === third);
    const { jws } = await nextRing(cloud.ring, lost(domain, place ?? 0));
    await cloud.clock.until(cloud.order(first, operations.PUBLISH_RING, { ring: jws }));
    for (const node of cloud.nodeIds) {
      if (node === third) continue;
      expect(await compute(node)).toMatchObject({ status: 'ROW' });
    }
  });

  it('take nothing before they begin, and do not open further ahead or between two starts', async () => {
    cloud = await startSmallCloud({ stream: FIXED });
    await expectCode(cloud.reading(NEXT, '1').notice(), 'WINDOW_NOT_OPEN');
    await expectCode(cloud.reading(NEXT, '1').upload(0), 'WINDOW_NOT_OPEN');
    await expectCode(cloud.reading(windowId(NEXT + 3 * MINUTE), '1').notice(), 'WINDOW_NOT_OPEN');
    await expectCode(cloud.reading(windowId(RUNNING + 1), '1').notice(), 'STREAM_REFUSED');
    await cloud.clock.advance(NEXT - cloud.clock.now());
    await cloud.reading(NEXT, '1').commit();
  });

  it('are not opened by the operator, and by no node on other terms', async () => {
    cloud = await startSmallCloud({ stream: FIXED });
    const own = { notBefore: RUNNING + MINUTE + GRACE, latest: RUNNING + MINUTE + GRACE };
    const order = { stream: cloud.stream.hash, window: RUNNING, ...own };
    await expectCode(cloud.order(firstNode(), operations.OPEN_WINDOW, order), 'STREAM_REFUSED');
    const { context } = cloud.reading(RUNNING, '1').flagsRequest;
    const value = windowTermsCodec.encode({
      setHashKey: new Uint8Array(32),
      notBefore: RUNNING,
      latest: own.latest,
    });
    const ballot = { counter: 1, proposer: 0 };
    const proposal = { context, decision: 'terms', kind: 'accept', ballot, value } as const;
    for (const node of cloud.nodeIds) {
      await expectCode(cloud.askAs(node, node, operations.SYNOD, proposal), 'INVALID_ARGUMENT');
    }
  });
});

describe('a manual window', () => {
  it('is called not open only where a majority of its register says so', async () => {
    cloud = await startSmallCloud({ shape: { nodes: [2, 2, 2], acceptors: 3 } });
    const window = windowId(START_MS);
    const never = windowId(START_MS + 1);
    const acceptors = registerOf(cloud, window);
    const [first, second, third] = acceptors as [NodeId, NodeId, NodeId];
    const others = cloud.nodeIds.filter((node) => !acceptors.includes(node));
    const [asked] = others as [NodeId];
    for (const node of [...others, third]) await cloud.stop(node);
    // Two of three acceptors open it, and nobody else hears of it.
    await cloud.clock.until(cloud.openWindow({ window }));
    await cloud.clock.until(Promise.all([...others, third].map((node) => cloud.start(node))));
    await expectCode(cloud.reading(never, '1').notice(asked), 'WINDOW_NOT_OPEN');
    for (const node of [first, second]) await cloud.stop(node);
    const notice = cloud.clock.until(cloud.reading(window, '1').notice(asked));
    await expect(notice).rejects.toMatchObject({
      code: 'INCOMPLETE',
      message: expect.stringContaining(`not ${first} (UNREACHABLE), not ${second} (UNREACHABLE)`),
    });
    await cloud.clock.until(Promise.all([first, second].map((node) => cloud.start(node))));
    await cloud.clock.until(cloud.reading(window, '1').notice(asked));
  });

  it('whose acceptors were never told that it is open is sealed by them at its latest time', async () => {
    cloud = await startSmallCloud({ shape: { nodes: [1, 1, 1], acceptors: 1 } });
    const window = windowId(START_MS);
    const [acceptor] = registerOf(cloud, window);
    const [coordinator] = cloud.nodeIds.filter((id) => id !== acceptor) as [NodeId];
    const latest = START_MS + MINUTE;
    const setHashKey = new Uint8Array(32).fill(7);
    const request = {
      context: cloud.reading(window, '1').flagsRequest.context,
      decision: 'terms',
      ballot: { counter: 1, proposer: 1 },
    } as const;
    const value = windowTermsCodec.encode({ notBefore: window, latest, setHashKey });
    for (const [kind, proposed] of [['prepare', null] as const, ['accept', value] as const]) {
      const vote = { ...request, kind, value: proposed };
      const asked = cloud.askAs(coordinator, acceptor as NodeId, operations.SYNOD, vote);
      expect(await asked).toMatchObject({ granted: true });
    }
    await cloud.clock.advance(MINUTE - 1_000);
    expect(await windowsOf(acceptor as NodeId)).toEqual([]);
    // It looks for such windows every quarter of a minute.
    await cloud.clock.advance(1_000 + 15_000 + CARE);
    expect(await windowsOf(acceptor as NodeId)).toMatchObject([{ window, latest, state: 'SETTLED' }]);
  });

  it('opens at most a year ahead, for a year at most, and not when it would be erased at once', async () => {
    cloud = await startSmallCloud();
    const day = 86_400_000;
    const open = (window: number, latest: number) =>
      cloud.order(firstNode(), operations.OPEN_WINDOW, {
        stream: cloud.stream.hash,
        window,
        notBefore: window,
        latest,
      });
    await expectCode(open(START_MS + 367 * day, START_MS + 368 * day), 'WINDOW_NOT_OPEN');
    await expectCode(open(START_MS, START_MS + 367 * day), 'INVALID_ARGUMENT');
    const erased = START_MS - cloud.stream.retentionMs;
    await expectCode(open(erased - 1, erased), 'WINDOW_ERASED');
    expect(await open(erased - 1, erased + MINUTE)).toEqual({ done: true });
  });
});

it.each([
  ['who is to open a window with it', false],
  ['whom it tells that a window is open', true],
])('a node that stops waits for nobody %s', async (_, decided) => {
  const ring = await developmentRing({ nodes: [1, 1] });
  const jws = await signStream({ ...streamPayload(ring), ...FIXED }, fixedKey('operator').signer);
  const stream = await openStreamDocument(jws, testVerifier, ring);
  const self = { nodeId: 'a-1', domain: stream.domains[0]?.id };
  const opening = createOpening({
    self,
    clock: createManualClock(START_MS),
    randomBytes: (length: number) => new Uint8Array(length),
    retirements: { check: () => {}, isRetired: () => false },
    streams: { list: () => [stream] },
    windows: {
      findOpen: () => undefined,
      find: async (scope: WindowScope) => ({ scope, stream, terms: {} }),
    },
    rings: {
      of: () => ({
        ring,
        placement: { registerAcceptors: () => [self.nodeId] },
        nodesOf: (domain: string) => [`${domain}-1`],
      }),
      contextOf: () => ({}),
    },
    decisions: {
      look: async (_: unknown, __: string, signal?: AbortSignal) =>
        decided ? { value: { notBefore: START_MS, latest: START_MS } } : untilEnded(signal),
    },
    callPeer: (_: NodeId, __: unknown, ___: unknown, signal?: AbortSignal) => untilEnded(signal),
  } as unknown as OpeningComponents);
  const ending = new AbortController();
  const run = opening.run(ending.signal).catch(() => {});
  expect(await isPending(run)).toBe(true);
  ending.abort();
  expect(await isPending(run)).toBe(false);
});

function untilEnded(signal?: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)));
}
