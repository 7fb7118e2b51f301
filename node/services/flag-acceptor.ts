import type { AcceptorRequest } from '../../src/consensus/index.ts';
import { acceptorStep, BALLOT_ZERO } from '../../src/consensus/index.ts';
import { concat, EngineError } from '../../src/foundation/index.ts';
import type { Clock } from '../../src/ports/index.ts';
import type {
  AcceptResponse,
  FlagEntry,
  FlagValue,
  FlagVote,
  MessageContext,
  Outcome,
  Refusal,
  SetRequest,
  VoteRequest,
} from '../../src/protocol/index.ts';
import { entryKeys, keysAt, windowName } from '../../src/protocol/index.ts';
import type { Partition } from '../../src/ring/index.ts';
import type { Journal } from '../engine/journal.ts';
import type { KeyedLock } from '../engine/keyed-lock.ts';
import type { PackedRows } from '../engine/packed-rows.ts';
import type { Rings } from '../engine/rings.ts';
import { oneBody } from '../engine/row-record.ts';
import type { FlagRow } from '../engine/rows.ts';
import { encodeFlagRow, freshFlag } from '../engine/rows.ts';
import type { StoreHealth } from '../engine/store-health.ts';
import type { Admission } from './admission.ts';
import type { CommitNews } from './commit-news.ts';
import type { FlagCensus } from './flag-census.ts';
import type { Change } from './flag-changes.ts';
import { changeFlags, flagRowsIn } from './flag-changes.ts';
import type { Packets, ProvedSet } from './packets.ts';
import { openedOf } from './packets.ts';
import type { OpenWindowRecord } from './windows.ts';
import { windowSealed } from './windows.ts';

export interface FlagAcceptorComponents {
  readonly journal: Journal;
  readonly packed: PackedRows;
  readonly lock: KeyedLock;
  readonly admission: Admission;
  readonly packets: Packets;
  readonly census: FlagCensus;
  readonly health: StoreHealth;
  readonly rings: Rings;
  readonly clock: Clock;
  readonly news: CommitNews;
}

/** The flags table of this node, and its part as an acceptor. */
export interface FlagAcceptor {
  /**
   * Votes for TRUE at ballot 0, for packets that prove by themselves that they may be TRUE; the votes are synced
   * before the answer. @throws `WINDOW_SEALED`, `WINDOW_FULL`, `WRONG_NODE`
   * @param relayed adds what this acceptor says to the sensor.
   */
  accept(request: SetRequest, relayed: boolean): Promise<AcceptResponse['packets']>;
  /** The same for packets that this node has proved already; one vote for each of their flags. */
  acceptProved(
    record: OpenWindowRecord,
    request: SetRequest,
    proved: readonly ProvedSet[],
  ): Promise<readonly FlagVote[]>;
  /** One Synod request; what it grants is synced before the answer. @throws `WINDOW_SEALED`, `WRONG_NODE` */
  vote(request: VoteRequest): Promise<readonly FlagVote[]>;
  /** These outcomes were read at a majority: the decided flags need no resolving here. */
  remember(record: OpenWindowRecord, flags: readonly FlagEntry[], outcomes: readonly Outcome[]): void;
}

export function createFlagAcceptor(components: FlagAcceptorComponents): FlagAcceptor {
  const { journal, packed, lock, admission, packets, census, health, rings, clock, news } = components;

  /**
   * Reads rows, lets `decide` turn each into its successor and stages what changed, as one section per
   * partition. Frozen and the ring documents are looked at after the last wait and before the staging, with nothing in between: a
   * freeze that was acknowledged can then never be followed by a vote.
   */
  function update<T>(
    context: MessageContext,
    record: OpenWindowRecord,
    partition: Partition,
    keys: Uint8Array,
    decide: (row: FlagRow | undefined, place: number) => Change<T>,
  ): Promise<readonly T[]> {
    return lock.run(`${windowName(record.scope)}/${partition}`, async () => {
      const found = await packed.find('flags', record, partition, keys);
      if (record.frozen) throw windowSealed(record);
      rings.check(context);
      const { answers, changes, versions } = changeFlags(found, decide);
      const fresh = changes.flatMap(({ places, was }) => (was === undefined ? places : []));
      census.admit(record, keysAt(keys, fresh));
      journal.stage(versions.map(({ places, row }) => found.writeAlike(places, oneBody(encodeFlagRow(row)))));
      for (const { places, was, row } of changes) {
        census.note(record, partition, keysAt(keys, places), was, row);
      }
      return answers;
    });
  }

  /** One Synod request about flags, answered when what it changed is on disk. */
  async function synod(
    record: OpenWindowRecord,
    { context, partition }: Pick<VoteRequest, 'context' | 'partition'>,
    keys: Uint8Array,
    asked: AcceptorRequest<FlagValue>,
  ): Promise<readonly FlagVote[]> {
    const { flagTimeoutMs } = record.stream;
    let known: readonly (number | undefined)[] | undefined;
    let alike: (Change<FlagVote> & { readonly since: number }) | undefined;
    const votes = await update(context, record, partition, keys, (row, place) => {
      const now = clock.now();
      if (row !== undefined) return voteOn(row, asked, now, flagTimeoutMs);
      known ??= census.knownSince(record, keys);
      const since = known[place] ?? now;
      // Flags without a row that are known for equally long are all the same to the acceptor, so it is asked once for them.
      if (alike?.since !== since) alike = { since, ...voteOn(freshFlag(since), asked, now, flagTimeoutMs) };
      return alike;
    });
    await journal.synced();
    return votes;
  }

  async function acceptProved(
    record: OpenWindowRecord,
    request: SetRequest,
    proved: readonly ProvedSet[],
  ): Promise<readonly FlagVote[]> {
    health.checkVote();
    rings.checkVote(request.context);
    const [first] = proved;
    if (first === undefined) return [];
    const keys = proved.length === 1 ? first.keys : concat(...proved.map((one) => one.keys));
    return synod(record, request, keys, ACCEPT_TRUE);
  }

  async function accept(request: SetRequest, relayed: boolean): Promise<AcceptResponse['packets']> {
    health.checkVote();
    rings.checkVote(request.context);
    const record = await admission.window(request.context);
    const acceptors = admission.acceptors(record, request.partition);
    const opened = await packets.openSet(record, request);
    const votes = await acceptProved(record, request, openedOf(opened));
    // A peer's reply carries a stamp of the store; a sensor's tells nobody that could hold this one to its votes.
    if (!relayed && votes.length > 0) await news.tell(acceptors);
    return votesPerPacket(opened, votes, relayed);
  }

  /** An outcome is not written down: two votes prove it at any time, and the settlement for ever. */
  function remember(
    record: OpenWindowRecord,
    flags: readonly FlagEntry[],
    outcomes: readonly Outcome[],
  ): void {
    for (const [place, entry] of flags.entries()) {
      if (outcomes[place] !== 'UNDECIDED') census.learned(record, entry);
    }
  }

  async function vote(request: VoteRequest): Promise<readonly FlagVote[]> {
    health.checkVote();
    rings.checkVote(request.context);
    const record = await admission.window(request.context);
    const keys = entryKeys(request.flags);
    admission.entries(record.stream, request.partition, keys);
    admission.acceptors(record, request.partition);
    const asked = flagRequestOf(request);
    if (asked.kind === 'read') return readVotes(record, request.partition, keys);
    return synod(record, request, keys, asked);
  }

  /** Reading is no vote: it writes nothing and a frozen acceptor still answers it, from what is on disk. */
  async function readVotes(
    record: OpenWindowRecord,
    partition: Partition,
    keys: Uint8Array,
  ): Promise<readonly FlagVote[]> {
    const rows = flagRowsIn(await packed.find('flags', record, partition, keys));
    await journal.synced();
    return rows.map((known) => {
      const row = known ?? freshFlag(0);
      return { granted: true, early: false, promised: row.promised, accepted: row.accepted };
    });
  }

  return { accept, acceptProved, vote, remember };
}

/** Answers each packet as a whole, but for the flags that this acceptor may not vote TRUE any more. */
function votesPerPacket(
  opened: readonly (ProvedSet | Refusal)[],
  votes: readonly FlagVote[],
  relayed: boolean,
): AcceptResponse['packets'] {
  let at = 0;
  return opened.map((one) => {
    if (typeof one === 'string') return { answer: one, word: null, others: [] };
    const others: AcceptResponse['packets'][number]['others'][number][] = [];
    const flags = one.packet.readings.length;
    for (let place = 0; place < flags; place++) {
      const vote = votes[at + place];
      if (vote === undefined || vote.granted) continue;
      others.push({ place, promised: vote.promised, accepted: vote.accepted });
    }
    at += flags;
    const word = relayed && others.length === 0 ? one.word() : null;
    return { answer: 'ACCEPTED', word, others };
  });
}

/** What a SET asks of every acceptor. */
const ACCEPT_TRUE: AcceptorRequest<FlagValue> = { kind: 'accept', ballot: BALLOT_ZERO, value: 'TRUE' };

function voteOn(
  known: FlagRow,
  request: AcceptorRequest<FlagValue>,
  now: number,
  flagTimeoutMs: number,
): Change<FlagVote> {
  // Resolving is permitted only after the flag's timeout on this node's clock, or one bad acceptor could
  // kill every flag at birth. What nobody knew starts its time now.
  const early = request.kind === 'prepare' && now < known.knownSince + flagTimeoutMs;
  const { promised, accepted } = known;
  if (early) return { row: known, answer: { granted: false, early, promised, accepted } };
  const { state, reply } = acceptorStep<FlagValue>(known, request);
  const changed = state === known ? known : { ...known, promised: state.promised, accepted: state.accepted };
  return { row: changed, answer: { early: false, ...reply } };
}

function flagRequestOf(request: VoteRequest): AcceptorRequest<FlagValue> {
  const { kind, ballot, value } = request;
  if (kind === 'read') return { kind };
  // Ballot 0 is the sensor's: its packet stands for the vote there, and no node's word. See ACCEPT.
  if (ballot.counter < 1) throw new EngineError('MALFORMED_BODY', `expected a ${kind} with a ballot from 1`);
  if (kind === 'prepare') return { kind, ballot };
  if (value === null) throw new EngineError('MALFORMED_BODY', 'expected a value to accept');
  return { kind, ballot, value };
}
