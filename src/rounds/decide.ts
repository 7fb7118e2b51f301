import type { AcceptorReply, AcceptorRequest, ProposerState } from '../consensus/index.ts';
import {
  BALLOT_ZERO,
  decidedIn,
  nextBallot,
  proposerRequest,
  proposerStep,
  startProposer,
} from '../consensus/index.ts';
import type { Effect, Round, RoundEvent, Step } from './round.ts';

export interface DecideOptions<V> {
  /** Number of acceptors; calls name them from 0. */
  readonly acceptors: number;
  readonly quorum: number;
  /** The proposer's place in the ring document, so that two proposers never share a ballot. */
  readonly proposer: number;
  readonly wish: V;
  /** Longest pause before the second attempt; it doubles up to 16 times this. */
  readonly backOffMs: number;
  /** Ballots before the round ends undecided. */
  readonly attempts: number;
}

export interface DecideCall<V> {
  readonly acceptor: number;
  readonly request: AcceptorRequest<V>;
}

export type Decided<V> = { readonly kind: 'decided'; readonly value: V } | { readonly kind: 'undecided' };

export interface DecideState<V> {
  readonly attempt: number;
  readonly proposer: ProposerState<V>;
}

type DecideStep<V> = Step<DecideState<V>, DecideCall<V>, Decided<V>>;

/** What a call that failed counts as: no grant, and nothing learned. */
const NO_ANSWER: AcceptorReply<never> = { granted: false, promised: BALLOT_ZERO, accepted: null };

/**
 * Brings one register or ledger slot to a decision: the wish, or whatever was decided or accepted before.
 * Ends undecided when no quorum answers within the allowed attempts; the next one to ask goes on from there.
 */
export function decideRound<V>(
  options: DecideOptions<V>,
): Round<DecideState<V>, DecideCall<V>, AcceptorReply<V>, Decided<V>> {
  const { acceptors, quorum, wish } = options;

  function ask(attempt: number, proposer: ProposerState<V>): DecideStep<V> {
    const request = proposerRequest(proposer);
    const effects: Effect<DecideCall<V>, Decided<V>>[] = [];
    if (request !== null) {
      for (let acceptor = 0; acceptor < acceptors; acceptor++) {
        effects.push({
          kind: 'call',
          id: `${attempt}/${proposer.phase}/${acceptor}`,
          call: { acceptor, request },
        });
      }
    }
    return { state: { attempt, proposer }, effects };
  }

  function takeVote(state: DecideState<V>, id: string, reply: AcceptorReply<V>): DecideStep<V> {
    const [attempt, phase, from] = id.split('/');
    if (Number(attempt) !== state.attempt || (phase !== 'preparing' && phase !== 'accepting'))
      return still(state);
    const proposer = proposerStep(state.proposer, Number(from), phase, reply);
    // A vote after the refusal that ended the attempt must not start a second pause: every pause wakes a new
    // attempt, which would cut off the one before it.
    if (proposer === state.proposer) return still(state);
    if (proposer.phase === 'decided' && proposer.proposal !== null) return finish(state, proposer.proposal);
    if (proposer.phase === 'refused') return pause({ ...state, proposer });
    if (proposer.phase !== state.proposer.phase) return ask(state.attempt, proposer);
    return { state: { ...state, proposer }, effects: [] };
  }

  function pause(state: DecideState<V>): DecideStep<V> {
    const decided = decidedIn(state.proposer.votes, quorum);
    if (decided !== null) return finish(state, decided.value);
    if (state.attempt >= options.attempts) return giveUp(state);
    const jitterMs = options.backOffMs * 2 ** Math.min(state.attempt - 1, 4);
    return { state, effects: [{ kind: 'wake', id: `again/${state.attempt}`, afterMs: 0, jitterMs }] };
  }

  return {
    start: () =>
      ask(1, startProposer({ acceptors, quorum, wish, ballot: { counter: 1, proposer: options.proposer } })),
    step(state: DecideState<V>, event: RoundEvent<AcceptorReply<V>>): DecideStep<V> {
      if (event.kind === 'reply') return takeVote(state, event.id, event.reply);
      if (event.kind === 'failure') return takeVote(state, event.id, NO_ANSWER);
      const ballot = nextBallot(state.proposer, options.proposer);
      // A hostile acceptor may show the last ballot there is: then nobody decides here, and nothing else suffers.
      if (ballot === null) return giveUp(state);
      return ask(state.attempt + 1, startProposer({ acceptors, quorum, wish, ballot }));
    },
  };
}

function still<V>(state: DecideState<V>): DecideStep<V> {
  return { state, effects: [] };
}

function giveUp<V>(state: DecideState<V>): DecideStep<V> {
  return { state, effects: [{ kind: 'finish', out: { kind: 'undecided' } }] };
}

function finish<V>(state: DecideState<V>, value: V): DecideStep<V> {
  return { state, effects: [{ kind: 'finish', out: { kind: 'decided', value } }] };
}
