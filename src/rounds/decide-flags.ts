import type { AcceptorReply, Ballot, ProposerState } from '../consensus/index.ts';
import {
  BALLOT_ZERO,
  decidedIn,
  proposerStep,
  startAtBallotZero,
  startProposer,
} from '../consensus/index.ts';
import { invariant } from '../foundation/index.ts';
import type { FlagValue, Outcome } from '../protocol/flag-messages.ts';
import type { Effect, Round, RoundEvent, Step } from './round.ts';

export interface DecideFlagsOptions {
  /** Number of flags; they are all of one partition and named by their place. */
  readonly flags: number;
  readonly acceptors: number;
  readonly quorum: number;
  /** Ballot 0 is SET: it proposes TRUE. Any other resolves: what was accepted, else ERROR. */
  readonly ballot: Ballot;
}

/** One Synod request for several flags at one acceptor. */
export interface DecideFlagsCall {
  readonly acceptor: number;
  readonly kind: 'prepare' | 'accept';
  readonly ballot: Ballot;
  readonly value: FlagValue | null;
  readonly flags: readonly number[];
}

/** The acceptor's replies, in the order of the call's flags. */
export type DecideFlagsReply = readonly AcceptorReply<FlagValue>[];

export interface DecideFlagsState {
  readonly proposers: readonly ProposerState<FlagValue>[];
  /** Calls under way by id; ids are numbered on from `calls`. */
  readonly pending: Readonly<Record<string, DecideFlagsCall>>;
  readonly calls: number;
}

type FlagsStep = Step<DecideFlagsState, DecideFlagsCall, readonly Outcome[]>;

const NO_ANSWER: AcceptorReply<FlagValue> = { granted: false, promised: BALLOT_ZERO, accepted: null };

/**
 * One attempt to decide many flags of one partition: SET at ballot 0 in one round trip, or a resolver's
 * prepare and accept. A flag it does not decide is answered UNDECIDED and left to the next attempt, because
 * the only safe answer to "not decided by me" is to ask again.
 */
export function decideFlagsRound(
  options: DecideFlagsOptions,
): Round<DecideFlagsState, DecideFlagsCall, DecideFlagsReply, readonly Outcome[]> {
  const { acceptors, quorum, ballot } = options;
  const set = ballot.counter === 0;

  function start(): FlagsStep {
    const one: ProposerState<FlagValue> = set
      ? startAtBallotZero({ acceptors, quorum, wish: 'TRUE' })
      : startProposer({ acceptors, quorum, wish: 'ERROR', ballot });
    const flags = Array.from({ length: options.flags }, (_, flag) => flag);
    const state = { proposers: flags.map(() => one), pending: {}, calls: 0 };
    return askAll(state, set ? 'accept' : 'prepare', set ? 'TRUE' : null, flags);
  }

  function askAll(
    state: DecideFlagsState,
    kind: 'prepare' | 'accept',
    value: FlagValue | null,
    flags: readonly number[],
  ): FlagsStep {
    const pending = { ...state.pending };
    const effects: Effect<DecideFlagsCall, readonly Outcome[]>[] = [];
    let calls = state.calls;
    for (let acceptor = 0; acceptor < acceptors; acceptor++) {
      const call = { acceptor, kind, ballot, value, flags };
      const id = String(calls++);
      pending[id] = call;
      effects.push({ kind: 'call', id, call });
    }
    return { state: { ...state, pending, calls }, effects };
  }

  function takeReplies(state: DecideFlagsState, id: string, replies: DecideFlagsReply | null): FlagsStep {
    const call = state.pending[id];
    invariant(call !== undefined, 'a reply to a call that is not under way');
    const { [id]: _, ...pending } = state.pending;
    const proposers = [...state.proposers];
    const moved: Record<FlagValue, number[]> = { TRUE: [], ERROR: [] };
    call.flags.forEach((flag, place) => {
      const before = proposers[flag];
      invariant(before !== undefined, 'a flag that is not of this round');
      const reply = replies === null ? NO_ANSWER : (replies[place] ?? NO_ANSWER);
      const phase = call.kind === 'prepare' ? 'preparing' : 'accepting';
      const after = proposerStep(before, call.acceptor, phase, reply);
      proposers[flag] = after;
      if (before.phase === 'preparing' && after.phase === 'accepting' && after.proposal !== null) {
        moved[after.proposal].push(flag);
      }
    });
    let next: FlagsStep = { state: { ...state, proposers, pending }, effects: [] };
    for (const value of ['TRUE', 'ERROR'] as const) {
      if (moved[value].length === 0) continue;
      const asked = askAll(next.state, 'accept', value, moved[value]);
      next = { state: asked.state, effects: [...next.effects, ...asked.effects] };
    }
    return finishIfOver(next);
  }

  function finishIfOver(next: FlagsStep): FlagsStep {
    const { proposers, pending } = next.state;
    const over = proposers.every(({ phase }) => phase === 'decided' || phase === 'refused');
    if (!over && Object.keys(pending).length > 0) return next;
    const out = proposers.map(outcomeOf);
    return { state: next.state, effects: [...next.effects, { kind: 'finish', out }] };
  }

  function outcomeOf(proposer: ProposerState<FlagValue>): Outcome {
    if (proposer.phase === 'decided' && proposer.proposal !== null) return proposer.proposal;
    return decidedIn(proposer.votes, quorum)?.value ?? 'UNDECIDED';
  }

  return {
    start,
    step(state: DecideFlagsState, event: RoundEvent<DecideFlagsReply>): FlagsStep {
      invariant(event.kind !== 'wake', 'this round waits for nothing');
      return takeReplies(state, event.id, event.kind === 'reply' ? event.reply : null);
    },
  };
}
