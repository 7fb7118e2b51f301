import type { AcceptorRequest, Ballot } from '../../../src/consensus/index.ts';
import { BALLOT_ZERO } from '../../../src/consensus/index.ts';
import type { FlagValue, Outcome } from '../../../src/protocol/index.ts';
import type { DecideFlagsCall, DecideFlagsReply, Round } from '../../../src/rounds/index.ts';
import { decideFlagsRound } from '../../../src/rounds/index.ts';
import type { Interner } from '../explore/interner.ts';
import type { ProcessKind, Sent } from '../explore/round-process.ts';
import { createProcessKind } from '../explore/round-process.ts';

/** A flag has three acceptors in every scope; two of them decide. */
export const ACCEPTORS = 3;
export const QUORUM = 2;
export const EVERY_ACCEPTOR = [0, 1, 2] as const;

type FlagsState = ReturnType<ReturnType<typeof decideFlagsRound>['start']>['state'];
export type FlagsRound = Round<FlagsState, DecideFlagsCall, DecideFlagsReply, readonly Outcome[]>;
export type FlagsKind = ProcessKind<FlagsState, DecideFlagsCall, DecideFlagsReply, readonly Outcome[]>;

/** SET of one flag as a coordinator runs it. A second coordinator sends the same requests, so duplicates of these stand for it. */
export function setRound(): FlagsRound {
  return decideFlagsRound({ flags: 1, acceptors: ACCEPTORS, quorum: QUORUM, ballot: BALLOT_ZERO });
}

export function resolverRound(ballot: Ballot): FlagsRound {
  return decideFlagsRound({ flags: 1, acceptors: ACCEPTORS, quorum: QUORUM, ballot });
}

/** The ballot of the n-th resolver, from 1. */
export function resolverBallot(n: number): Ballot {
  return { counter: n, proposer: n };
}

export function createFlagsKind(round: FlagsRound, replies: Interner<DecideFlagsReply>): FlagsKind {
  return createProcessKind(round, { stale: isLatePromise, replies });
}

/** `proposerStep` drops replies of an earlier phase, so a promise that comes after the quorum changes nothing. */
function isLatePromise(state: FlagsState, { call }: Sent<DecideFlagsCall>): boolean {
  return call.kind === 'prepare' && state.proposers.every(({ phase }) => phase !== 'preparing');
}

/** The request of a call about one flag as the acceptor's step takes it. */
export function requestOf({ kind, ballot, value }: DecideFlagsCall): AcceptorRequest<FlagValue> {
  return kind === 'prepare' || value === null
    ? { kind: 'prepare', ballot }
    : { kind: 'accept', ballot, value };
}

export function showRequest({ kind, ballot, value }: DecideFlagsCall): string {
  const at = ballotText(ballot);
  return kind === 'prepare' ? `prepare ${at}` : `accept ${value ?? 'nothing'} at ${at}`;
}

export function ballotText({ counter, proposer }: Ballot): string {
  return counter === 0 ? 'ballot 0' : `ballot ${counter}.${proposer}`;
}

/** Outcomes that somebody was told, beside what was chosen: both must be one value. */
export function disagreement(
  chosen: readonly FlagValue[],
  answers: readonly (Outcome | undefined)[],
): string | null {
  if (chosen.length > 1) return 'the flag has two outcomes';
  for (const answer of answers) {
    if (answer === undefined || answer === 'UNDECIDED') continue;
    if (!chosen.includes(answer)) return `a coordinator answers ${answer}, which is not chosen`;
  }
  return null;
}
