/**
 * The number of one attempt to decide. Ballots are ordered by counter, then by the proposer's place in the
 * ring document. Counter 0 belongs to nobody: in a flag it can only carry TRUE, and registers never use it.
 */
export interface Ballot {
  readonly counter: number;
  readonly proposer: number;
}

export const BALLOT_ZERO: Ballot = { counter: 0, proposer: 0 };

export function compareBallots(a: Ballot, b: Ballot): number {
  return a.counter - b.counter || a.proposer - b.proposer;
}

/** The last counter that a message and a row hold. Only a hostile node comes near it. */
const BALLOT_COUNTER_MAX = 2 ** 53 - 1;

/** The lowest ballot of `proposer` with a counter above that of `seen`; null where that was the last one. */
export function ballotAbove(seen: Ballot, proposer: number): Ballot | null {
  return seen.counter < BALLOT_COUNTER_MAX ? { counter: seen.counter + 1, proposer } : null;
}
