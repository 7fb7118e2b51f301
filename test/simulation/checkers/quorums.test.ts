import { describe, expect, it } from 'vitest';
import { fromUtf8, toBase64Url, utf8 } from '../../../src/foundation/index.ts';
import type { DecisionName, WindowScope } from '../../../src/protocol/index.ts';
import { operations } from '../../../src/protocol/index.ts';
import { domainId, epoch, type StoreId, storeId, streamHash, windowId } from '../../../src/ring/index.ts';
import { createQuorumChecker, type QuorumChecker, type VotingNode } from './quorums.ts';

const SCOPE: WindowScope = { stream: streamHash('ab'.repeat(32)), window: windowId(7_000), group: 0 };
const [STORE_A, STORE_B, STORE_C] = ['a1', 'b1', 'c1'].map((name) => storeId(name.repeat(16))) as [
  StoreId,
  StoreId,
  StoreId,
];
const NAMES = new Map([
  ['a1', STORE_A],
  ['a2', STORE_B],
  ['a3', STORE_C],
]);
const row = (what: string) => utf8(what);

/** A node whose rows say what their keys say: a vote as `decision@ballot=value`, and what is decided as `decision=value`. */
function nodeWith(node: string, store = NAMES.get(node), harmed = false): VotingNode {
  return {
    node,
    domain: domainId('a'),
    harm: { any: harmed },
    storeId: () => store,
    rows: {
      vote(_, sealed) {
        const [, decision, counter, value] = /^(\w+)@(\d+|\?)=(.*)$/.exec(fromUtf8(sealed)) ?? [];
        if (decision === undefined) return undefined;
        const vote = { scope: SCOPE, decision: decision as DecisionName };
        if (counter === '?') return { ...vote, accepted: null, opens: false };
        const ballot = { counter: Number(counter), proposer: 0 };
        return { ...vote, accepted: { ballot, value: utf8(value ?? '') }, opens: true };
      },
      decision(key) {
        const [, decision, value] = /^(\w+)=(.*)$/.exec(fromUtf8(key)) ?? [];
        if (decision === undefined) return undefined;
        return { scope: SCOPE, decision: decision as DecisionName, value: utf8(value ?? '') };
      },
    },
  };
}

function watch(names: readonly string[], lost: readonly StoreId[] = [], older: readonly string[] = names) {
  const violations: string[] = [];
  const checker = createQuorumChecker({
    nodes: ['a1', 'a2', 'a3'].map((name) => nodeWith(name)),
    votersOf: () =>
      [names, older].map((all) => all.map((node) => ({ node, store: NAMES.get(node) ?? STORE_A }))),
    declaredLost: () => new Set(lost),
    violation: (what) => void violations.push(what),
  });
  return { checker, violations };
}

/** A row whose bytes say what its key says. */
const store = (checker: QuorumChecker, node: VotingNode, key: Uint8Array) => checker.stored(node, key, key);

const THREE = ['a1', 'a2', 'a3'];
const UNDECIDED = 'DECIDED: a1 knows the release of window 7000, which no quorum has accepted';

describe('the check of what a quorum has accepted', () => {
  it('accepts what a majority has accepted under one ballot, however they voted later', () => {
    const { checker, violations } = watch(THREE);
    store(checker, nodeWith('a1'), row('release@1=x'));
    store(checker, nodeWith('a2'), row('release@1=x'));
    store(checker, nodeWith('a2'), row('release@2=x'));
    store(checker, nodeWith('a1'), row('release=x'));
    expect(violations).toEqual([]);
  });

  it('accepts what a majority of an older placement has accepted, where that is all that the node knows', () => {
    const { checker, violations } = watch(['a2'], [], ['a1']);
    store(checker, nodeWith('a1'), row('terms@1=x'));
    store(checker, nodeWith('a1'), row('terms=x'));
    expect(violations).toEqual([]);
    store(checker, nodeWith('a3'), row('terms@1=y'));
    store(checker, nodeWith('a1'), row('terms=y'));
    expect(violations).toHaveLength(1);
  });

  it('names what a majority has accepted under different ballots only, or a minority under one', () => {
    const { checker, violations } = watch(THREE);
    store(checker, nodeWith('a1'), row('release@1=x'));
    store(checker, nodeWith('a2'), row('release@2=x'));
    store(checker, nodeWith('a3'), row('release@2=y'));
    store(checker, nodeWith('a1'), row('release=x'));
    expect(violations).toEqual([UNDECIDED]);
  });

  it('counts every vote of a commit that wrote the row several times', () => {
    const { checker, violations } = watch(THREE);
    const key = row('a key that says nothing');
    for (const sealed of ['release@1=x', 'release@2=x']) checker.stored(nodeWith('a1'), key, row(sealed));
    store(checker, nodeWith('a2'), row('release@1=x'));
    store(checker, nodeWith('a1'), row('release=x'));
    expect(violations).toEqual([]);
  });

  it('counts no vote of another store than the one that the window gives the node', () => {
    const { checker, violations } = watch(THREE);
    store(checker, nodeWith('a1'), row('release@1=x'));
    store(checker, nodeWith('a2', STORE_C), row('release@1=x'));
    store(checker, nodeWith('a1'), row('release=x'));
    expect(violations).toEqual([UNDECIDED]);
  });

  it('takes a vote that a fault has made unreadable for any, and no other', () => {
    const { checker, violations } = watch(THREE);
    store(checker, nodeWith('a1'), row('release@1=x'));
    store(checker, nodeWith('a2'), row('release@?='));
    store(checker, nodeWith('a1'), row('release=x'));
    expect(violations).toEqual([UNDECIDED]);
    store(checker, nodeWith('a2', STORE_B, true), row('release@?='));
    store(checker, nodeWith('a1'), row('release=x'));
    expect(violations).toHaveLength(1);
  });

  it('lets a ledger of two go on with one where the other one is declared lost, and a ledger of three not', () => {
    const two = watch(['a1', 'a2'], [STORE_B]);
    const three = watch(THREE, [STORE_B, STORE_C]);
    for (const { checker } of [two, three]) {
      store(checker, nodeWith('a1'), row('release@1=x'));
      store(checker, nodeWith('a1'), row('release=x'));
      store(checker, nodeWith('a1'), row('terms@1=x'));
      store(checker, nodeWith('a1'), row('terms=x'));
    }
    const register = UNDECIDED.replace('release', 'terms');
    expect(two.violations).toEqual([register]);
    expect(three.violations).toEqual([UNDECIDED, register]);
  });
});

describe('the check of what is told', () => {
  const contentType = 'application/octet-stream';
  const exchange = (path: string, body: Uint8Array, answer: Uint8Array) => ({
    from: 'a2',
    to: 'a1',
    arrivedAt: 0,
    request: { method: 'POST' as const, path, contentType, body },
    response: { status: 200, contentType, body: answer },
  });

  it('names a row that COMPUTE tells before a quorum has accepted it', () => {
    const { checker, violations } = watch(THREE);
    const { path, request, response } = operations.COMPUTE;
    const question = request.encode({ stream: SCOPE.stream, window: SCOPE.window, group: SCOPE.group });
    const told = (answer: Parameters<typeof response.encode>[0]) =>
      checker.answered(exchange(path, question, response.encode(answer)));
    told({ status: 'INCOMPLETE', reason: 'not yet' });
    store(checker, nodeWith('a1'), row('release@1=x'));
    told({ status: 'ROW', row: toBase64Url(utf8('x')) });
    expect(violations).toEqual([UNDECIDED.replace('knows', 'tells')]);
    store(checker, nodeWith('a3'), row('release@1=x'));
    told({ status: 'ROW', row: toBase64Url(utf8('x')) });
    expect(violations).toHaveLength(1);
  });

  it('names a vote that an acceptor tells before it is on its disk', () => {
    const { checker, violations } = watch(THREE);
    const { path, request, response } = operations.LEDGER;
    const context = { epoch: epoch(1), placementEpoch: epoch(1), ...SCOPE };
    const ballot = { counter: 0, proposer: 0 };
    const question = request.encode({ context, decision: 'release', kind: 'read', ballot, value: null });
    const accepted = { ballot: { counter: 3, proposer: 0 }, value: utf8('x') };
    const read = (what: typeof accepted | null) =>
      checker.answered(
        exchange(path, question, response.encode({ granted: true, promised: ballot, accepted: what })),
      );
    read(null);
    store(checker, nodeWith('a1'), row('release@2=x'));
    read(accepted);
    expect(violations).toEqual(['DURABLE: a1 tells a vote about a release that was never on its disk']);
    store(checker, nodeWith('a1'), row('release@3=x'));
    read(accepted);
    expect(violations).toHaveLength(1);
  });
});
