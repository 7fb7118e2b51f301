import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { AcceptorRequest, AcceptorState, Ballot } from '../../../src/consensus/index.ts';
import { acceptorStep, BALLOT_ZERO, compareBallots, freshAcceptor } from '../../../src/consensus/index.ts';
import { ballots, requests } from './synod-arbitraries.ts';

interface Granted {
  readonly request: Exclude<AcceptorRequest<string>, { kind: 'read' }>;
}

/** The rules of Lamport's acceptor in words: all it ever granted decides what it grants next. */
function mayGrant(history: readonly Granted[], request: Granted['request']): boolean {
  const { ballot } = request;
  if (request.kind === 'prepare') {
    return (
      compareBallots(ballot, BALLOT_ZERO) > 0 &&
      history.every(({ request: past }) => compareBallots(ballot, past.ballot) > 0)
    );
  }
  return history.every(({ request: past }) => compareBallots(ballot, past.ballot) >= 0);
}

test('grants exactly what its history of grants allows, and accepts the last vote it granted', () => {
  fc.assert(
    fc.property(fc.array(requests, { maxLength: 40 }), (asked) => {
      let state: AcceptorState<string> = freshAcceptor();
      const history: Granted[] = [];
      for (const request of asked) {
        const { state: next, reply } = acceptorStep(state, request);
        if (request.kind === 'read') expect([next, reply.granted]).toEqual([state, true]);
        else {
          expect(reply.granted).toBe(mayGrant(history, request));
          if (reply.granted) history.push({ request });
        }
        const votes = history.flatMap(({ request: past }) => (past.kind === 'accept' ? [past] : []));
        const last = votes.at(-1);
        const first = votes.find(
          ({ ballot }) => last !== undefined && compareBallots(ballot, last.ballot) === 0,
        );
        expect(next.accepted).toEqual(
          first === undefined ? null : { ballot: first.ballot, value: first.value },
        );
        expect(reply).toEqual({ granted: reply.granted, promised: next.promised, accepted: next.accepted });
        state = next;
      }
    }),
  );
});

test('its promise never sinks, and it never accepts below it', () => {
  fc.assert(
    fc.property(fc.array(requests, { maxLength: 40 }), (asked) => {
      let state: AcceptorState<string> = freshAcceptor();
      for (const request of asked) {
        const next = acceptorStep(state, request).state;
        expect(compareBallots(next.promised, state.promised)).toBeGreaterThanOrEqual(0);
        if (next.accepted !== null)
          expect(compareBallots(next.accepted.ballot, next.promised)).toBeLessThanOrEqual(0);
        state = next;
      }
    }),
  );
});

test('a request that changes nothing gives back the same state, which needs no write', () => {
  fc.assert(
    fc.property(fc.array(requests, { maxLength: 20 }), requests, (before, request) => {
      const state = before.reduce<AcceptorState<string>>(
        (at, asked) => acceptorStep(at, asked).state,
        freshAcceptor(),
      );
      const after = acceptorStep(state, request).state;
      expect(acceptorStep(after, request).state).toBe(after);
      if (after !== state) expect(after).not.toEqual(state);
    }),
  );
});

test('a ballot is granted once, also to the proposer that has it', () => {
  fc.assert(
    fc.property(ballots, (ballot) => {
      const prepare: AcceptorRequest<string> = { kind: 'prepare', ballot };
      const first = acceptorStep(freshAcceptor<string>(), prepare);
      expect(first.reply.granted).toBe(true);
      expect(acceptorStep(first.state, prepare).reply.granted).toBe(false);
    }),
  );
});

test('a vote at ballot 0 needs no promise and may be repeated', () => {
  const set: AcceptorRequest<string> = { kind: 'accept', ballot: BALLOT_ZERO, value: 'TRUE' };
  const voted = acceptorStep(freshAcceptor<string>(), set);
  expect(voted.reply).toEqual({
    granted: true,
    promised: BALLOT_ZERO,
    accepted: { ballot: BALLOT_ZERO, value: 'TRUE' },
  });
  expect(acceptorStep(voted.state, set)).toEqual(voted);
});

test('a promise refuses ballot 0 from then on and tells what was accepted', () => {
  const ballot: Ballot = { counter: 1, proposer: 4 };
  const accepted = { ballot: BALLOT_ZERO, value: 'TRUE' };
  const promised = acceptorStep<string>({ promised: BALLOT_ZERO, accepted }, { kind: 'prepare', ballot });
  expect(promised.reply).toEqual({ granted: true, promised: ballot, accepted });
  const late = acceptorStep<string>(promised.state, { kind: 'accept', ballot: BALLOT_ZERO, value: 'TRUE' });
  expect(late.reply.granted).toBe(false);
  expect(late.state).toBe(promised.state);
});
