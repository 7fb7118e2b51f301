import { describe, expect, it } from 'vitest';
import { concat, utf8 } from '../../../src/foundation/index.ts';
import type { DecisionName, WindowScope } from '../../../src/protocol/index.ts';
import { operations, settlementCodec } from '../../../src/protocol/index.ts';
import { domainId, epoch, partition, streamHash, windowId } from '../../../src/ring/index.ts';
import { createDecisionChecker, type DecidingNode } from './decisions.ts';
import { createStandingChecks } from './standing.ts';

const SCOPE: WindowScope = { stream: streamHash('ab'.repeat(32)), window: windowId(7_000), group: 0 };
const FROZEN_FROM = 9_000;

interface Vote {
  readonly decision: DecisionName;
  readonly value: string;
}

/** A node with the votes that are on its disk; the key of a row says what a node has written down. */
function nodeWith(node: string, domain: string, ...votes: readonly Vote[]): DecidingNode {
  return {
    node,
    domain: domainId(domain),
    rows: {
      decision(key) {
        const [decision, value = ''] = new TextDecoder().decode(key).split('=');
        if (decision === 'frozen') return undefined;
        return { scope: SCOPE, decision: decision as DecisionName, value: utf8(value) };
      },
      slot(_, decision) {
        const vote = votes.find((one) => one.decision === decision);
        if (vote === undefined) return undefined;
        const ballot = { counter: 1, proposer: 0 };
        return { promised: ballot, accepted: { ballot, value: utf8(vote.value) } };
      },
      frozenScope: (key) => (new TextDecoder().decode(key) === 'frozen' ? SCOPE : undefined),
      isFrozen: () => true,
    },
  };
}

function watch(nodes: readonly DecidingNode[], forgetful: readonly string[] = []) {
  const violations: string[] = [];
  const violation = (what: string) => void violations.push(what);
  const checker = createDecisionChecker({
    nodes,
    standing: createStandingChecks(violation),
    acceptorsOf: () => [['a1', 'b1', 'c1']],
    forgot: (_, node) => forgetful.includes(node),
    mayBeErased: () => false,
    frozenFrom: () => FROZEN_FROM,
    violation,
  });
  return { checker, violations };
}

const terms = (value: string): Vote => ({ decision: 'terms', value });
const [a1, b1, c1] = [nodeWith('a1', 'a', terms('x')), nodeWith('b1', 'b', terms('x')), nodeWith('c1', 'c')];

it('a vote is looked for on the disk when it is given', () => {
  const { method, path, request, response } = operations.SYNOD;
  const ballot = { counter: 1, proposer: 0 };
  const context = { epoch: epoch(1), placementEpoch: epoch(1), ...SCOPE };
  const body = request.encode({ context, decision: 'terms', kind: 'prepare', ballot, value: null });
  const answer = response.encode({ granted: true, promised: ballot, accepted: null });
  const contentType = 'application/octet-stream';
  const promise = (to: string) => ({
    from: 'b1',
    to,
    arrivedAt: 0,
    request: { method, path, contentType, body },
    response: { status: 200, contentType, body: answer },
  });
  const { checker, violations } = watch([a1, c1]);
  checker.answered(promise('a1'));
  expect(violations).toEqual([]);
  checker.answered(promise('c1'));
  expect(violations).toEqual(['DURABLE: c1 granted a prepare of a terms that is not on its disk']);
});

describe('the check of what is decided', () => {
  it('accepts what a majority has voted for, under whatever ballot, and what every node knows alike', () => {
    const { checker, violations } = watch([a1, b1, c1]);
    for (const node of [a1, b1, c1]) checker.stored(node, utf8('terms=x'), FROZEN_FROM);
    expect(violations).toEqual([]);
  });

  it('names a second decision of a register, and none where two domains release different rows', () => {
    const { checker, violations } = watch([a1, b1, c1]);
    checker.stored(a1, utf8('release=x'), 0);
    checker.stored(b1, utf8('release=y'), 0);
    expect(violations).toEqual([]);
    checker.stored(a1, utf8('release=y'), 0);
    expect(violations).toEqual(['DECIDED: a1 knows of a second release of window 7000']);
    checker.stored(a1, utf8('terms=x'), 0);
    checker.stored(c1, utf8('terms=y'), 0);
    expect(violations.join()).toContain('c1 knows of a second terms');
  });

  it('names a decision that too few votes have made, and counts those that faults have taken', () => {
    const alone = [a1, nodeWith('b1', 'b', terms('y')), c1];
    const strict = watch(alone);
    strict.checker.stored(c1, utf8('terms=x'), 0);
    expect(strict.violations).toEqual(['DECIDED: c1 knows the terms of window 7000 by 1 votes']);
    const forgiving = watch(alone, ['c1']);
    forgiving.checker.stored(c1, utf8('terms=x'), 0);
    expect(forgiving.violations).toEqual([]);
  });

  it('names a node that freezes a window too early', () => {
    const { checker, violations } = watch([a1]);
    checker.stored(a1, utf8('frozen'), FROZEN_FROM);
    expect(violations).toEqual([]);
    checker.stored(a1, utf8('frozen'), FROZEN_FROM - 1);
    expect(violations).toEqual(['SEAL: a1 freezes window 7000 before it may be sealed']);
  });
});

it('the flags of a settlement are told as soon as any node knows it', () => {
  const digest = { count: 5, readings: 9, hash: new Uint8Array(32) };
  const bytes = settlementCodec.encode({
    placementEpoch: epoch(1),
    partitions: [{ partition: partition(3), digest }],
    flags: 5,
    readings: 9,
  });
  const { checker } = watch([a1]);
  expect(checker.settledFlags(SCOPE)).toBeUndefined();
  const settled = {
    ...a1,
    rows: { ...a1.rows, decision: () => ({ scope: SCOPE, decision: 'settlement' as const, value: bytes }) },
  };
  checker.stored(settled, concat(utf8('settlement')), 0);
  expect(checker.settledFlags(SCOPE)).toBe(5);
});
