import { toHex } from '../../../src/foundation/index.ts';
import type { DecisionName, WindowScope } from '../../../src/protocol/index.ts';
import { windowName } from '../../../src/protocol/index.ts';
import type { StoreId } from '../../../src/ring/index.ts';
import { majority } from '../../../src/ring/index.ts';
import type { VoteOnDisk } from './disk-rows.ts';

/** A node, and the store that votes there about a window. */
export interface Voter {
  readonly node: string;
  readonly store: StoreId;
}

/** What a voter has accepted, as an answer or a row on its disk says. */
export type Accepted = NonNullable<VoteOnDisk['accepted']>;

/**
 * Every vote that has become durable, also those that faults have taken since: a decision is a value that a quorum has
 * accepted under one ballot, at whatever time each of them did.
 */
export interface VoteHistory {
  /** A vote, or a promise, has become durable. */
  note(voter: Voter, vote: VoteOnDisk): void;
  /** A vote that nobody can read, because a fault has changed the key under which its node writes. */
  unreadable(voter: Voter, scope: WindowScope, decision: DecisionName): void;
  has(voter: Voter, scope: WindowScope, decision: DecisionName, accepted: Accepted): boolean;
  /**
   * Whether the value is decided.
   * @param lost stores declared lost; of a ledger that has no majority without them all others are one.
   */
  isDecided(
    voters: readonly Voter[],
    scope: WindowScope,
    decision: DecisionName,
    value: Uint8Array,
    lost?: ReadonlySet<StoreId>,
  ): boolean;
}

export function createVoteHistory(): VoteHistory {
  /** Per decision, ballot and value who has accepted it; per decision alone whose votes cannot be read. */
  const votes = new Map<string, Set<string>>();
  /** Per decision and value the names of its ballots. */
  const ballots = new Map<string, Set<string>>();

  const nameOfDecision = (scope: WindowScope, decision: DecisionName) => `${windowName(scope)}/${decision}`;
  const nameOfValue = (scope: WindowScope, decision: DecisionName, value: Uint8Array) =>
    `${nameOfDecision(scope, decision)}/${toHex(value)}`;
  const nameOfBallot = (value: string, { ballot }: Accepted) =>
    `${value}/${ballot.counter}.${ballot.proposer}`;

  return {
    note(voter, { scope, decision, accepted }) {
      if (accepted === null) return;
      const value = nameOfValue(scope, decision, accepted.value);
      const ballot = nameOfBallot(value, accepted);
      setIn(ballots, value).add(ballot);
      setIn(votes, ballot).add(nameOfVoter(voter));
    },
    unreadable: (voter, scope, decision) =>
      void setIn(votes, nameOfDecision(scope, decision)).add(nameOfVoter(voter)),
    has(voter, scope, decision, accepted) {
      const name = nameOfVoter(voter);
      const ballot = nameOfBallot(nameOfValue(scope, decision, accepted.value), accepted);
      return (
        votes.get(ballot)?.has(name) === true ||
        votes.get(nameOfDecision(scope, decision))?.has(name) === true
      );
    },
    isDecided(voters, scope, decision, value, lost = new Set()) {
      const unread = votes.get(nameOfDecision(scope, decision)) ?? new Set();
      const least = majority(voters.length);
      const left = voters.filter(({ store }) => !lost.has(store));
      const all = left.length < least && voters.length - left.length < least;
      return [...(ballots.get(nameOfValue(scope, decision, value)) ?? [])].some((ballot) => {
        const has = (voter: Voter) =>
          votes.get(ballot)?.has(nameOfVoter(voter)) === true || unread.has(nameOfVoter(voter));
        return voters.filter(has).length >= least || (all && left.every(has));
      });
    },
  };
}

function nameOfVoter({ node, store }: Voter): string {
  return `${node}/${store}`;
}

function setIn(sets: Map<string, Set<string>>, name: string): Set<string> {
  const found = sets.get(name) ?? new Set();
  sets.set(name, found);
  return found;
}
