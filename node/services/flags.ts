import { BALLOT_ZERO, decidedIn } from '../../src/consensus/index.ts';
import type {
  FlagAnswer,
  FlagEntry,
  FlagsRequest,
  Outcome,
  SetRequest,
  VoteRequest,
  VoteResponse,
} from '../../src/protocol/index.ts';
import { entriesOf, entryKeys, operations } from '../../src/protocol/index.ts';
import type { NodeId, Partition } from '../../src/ring/index.ts';
import { majority } from '../../src/ring/index.ts';
import { collect, silence } from '../engine/peers.ts';
import type { Admission } from './admission.ts';
import { askToAccept, decideFlags } from './ask-acceptors.ts';
import type { Packets, ProvedSet } from './packets.ts';
import { openedOf } from './packets.ts';
import type { ResolveFlags, ResolveFlagsComponents } from './resolve-flags.ts';
import { createResolve } from './resolve-flags.ts';
import type { SettledFlags } from './settled-flags.ts';
import type { OpenWindowRecord } from './windows.ts';
import { windowSealed } from './windows.ts';

export interface FlagsComponents extends ResolveFlagsComponents {
  readonly admission: Admission;
  readonly packets: Packets;
  readonly settled: SettledFlags;
}

/** SET and GET as a coordinating acceptor runs them, and the resolving of flags over their timeout. */
export interface Flags {
  set(request: SetRequest, signal: AbortSignal): Promise<readonly FlagAnswer[]>;
  /** Never writes. */
  get(request: FlagsRequest, signal: AbortSignal): Promise<readonly Outcome[]>;
  /** The outcomes a majority shows; UNDECIDED where it shows none. Never writes. */
  read(
    record: OpenWindowRecord,
    partition: Partition,
    flags: readonly FlagEntry[],
    signal?: AbortSignal,
  ): Promise<readonly Outcome[]>;
  readonly resolve: ResolveFlags;
}

export function createFlags(components: FlagsComponents): Flags {
  const { admission, acceptor, packets, settled, rings, callPeer } = components;

  async function set(request: SetRequest, signal: AbortSignal): Promise<readonly FlagAnswer[]> {
    const record = await admission.window(request.context);
    const acceptors = admission.acceptors(record, request.partition);
    const opened = await packets.openSet(record, request);
    const proved = openedOf(opened);
    const outcomes = proved.length === 0 ? [] : await setAll(record, request, proved, acceptors, signal);
    let at = 0;
    return opened.flatMap((one, place): readonly FlagAnswer[] => {
      if (typeof one === 'string') return (request.packets[place]?.readings ?? []).map(() => one);
      at += one.packet.readings.length;
      return outcomes.slice(at - one.packet.readings.length, at);
    });
  }

  async function setAll(
    record: OpenWindowRecord,
    { partition }: SetRequest,
    proved: readonly ProvedSet[],
    acceptors: readonly NodeId[],
    signal: AbortSignal,
  ): Promise<readonly Outcome[]> {
    const flags = proved.flatMap(({ packet }) => entriesOf(packet));
    if (record.frozen) return settledOrSealed(settled, record, partition, flags, signal);
    try {
      const ask = askToAccept(components, record, partition, proved);
      const attempt = await decideFlags(
        components,
        { flags: flags.length, acceptors, ballot: BALLOT_ZERO, ask },
        signal,
      );
      // Two refusals end an attempt before the third acceptor has shown its vote; read, all three may prove ERROR.
      const outcomes = attempt.includes('UNDECIDED') ? await read(record, partition, flags, signal) : attempt;
      acceptor.remember(record, flags, outcomes);
      return outcomes;
    } catch (error) {
      if (record.frozen) return settledOrSealed(settled, record, partition, flags, signal);
      throw error;
    }
  }

  async function get(request: FlagsRequest, signal: AbortSignal): Promise<readonly Outcome[]> {
    const record = await admission.window(request.context);
    admission.entries(record.stream, request.partition, entryKeys(request.flags));
    const known = record.frozen
      ? await settled.outcomes(record, request.partition, request.flags, signal)
      : null;
    return known ?? read(record, request.partition, request.flags, signal);
  }

  /** The outcomes that the votes of a majority show; reading them writes nothing anywhere. */
  async function read(
    record: OpenWindowRecord,
    partition: Partition,
    flags: readonly FlagEntry[],
    signal?: AbortSignal,
  ): Promise<readonly Outcome[]> {
    const acceptors = admission.acceptors(record, partition);
    const quorum = majority(acceptors.length);
    const context = rings.contextOf(record.scope);
    const request: VoteRequest = {
      context,
      partition,
      flags,
      kind: 'read',
      ballot: BALLOT_ZERO,
      value: null,
    };
    const outcomesIn = (answers: readonly VoteResponse[]): readonly Outcome[] =>
      flags.map((_, place) => {
        const votes = answers.flatMap((answer) => answer.votes[place] ?? []);
        return decidedIn(votes, quorum)?.value ?? 'UNDECIDED';
      });
    const answers = await collect(
      acceptors.map((to) =>
        callPeer(to, operations.VOTE, request, signal).catch((error: unknown) => silence(error)),
      ),
      (some) => !outcomesIn(some).includes('UNDECIDED'),
    );
    return outcomesIn(answers);
  }

  return { set, get, read, resolve: createResolve(components) };
}

/** Answers from T where the window is settled; a refusal otherwise, which is not an outcome. */
async function settledOrSealed(
  settled: SettledFlags,
  record: OpenWindowRecord,
  partition: Partition,
  flags: readonly FlagEntry[],
  signal: AbortSignal,
): Promise<readonly Outcome[]> {
  const outcomes = await settled.outcomes(record, partition, flags, signal);
  if (outcomes === null) throw windowSealed(record);
  return outcomes;
}
