import type { Ballot } from '../../src/consensus/index.ts';
import { BALLOT_ZERO } from '../../src/consensus/index.ts';
import type { Clock, RandomBytes } from '../../src/ports/index.ts';
import type { AcceptResponse, FlagEntry, Outcome } from '../../src/protocol/index.ts';
import { operations } from '../../src/protocol/index.ts';
import type { NodeId, Partition } from '../../src/ring/index.ts';
import { majority } from '../../src/ring/index.ts';
import type { DecideFlagsCall, DecideFlagsReply } from '../../src/rounds/index.ts';
import { decideFlagsRound, runRound } from '../../src/rounds/index.ts';
import type { CallPeer } from '../engine/peers.ts';
import { at } from '../engine/peers.ts';
import type { Rings } from '../engine/rings.ts';
import type { FlagAcceptor } from './flag-acceptor.ts';
import type { ProvedSet } from './packets.ts';
import type { OpenWindowRecord } from './windows.ts';

export interface AskAcceptorsComponents {
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
  readonly acceptor: FlagAcceptor;
  readonly rings: Rings;
  readonly self: { readonly nodeId: NodeId };
  readonly callPeer: CallPeer;
}

/** Asks one acceptor what a round about flags wants of it. */
export type AskAcceptor = (
  to: NodeId,
  call: DecideFlagsCall,
  signal: AbortSignal,
) => Promise<DecideFlagsReply>;

export interface DecideAttempt {
  readonly flags: number;
  readonly acceptors: readonly NodeId[];
  readonly ballot: Ballot;
  readonly ask: AskAcceptor;
}

/** One attempt to decide flags of a partition; what it does not decide is UNDECIDED. */
export function decideFlags(
  { clock, randomBytes }: Pick<AskAcceptorsComponents, 'clock' | 'randomBytes'>,
  { flags, acceptors, ballot, ask }: DecideAttempt,
  signal?: AbortSignal,
): Promise<readonly Outcome[]> {
  const quorum = majority(acceptors.length);
  const round = decideFlagsRound({ flags, acceptors: acceptors.length, quorum, ballot });
  const perform = (call: DecideFlagsCall, over: AbortSignal) => ask(at(acceptors, call.acceptor), call, over);
  return runRound(round, { perform, clock, randomBytes }, signal);
}

/** Of SET: hands the sensors' own packets to an acceptor, which votes on what they prove, not on this node's word. */
export function askToAccept(
  { acceptor, rings, self, callPeer }: AskAcceptorsComponents,
  record: OpenWindowRecord,
  partition: Partition,
  proved: readonly ProvedSet[],
): AskAcceptor {
  return async (to, _, signal) => {
    const context = rings.contextOf(record.scope);
    const request = { context, partition, packets: proved.map(({ packet }) => packet) };
    if (to === self.nodeId) return acceptor.acceptProved(record, request, proved);
    const answer = await callPeer(to, operations.ACCEPT, request, signal);
    return proved.flatMap(({ packet }, place) => votesIn(answer.packets[place], packet.readings.length));
  };
}

/** Of a resolver: a Synod request from ballot 1 on. */
export function askToVote(
  { rings, callPeer }: AskAcceptorsComponents,
  record: OpenWindowRecord,
  partition: Partition,
  flags: readonly FlagEntry[],
): AskAcceptor {
  return async (to, { kind, value, ballot, flags: asked }, signal) => {
    const context = rings.contextOf(record.scope);
    const own = asked.map((place) => at(flags, place));
    const request = { context, partition, kind, ballot, value, flags: own };
    return (await callPeer(to, operations.VOTE, request, signal)).votes;
  };
}

const ACCEPTED_TRUE: DecideFlagsReply[number] = {
  granted: true,
  promised: BALLOT_ZERO,
  accepted: { ballot: BALLOT_ZERO, value: 'TRUE' },
};
const REFUSED: DecideFlagsReply[number] = { granted: false, promised: BALLOT_ZERO, accepted: null };

/** What an acceptor shows of the flags of one packet. */
function votesIn(answer: AcceptResponse['packets'][number] | undefined, flags: number): DecideFlagsReply {
  if (answer?.answer !== 'ACCEPTED') return Array.from({ length: flags }, () => REFUSED);
  const votes = Array.from({ length: flags }, () => ACCEPTED_TRUE);
  for (const { place, promised, accepted } of answer.others) {
    if (place < flags) votes[place] = { granted: false, promised, accepted };
  }
  return votes;
}
