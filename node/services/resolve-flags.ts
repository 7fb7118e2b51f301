import type { Ballot } from '../../src/consensus/index.ts';
import { ballotAbove, compareBallots } from '../../src/consensus/index.ts';
import type { FlagEntry, Outcome } from '../../src/protocol/index.ts';
import type { NodeId, Partition } from '../../src/ring/index.ts';
import { majority } from '../../src/ring/index.ts';
import type { Admission } from './admission.ts';
import type { AskAcceptor, AskAcceptorsComponents } from './ask-acceptors.ts';
import { askToVote, decideFlags } from './ask-acceptors.ts';
import type { OpenWindowRecord } from './windows.ts';

export interface ResolveFlagsComponents extends AskAcceptorsComponents {
  readonly admission: Pick<Admission, 'acceptors'>;
}

/**
 * Decides what was accepted, else ERROR, in one attempt, or two where others had promised more; what stays undecided
 * then is left to the next call, as whoever outbids this node may be deciding it.
 */
export type ResolveFlags = (
  record: OpenWindowRecord,
  partition: Partition,
  flags: readonly FlagEntry[],
  signal?: AbortSignal,
) => Promise<readonly Outcome[]>;

interface Attempt {
  readonly outcomes: readonly Outcome[];
  /** A ballot above what refused this one; null where nothing did, or nothing is above it. */
  readonly above: Ballot | null;
}

export function createResolve(components: ResolveFlagsComponents): ResolveFlags {
  const { admission, acceptor, rings } = components;

  async function attempt(
    record: OpenWindowRecord,
    partition: Partition,
    flags: readonly FlagEntry[],
    ballot: Ballot,
    over?: AbortSignal,
  ): Promise<Attempt> {
    const acceptors = admission.acceptors(record, partition);
    const promised = new Map<NodeId, Ballot>();
    let outbid = false;
    const vote = askToVote(components, record, partition, flags);
    const ask: AskAcceptor = async (to, call, signal) => {
      const replies = await vote(to, call, signal);
      for (const reply of replies) {
        promised.set(to, higher(promised.get(to) ?? ballot, reply.promised));
        outbid ||= !reply.granted && compareBallots(reply.promised, ballot) >= 0;
      }
      return replies;
    };
    const outcomes = await decideFlags(components, { flags: flags.length, acceptors, ballot, ask }, over);
    acceptor.remember(record, flags, outcomes);
    // No higher than a majority needs: one acceptor alone, which may lie, does not drive the ballots up.
    const needed = [...promised.values()].sort(compareBallots)[majority(acceptors.length) - 1];
    const above = outbid && needed !== undefined ? ballotAbove(needed, ballot.proposer) : null;
    return { outcomes, above };
  }

  return async (record, partition, flags, signal) => {
    const ballot = { counter: 1, proposer: rings.proposer() };
    const first = await attempt(record, partition, flags, ballot, signal);
    const left = flags.filter((_, place) => first.outcomes[place] === 'UNDECIDED');
    if (left.length === 0 || first.above === null) return first.outcomes;
    const second = (await attempt(record, partition, left, first.above, signal)).outcomes.values();
    return first.outcomes.map((known) => (known === 'UNDECIDED' ? (second.next().value ?? known) : known));
  };
}

const higher = (a: Ballot, b: Ballot): Ballot => (compareBallots(a, b) < 0 ? b : a);
