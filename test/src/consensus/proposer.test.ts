import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Accepted, AcceptorReply, ProposerState } from '../../../src/consensus/index.ts';
import {
  BALLOT_ZERO,
  ballotAbove,
  compareBallots,
  decidedIn,
  highestAccepted,
  nextBallot,
  proposalOf,
  proposerRequest,
  proposerStep,
  startAtBallotZero,
  startProposer,
} from '../../../src/consensus/index.ts';
import { ballots } from './synod-arbitraries.ts';

const accepteds: fc.Arbitrary<Accepted<string> | null> = fc.option(
  // One value per ballot, as every correct run has it.
  ballots.map((ballot) => ({ ballot, value: `v${ballot.counter}.${ballot.proposer}` })),
);
const replies: fc.Arbitrary<AcceptorReply<string>> = fc.record({
  granted: fc.boolean(),
  promised: ballots,
  accepted: accepteds,
});
const answers = fc.array(fc.record({ from: fc.nat(4), reply: replies }), { maxLength: 12 });

const start = startProposer({ acceptors: 5, quorum: 3, ballot: { counter: 3, proposer: 1 }, wish: 'wish' });

function hearAll(
  state: ProposerState<string>,
  heard: readonly { from: number; reply: AcceptorReply<string> }[],
): ProposerState<string> {
  return heard.reduce((at, { from, reply }) => proposerStep(at, from, 'preparing', reply), state);
}

test('proposes the value of the highest ballot its quorum accepted, else its own wish', () => {
  fc.assert(
    fc.property(answers, (heard) => {
      const state = hearAll(start, heard);
      const firsts = heard.filter(({ from }, n) => heard.findIndex((other) => other.from === from) === n);
      const grants: Accepted<string>[][] = [];
      let refusals = 0;
      for (const { reply } of firsts) {
        if (reply.granted) grants.push(reply.accepted === null ? [] : [reply.accepted]);
        else refusals += 1;
        if (grants.length === 3 || refusals === 3) break;
      }
      if (grants.length === 3) {
        const highest = grants.flat().sort((a, b) => compareBallots(b.ballot, a.ballot))[0];
        expect(state).toMatchObject({ phase: 'accepting', proposal: highest?.value ?? 'wish', votes: [] });
      } else {
        expect(state.phase).toBe(refusals === 3 ? 'refused' : 'preparing');
        expect(state.proposal).toBeNull();
      }
    }),
  );
});

test('the order of the votes of one phase does not matter', () => {
  const few = fc.uniqueArray(fc.record({ from: fc.nat(4), reply: replies }), {
    selector: ({ from }) => from,
    maxLength: 3,
  });
  fc.assert(
    fc.property(few, (heard) => {
      expect(hearAll(start, [...heard].reverse())).toEqual(hearAll(start, heard));
    }),
  );
});

test('a repeated vote and a vote of another phase leave the state as it is', () => {
  fc.assert(
    fc.property(answers, replies, (heard, reply) => {
      const state = hearAll(start, heard);
      for (const { acceptor } of state.votes) {
        expect(proposerStep(state, acceptor, 'preparing', reply)).toBe(state);
        expect(proposerStep(state, acceptor, 'accepting', reply)).toBe(state);
      }
      const other = state.phase === 'accepting' ? 'preparing' : 'accepting';
      for (let from = 0; from < 5; from++) expect(proposerStep(state, from, other, reply)).toBe(state);
    }),
  );
});

test('decides when a quorum of different acceptors voted for its value', () => {
  const grant: AcceptorReply<string> = { granted: true, promised: BALLOT_ZERO, accepted: null };
  let state = startAtBallotZero({ acceptors: 3, quorum: 2, wish: 'TRUE' });
  expect(proposerRequest(state)).toEqual({ kind: 'accept', ballot: BALLOT_ZERO, value: 'TRUE' });
  state = proposerStep(state, 2, 'accepting', grant);
  state = proposerStep(state, 2, 'accepting', grant);
  expect(state.phase).toBe('accepting');
  state = proposerStep(state, 0, 'accepting', grant);
  expect(state).toMatchObject({ phase: 'decided', proposal: 'TRUE' });
  expect(proposerRequest(state)).toBeNull();
});

test('one refusal does not end an attempt that a quorum can still grant', () => {
  const refusal: AcceptorReply<string> = { granted: false, promised: BALLOT_ZERO, accepted: null };
  let state = startProposer({ acceptors: 3, quorum: 2, wish: 'ERROR', ballot: { counter: 1, proposer: 0 } });
  state = proposerStep(state, 0, 'preparing', refusal);
  expect(state.phase).toBe('preparing');
  state = proposerStep(state, 1, 'preparing', refusal);
  expect(state.phase).toBe('refused');
});

test('prepare never starts at ballot 0, whose only value is TRUE', () => {
  expect(() => startProposer({ acceptors: 1, quorum: 1, wish: 'ERROR', ballot: BALLOT_ZERO })).toThrow(
    'ballot 0',
  );
});

test('a vote of an acceptor that does not exist is a mistake in the program', () => {
  expect(() =>
    proposerStep(start, 5, 'preparing', { granted: true, promised: BALLOT_ZERO, accepted: null }),
  ).toThrow('number of an acceptor');
});

test('the next ballot is above its own and above everything that refused it', () => {
  fc.assert(
    fc.property(answers, fc.nat(9), (heard, proposer) => {
      const state = hearAll(start, heard);
      const next = nextBallot(state, proposer);
      if (next === null) throw new Error('expected a ballot above small ones');
      expect(next.proposer).toBe(proposer);
      for (const seen of [state.ballot, ...state.votes.map(({ promised }) => promised)]) {
        expect(compareBallots(next, seen)).toBeGreaterThan(0);
      }
      const highest = [state.ballot, ...state.votes.map(({ promised }) => promised)]
        .sort(compareBallots)
        .at(-1);
      expect(next).toEqual(ballotAbove(highest ?? state.ballot, proposer));
    }),
  );
});

test('replies show a decision exactly when a quorum accepted at one ballot', () => {
  fc.assert(
    fc.property(fc.array(accepteds, { maxLength: 5 }), fc.integer({ min: 1, max: 3 }), (shown, quorum) => {
      const decided = decidedIn(
        shown.map((accepted) => ({ accepted })),
        quorum,
      );
      const count = (value: string) => shown.filter((accepted) => accepted?.value === value).length;
      const reached = shown.flatMap((accepted) =>
        accepted && count(accepted.value) >= quorum ? [accepted] : [],
      );
      if (decided === null) expect(reached).toEqual([]);
      else expect(reached).toContainEqual(decided);
    }),
  );
});

test.each([
  ['words', 'ERROR', 'TRUE', 'TRUE'],
  ['bytes', Uint8Array.of(6), Uint8Array.of(7), Uint8Array.of(7)],
])(
  'an acceptor that shows another value at the ballot of the others speaks for itself alone, in %s',
  (_, ...values) => {
    const [lie, ...truths] = values.map((value) => ({ accepted: { ballot: BALLOT_ZERO, value } }));
    if (lie === undefined) throw new Error('expected a lie');
    expect(decidedIn([lie, ...truths.slice(1)], 2)).toBeNull();
    expect(decidedIn([lie, ...truths], 2)).toEqual(truths[0]?.accepted);
  },
);

test('the highest accepted vote and the proposal agree with sorting', () => {
  fc.assert(
    fc.property(fc.array(accepteds, { maxLength: 5 }), (shown) => {
      const promises = shown.map((accepted) => ({ accepted }));
      const sorted = shown
        .flatMap((accepted) => accepted ?? [])
        .sort((a, b) => compareBallots(a.ballot, b.ballot));
      expect(highestAccepted(promises)).toEqual(sorted.at(-1) ?? null);
      expect(proposalOf('wish', promises)).toBe(sorted.at(-1)?.value ?? 'wish');
    }),
  );
});
