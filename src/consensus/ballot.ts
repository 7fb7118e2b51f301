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

/** The lowest ballot of `proposer` above `seen`. */
export function ballotAbove(seen: Ballot, proposer: number): Ballot {
  return { counter: seen.counter + 1, proposer };
}
