import { afterEach, describe, expect, it } from 'vitest';
import { EngineError } from '../../../src/foundation/index.ts';
import type { DecisionName, SynodRequest } from '../../../src/protocol/index.ts';
import { operations, windowTermsCodec } from '../../../src/protocol/index.ts';
import type { NodeId } from '../../../src/ring/index.ts';
import { windowId } from '../../../src/ring/index.ts';
import { expectCode } from '../../support/bad-input.ts';
import { isPending, releaseAll } from '../../support/pending.ts';
import { registerOf } from '../../support/register-of.ts';
import { type SmallCloud, START_MS, startSmallCloud } from '../../support/small-cloud.ts';

const WINDOW = windowId(START_MS);
const BALLOT = { counter: 1, proposer: 0 };
let cloud: SmallCloud;

afterEach(async () => {
  for (const node of cloud.nodeIds) await releaseAll(cloud.store(node));
  await cloud.close();
});

function firstOf<T>(items: readonly T[]): T {
  const [first] = items;
  if (first === undefined) throw new Error('expected at least one');
  return first;
}

function synod(
  node: NodeId,
  decision: DecisionName,
  request: Pick<SynodRequest, 'kind' | 'ballot' | 'value'>,
) {
  const context = cloud.reading(WINDOW, '1').flagsRequest.context;
  return cloud.askAs(node, node, operations.SYNOD, { context, decision, ...request });
}

const terms = () =>
  windowTermsCodec.encode({ setHashKey: new Uint8Array(32), notBefore: WINDOW, latest: WINDOW + 1_000 });

describe('an acceptor of a register', () => {
  it('a vote is answered when it is on disk', async () => {
    cloud = await startSmallCloud();
    const node = firstOf(registerOf(cloud, WINDOW));
    const store = cloud.store(node);
    store.hold();
    const promised = synod(node, 'terms', { kind: 'prepare', ballot: BALLOT, value: null });
    expect(await isPending(promised)).toBe(true);
    await store.release();
    expect(await promised).toMatchObject({ granted: true });
    const accepted = synod(node, 'terms', { kind: 'accept', ballot: BALLOT, value: terms() });
    expect(await isPending(accepted)).toBe(true);
    await store.release();
    expect(await accepted).toMatchObject({ granted: true });
  });

  it('a register takes nothing at ballot 0', async () => {
    cloud = await startSmallCloud();
    const node = firstOf(registerOf(cloud, WINDOW));
    const ballot = { counter: 0, proposer: 0 };
    await expectCode(synod(node, 'terms', { kind: 'accept', ballot, value: terms() }), 'MALFORMED_BODY');
    await expectCode(synod(node, 'terms', { kind: 'prepare', ballot, value: null }), 'MALFORMED_BODY');
  });

  it('what one acceptor of three accepted is not decided', async () => {
    cloud = await startSmallCloud({ shape: { nodes: [1, 1, 1], acceptors: 3 } });
    const [node, ...others] = registerOf(cloud, WINDOW) as [NodeId, NodeId, NodeId];
    await synod(node, 'terms', { kind: 'accept', ballot: BALLOT, value: terms() });
    for (const other of others) await cloud.stop(other);
    await expectCode(cloud.clock.until(cloud.reading(WINDOW, '1').notice(node)), 'INCOMPLETE');
    for (const other of others) await cloud.start(other);
    expect(await cloud.clock.until(cloud.reading(WINDOW, '1').notice(node))).toEqual({
      answers: ['STORED'],
    });
  });

  it('what stands at several ballots is proposed by whoever reads it', async () => {
    cloud = await startSmallCloud({ shape: { nodes: [1, 1, 1], acceptors: 3 } });
    const [first, second, reader] = registerOf(cloud, WINDOW) as [NodeId, NodeId, NodeId];
    const value = terms();
    await synod(first, 'terms', { kind: 'accept', ballot: BALLOT, value });
    await synod(second, 'terms', { kind: 'accept', ballot: { counter: 2, proposer: 1 }, value });
    expect(await cloud.clock.until(cloud.reading(WINDOW, '1').notice(reader))).toEqual({
      answers: ['STORED'],
    });
  });
});

/** A register of which one acceptor has accepted terms, and a node that knows none and is asked about the window. */
async function undecided() {
  let ballots = 0;
  let deaf = false;
  cloud = await startSmallCloud({
    shape: { nodes: [2, 2, 2], acceptors: 3 },
    overhear({ path, request }) {
      if (path === operations.SYNOD.path && kindIn(request) !== 'read') ballots += 1;
    },
    lie({ path, to, request, response }) {
      if (path !== operations.SYNOD.path || !deaf || to === voter || kindIn(request) === 'read') return;
      const { accepted } = operations.SYNOD.response.decode(response);
      return operations.SYNOD.response.encode({ granted: false, promised: BALLOT, accepted });
    },
  });
  const [voter, second, third] = registerOf(cloud, WINDOW) as [NodeId, NodeId, NodeId];
  const reader = firstOf(cloud.nodeIds.filter((node) => ![voter, second, third].includes(node)));
  const accepts = (node: NodeId, ballot = BALLOT) =>
    synod(node, 'terms', { kind: 'accept', ballot, value: terms() });
  await accepts(voter);
  const request = cloud.reading(WINDOW, '1').flagsRequest;
  const ask = () => cloud.ask(reader, operations.GET, request).then(() => 'ANSWERED', codeOf);
  /** Each second by three, as a store in doubt, a sensor and an operator do. @returns what it costs in ballots */
  async function askForAWhile() {
    const before = ballots;
    for (let elapsed = 0; elapsed < 10; elapsed++) {
      await cloud.clock.until(Promise.all([ask(), ask(), ask()]));
      await cloud.clock.advance(1_000);
    }
    return ballots - before;
  }
  /** Whether the others show their votes and grant none. */
  const setDeaf = (is: boolean) => {
    deaf = is;
  };
  return { voter, second, third, reader, accepts, ask, askForAWhile, setDeaf, ballots: () => ballots };
}

const kindIn = (request: Uint8Array) => operations.SYNOD.request.decode(request).kind;
const codeOf = (error: unknown) => (error instanceof EngineError ? error.code : 'NO_REFUSAL');

describe('a register in which somebody looks for a decision', () => {
  it('has no ballot where fewer acceptors show their votes than decide', async () => {
    const { second, third, askForAWhile } = await undecided();
    for (const lost of [second, third]) await cloud.stop(lost);
    expect(await askForAWhile()).toBe(0);
  });

  it('has few ballots in vain, and shows at once what is decided meanwhile', async () => {
    const { voter, second, accepts, ask, askForAWhile, setDeaf, ballots } = await undecided();
    setDeaf(true);
    // Four times four ballots at three acceptors; every question would have had four.
    expect(await askForAWhile()).toBeLessThanOrEqual(48);
    expect(await cloud.clock.until(ask())).toBe('WINDOW_NOT_OPEN');
    for (const node of [voter, second]) await accepts(node, { counter: 1_000, proposer: 0 });
    const before = ballots();
    expect(await cloud.clock.until(ask())).not.toBe('WINDOW_NOT_OPEN');
    expect(ballots()).toBe(before);
  });

  it('has a ballot at once of whoever has a wish', async () => {
    const { reader, ask, askForAWhile, setDeaf, ballots } = await undecided();
    setDeaf(true);
    await askForAWhile();
    setDeaf(false);
    const before = ballots();
    expect(await cloud.clock.until(ask())).toBe('WINDOW_NOT_OPEN');
    expect(ballots()).toBe(before);
    const wish = { stream: cloud.stream.hash, window: WINDOW, notBefore: WINDOW, latest: WINDOW + 1_000 };
    expect(await cloud.clock.until(cloud.order(reader, operations.OPEN_WINDOW, wish))).toEqual({
      done: true,
    });
  });
});

describe('a ledger', () => {
  it('a ledger answers its own domain only', async () => {
    cloud = await startSmallCloud();
    await cloud.openWindow({ window: WINDOW });
    for (const node of cloud.nodeIds) {
      await expectCode(synod(node, 'release', { kind: 'read', ballot: BALLOT, value: null }), 'FORBIDDEN');
    }
  });

  it('a ledger without a majority of its domain decides nothing', async () => {
    cloud = await startSmallCloud({ shape: { nodes: [3, 1, 1], acceptors: 3, replicas: 3 } });
    await cloud.openWindow({ window: WINDOW });
    await cloud.reading(WINDOW, '3').commit();
    const question = { stream: cloud.stream.hash, window: WINDOW, group: 0 };
    const [here, second, third, other] = cloud.nodeIds as [NodeId, NodeId, NodeId, NodeId];
    const compute = (node: NodeId) => cloud.clock.until(cloud.order(node, operations.COMPUTE, question));
    expect(await compute(other)).toMatchObject({ status: 'ROW' });
    for (const node of [second, third]) await cloud.stop(node);
    expect(await compute(here)).toMatchObject({
      status: 'INCOMPLETE',
      reason: expect.stringContaining('release'),
    });
    await cloud.start(second);
    expect(await compute(here)).toMatchObject({ status: 'ROW' });
  });
});

/** A domain of two nodes whose first one has released a window, behind more of them than have their round in 3 s. */
async function releasedByFirst() {
  cloud = await startSmallCloud({ shape: { nodes: [2, 1], acceptors: 3 } });
  for (let others = 0; others < 12; others++) await cloud.openWindow();
  const window = await cloud.openWindow();
  await cloud.reading(window, '4.5').commit();
  const [a1, a2] = cloud.nodeIds as [NodeId, NodeId];
  const question = { stream: cloud.stream.hash, window, group: 0 };
  const compute = (node: NodeId) => cloud.clock.until(cloud.order(node, operations.COMPUTE, question));
  await cloud.clock.until(cloud.order(a1, operations.SEAL, question));
  const row = await compute(a1);
  expect(row).toMatchObject({ status: 'ROW' });
  return { a1, a2, compute, row };
}

describe('a release', () => {
  it('is known to all who voted for it, and told when the one that made it is away', async () => {
    const { a1, a2, compute, row } = await releasedByFirst();
    await cloud.clock.advance(3_000);
    await cloud.stop(a1);
    expect(await compute(a2)).toEqual(row);
  });

  it('is looked for by a voter that was stopped before it had heard of it', async () => {
    const { a1, a2, compute, row } = await releasedByFirst();
    await cloud.stop(a2);
    await cloud.start(a2);
    await cloud.clock.advance(3_000);
    await cloud.stop(a1);
    expect(await compute(a2)).toEqual(row);
  });
});
