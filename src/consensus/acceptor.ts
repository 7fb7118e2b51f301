import type { Ballot } from './ballot.ts';
import { BALLOT_ZERO, compareBallots } from './ballot.ts';

export interface Accepted<V> {
  readonly ballot: Ballot;
  readonly value: V;
}

/** What one acceptor remembers of one decision. It is synced before any reply that depends on it. */
export interface AcceptorState<V> {
  readonly promised: Ballot;
  readonly accepted: Accepted<V> | null;
}

export type AcceptorRequest<V> =
  | { readonly kind: 'prepare'; readonly ballot: Ballot }
  | { readonly kind: 'accept'; readonly ballot: Ballot; readonly value: V }
  | { readonly kind: 'read' };

/** `granted` answers the request; the rest is the acceptor's state after it. */
export interface AcceptorReply<V> extends AcceptorState<V> {
  readonly granted: boolean;
}

export interface AcceptorStep<V> {
  readonly state: AcceptorState<V>;
  readonly reply: AcceptorReply<V>;
}

const FRESH: AcceptorState<never> = { promised: BALLOT_ZERO, accepted: null };

/** The state of an acceptor that has heard nothing. */
export function freshAcceptor<V>(): AcceptorState<V> {
  return FRESH;
}

/**
 * One acceptor of single-decree Paxos (Lamport, "The Part-Time Parliament", the Synod). The caller syncs
 * `state` to disk before it sends `reply`; a `state` identical to the one given in needs no write.
 */
export function acceptorStep<V>(state: AcceptorState<V>, request: AcceptorRequest<V>): AcceptorStep<V> {
  switch (request.kind) {
    case 'read':
      return answer(state, true);
    case 'prepare':
      // A ballot is granted once per acceptor, also to the same proposer: two coordinators that drew the same
      // ballot, or one that forgot it in a crash, can then never both gather a majority under it.
      if (compareBallots(request.ballot, state.promised) <= 0) return answer(state, false);
      return answer({ promised: request.ballot, accepted: state.accepted }, true);
    case 'accept': {
      if (compareBallots(request.ballot, state.promised) < 0) return answer(state, false);
      const { ballot, value } = request;
      // Keeping the same object for a repeated vote spares its write.
      if (state.accepted !== null && compareBallots(state.accepted.ballot, ballot) === 0)
        return answer(state, true);
      return answer({ promised: ballot, accepted: { ballot, value } }, true);
    }
  }
}

function answer<V>(state: AcceptorState<V>, granted: boolean): AcceptorStep<V> {
  return { state, reply: { granted, promised: state.promised, accepted: state.accepted } };
}
