export type { Accepted, AcceptorReply, AcceptorRequest, AcceptorState } from './acceptor.ts';
export { acceptorStep, freshAcceptor } from './acceptor.ts';
export type { Ballot } from './ballot.ts';
export { BALLOT_ZERO, ballotAbove, compareBallots } from './ballot.ts';
export type { ProposerState } from './proposer.ts';
export {
  decidedIn,
  highestAccepted,
  nextBallot,
  proposalOf,
  proposerRequest,
  proposerStep,
  startAtBallotZero,
  startProposer,
} from './proposer.ts';
export type { Quorum } from './quorum.ts';
export { ledgerQuorum } from './quorum.ts';
