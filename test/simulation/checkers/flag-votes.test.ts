import { describe, expect, it } from 'vitest';
import type { Accepted } from '../../../src/consensus/index.ts';
import type { FlagValue, WindowScope } from '../../../src/protocol/index.ts';
import { partitionKey } from '../../../src/protocol/index.ts';
import { nodeId, partition, storeId, streamHash, windowId } from '../../../src/ring/index.ts';
import { createFlagVoteChecker } from './flag-votes.ts';

const SCOPE: WindowScope = { stream: streamHash('ab'.repeat(32)), window: windowId(7_000), group: 0 };
const KEY = partitionKey(SCOPE, partition(3));
const NODES = ['a1', 'b1', 'c1', 'd1'];

const storeOf = (node: string) => storeId(`${NODES.indexOf(node)}`.repeat(32));
const under = (counter: number, value: FlagValue, proposer = 0): Accepted<FlagValue> => ({
  ballot: { counter, proposer },
  value,
});

/** Votes that become durable one after the other: of a node, about one flag of three acceptors, of which d1 is none. */
function violationsOf(votes: readonly (readonly [node: string, accepted: Accepted<FlagValue> | null])[]) {
  const violations: string[] = [];
  const checker = createFlagVoteChecker({
    votersOf: () => [['a1', 'b1', 'c1'].map((node) => ({ node: nodeId(node), store: storeOf(node) }))],
    violation: (what) => void violations.push(what),
  });
  for (const [node, accepted] of votes) {
    const row = { promised: { counter: 9, proposer: 0 }, accepted, knownSince: 0 };
    checker.stored(
      { node: nodeId(node), storeId: () => storeOf(node), rows: { flagsOf: () => [['flag', row]] } },
      KEY,
    );
  }
  return violations;
}

describe('votes about a flag on the disks', () => {
  it('may be for both outcomes as long as none is decided', () => {
    expect(
      violationsOf([
        ['a1', under(0, 'TRUE')],
        ['b1', under(2, 'ERROR')],
        ['c1', null],
        ['c1', under(2, 'ERROR')],
      ]),
    ).toEqual([]);
  });

  it('may be for another outcome under a ballot below the one that is decided', () => {
    expect(
      violationsOf([
        ['a1', under(5, 'ERROR')],
        ['b1', under(5, 'ERROR')],
        ['c1', under(0, 'TRUE')],
      ]),
    ).toEqual([]);
  });

  it('are never for another outcome above the ballot that is decided, whichever was first', () => {
    const said = ['ONE-OUTCOME: c1 accepts ERROR beside TRUE of a flag that is decided'];
    expect(
      violationsOf([
        ['a1', under(0, 'TRUE')],
        ['b1', under(0, 'TRUE')],
        ['c1', under(1, 'ERROR')],
      ]),
    ).toEqual(said);
    expect(
      violationsOf([
        ['c1', under(1, 'ERROR')],
        ['a1', under(0, 'TRUE')],
        ['b1', under(0, 'TRUE')],
      ]),
    ).toEqual(['ONE-OUTCOME: b1 accepts TRUE beside ERROR of a flag that is decided']);
  });

  it('count where a vote is voted: a node that has none decides nothing', () => {
    expect(
      violationsOf([
        ['a1', under(0, 'TRUE')],
        ['d1', under(0, 'TRUE')],
        ['b1', under(1, 'ERROR')],
      ]),
    ).toEqual([]);
  });

  it('are for one value under one ballot, and only for TRUE under ballot 0', () => {
    expect(
      violationsOf([
        ['a1', under(1, 'TRUE', 2)],
        ['b1', under(1, 'ERROR', 2)],
      ]),
    ).toEqual(['ONE-OUTCOME: b1 accepts ERROR under a ballot of TRUE']);
    expect(violationsOf([['a1', under(0, 'ERROR')]])).toEqual([
      'ONE-OUTCOME: a1 accepts ERROR under ballot 0',
    ]);
  });
});
