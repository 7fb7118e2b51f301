import { equalBytes, invariant } from '../foundation/index.ts';
import type { Accepted, AcceptorReply, AcceptorRequest } from './acceptor.ts';
import type { Ballot } from './ballot.ts';
import { BALLOT_ZERO, ballotAbove, compareBallots } from './ballot.ts';

/** What one acceptor has answered to the request of the current phase. */
interface Vote<V> {
  readonly acceptor: number;
  readonly granted: boolean;
  readonly promised: Ballot;
  readonly accepted: Accepted<V> | null;
}

/**
 * One attempt to decide. `acceptors` are numbered from 0; `quorum` of them decide. `wish` is proposed only
 * where the prepare quorum accepted nothing.
 */
export interface ProposerState<V> {
  readonly phase: 'preparing' | 'accepting' | 'decided' | 'refused';
  readonly ballot: Ballot;
  readonly acceptors: number;
  readonly quorum: number;
  readonly wish: V;
  /** The value of this ballot once it is chosen; the decision when `phase` is decided. */
  readonly proposal: V | null;
  readonly votes: readonly Vote<V>[];
}

export interface ProposerOptions<V> {
  readonly acceptors: number;
  readonly quorum: number;
  readonly ballot: Ballot;
  readonly wish: V;
}

/** Begins with prepare; the ballot's counter is at least 1. */
export function startProposer<V>(options: ProposerOptions<V>): ProposerState<V> {
  invariant(options.ballot.counter >= 1, 'ballot 0 is proposed only by startAtBallotZero');
  return { ...options, phase: 'preparing', proposal: null, votes: [] };
}

/**
 * Begins with accept at ballot 0. Any number of proposers may do so at once because ballot 0 has one value by
 * definition (Gray and Lamport, "Consensus on Transaction Commit"): for flags, TRUE.
 */
export function startAtBallotZero<V>(options: Omit<ProposerOptions<V>, 'ballot'>): ProposerState<V> {
  return { ...options, ballot: BALLOT_ZERO, phase: 'accepting', proposal: options.wish, votes: [] };
}

/** What the proposer asks every acceptor in its phase; null when it asks nothing more. */
export function proposerRequest<V>(state: ProposerState<V>): AcceptorRequest<V> | null {
  if (state.phase === 'preparing') return { kind: 'prepare', ballot: state.ballot };
  if (state.phase === 'accepting' && state.proposal !== null) {
    return { kind: 'accept', ballot: state.ballot, value: state.proposal };
  }
  return null;
}

/** Takes one acceptor's reply to the request of `phase`; late replies of an earlier phase are dropped. */
export function proposerStep<V>(
  state: ProposerState<V>,
  from: number,
  phase: 'preparing' | 'accepting',
  reply: AcceptorReply<V>,
): ProposerState<V> {
  invariant(from >= 0 && from < state.acceptors, 'expected the number of an acceptor');
  if (state.phase !== phase || state.votes.some((vote) => vote.acceptor === from)) return state;
  const { granted, promised, accepted } = reply;
  const votes = [...state.votes, { acceptor: from, granted, promised, accepted }].sort(
    (a, b) => a.acceptor - b.acceptor,
  );
  const grants = votes.filter((vote) => vote.granted);
  if (grants.length >= state.quorum) {
    if (phase === 'accepting') return { ...state, votes, phase: 'decided' };
    return { ...state, votes: [], phase: 'accepting', proposal: proposalOf(state.wish, grants) };
  }
  // Not before a quorum is out of reach: a refusal by one acceptor is no reason to disturb the others.
  const refusals = votes.length - grants.length;
  if (state.acceptors - refusals < state.quorum) return { ...state, votes, phase: 'refused' };
  return { ...state, votes };
}

/** The value of the highest accepted ballot among a prepare quorum, else the proposer's own wish. */
export function proposalOf<V>(wish: V, promises: readonly { readonly accepted: Accepted<V> | null }[]): V {
  const highest = highestAccepted(promises);
  return highest === null ? wish : highest.value;
}

export function highestAccepted<V>(
  replies: readonly { readonly accepted: Accepted<V> | null }[],
): Accepted<V> | null {
  let highest: Accepted<V> | null = null;
  for (const { accepted } of replies) {
    if (accepted !== null && (highest === null || compareBallots(accepted.ballot, highest.ballot) > 0)) {
      highest = accepted;
    }
  }
  return highest;
}

/** A ballot above everything the refusals of an attempt have shown; null where there is none. */
export function nextBallot<V>(state: ProposerState<V>, proposer: number): Ballot | null {
  let seen = state.ballot;
  for (const { promised } of state.votes) if (compareBallots(promised, seen) > 0) seen = promised;
  return ballotAbove(seen, proposer);
}

/**
 * The decided value if `quorum` of the replies show it accepted at one ballot; null when the replies cannot
 * tell, which says nothing about whether a decision exists. One ballot has one value; an acceptor that shows another
 * one lies, and must not speak for those that don't.
 */
export function decidedIn<V>(
  replies: readonly { readonly accepted: Accepted<V> | null }[],
  quorum: number,
): Accepted<V> | null {
  for (const { accepted } of replies) {
    if (accepted === null) continue;
    const same = replies.filter(
      (other) =>
        other.accepted !== null &&
        compareBallots(other.accepted.ballot, accepted.ballot) === 0 &&
        sameValue(other.accepted.value, accepted.value),
    );
    if (same.length >= quorum) return accepted;
  }
  return null;
}

/** Values are words or bytes. */
function sameValue(a: unknown, b: unknown): boolean {
  return a === b || (a instanceof Uint8Array && b instanceof Uint8Array && equalBytes(a, b));
}
