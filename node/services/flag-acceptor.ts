import type { AcceptorRequest } from '../../src/consensus/index.ts';
import { acceptorStep } from '../../src/consensus/index.ts';
import { EngineError } from '../../src/foundation/index.ts';
import type { Clock } from '../../src/ports/index.ts';
import type {
  CreateRequest,
  FlagAnswer,
  FlagEntry,
  FlagValue,
  FlagVote,
  MessageContext,
  Outcome,
  VoteRequest,
} from '../../src/protocol/index.ts';
import { flagRowKey, windowName } from '../../src/protocol/index.ts';
import type { Partition } from '../../src/ring/index.ts';
import type { Journal } from '../engine/journal.ts';
import type { KeyedLock } from '../engine/keyed-lock.ts';
import type { Rings } from '../engine/rings.ts';
import type { FlagRow } from '../engine/rows.ts';
import { decodeFlagRow, encodeFlagRow, freshFlag } from '../engine/rows.ts';
import type { StoreHealth } from '../engine/store-health.ts';
import type { Tables } from '../engine/tables.ts';
import type { Admission } from './admission.ts';
import type { FlagCensus } from './flag-census.ts';
import type { Packets } from './packets.ts';
import { withRefusals } from './packets.ts';
import type { OpenWindowRecord } from './windows.ts';
import { windowSealed } from './windows.ts';

export interface FlagAcceptorComponents {
  readonly journal: Journal;
  readonly tables: Tables;
  readonly lock: KeyedLock;
  readonly admission: Admission;
  readonly packets: Packets;
  readonly census: FlagCensus;
  readonly health: StoreHealth;
  readonly rings: Rings;
  readonly clock: Clock;
}

/** The flags table of this node, and its part as an acceptor. */
export interface FlagAcceptor {
  /** CREATE: notes that the flags exist, so that their timeout runs. @throws `WINDOW_SEALED`, `WINDOW_FULL`, `WRONG_NODE` */
  create(request: CreateRequest): Promise<readonly FlagAnswer[]>;
  /** One Synod request; what it grants is synced before the answer. @throws `WINDOW_SEALED`, `WRONG_NODE` */
  vote(request: VoteRequest): Promise<readonly FlagVote[]>;
  /** These outcomes were read at a majority: the decided flags need no resolving here. */
  remember(record: OpenWindowRecord, flags: readonly FlagEntry[], outcomes: readonly Outcome[]): void;
}

/** What becomes of one row: itself or its successor, and the answer to whoever asked. */
interface Change<T> {
  readonly row: FlagRow | undefined;
  readonly answer: T;
}

export function createFlagAcceptor(components: FlagAcceptorComponents): FlagAcceptor {
  const { journal, tables, lock, admission, packets, census, health, rings, clock } = components;

  /**
   * Reads rows, lets `decide` turn each into its successor and stages what changed, as one section per
   * partition. Frozen and the ring documents are looked at after the last wait and before the staging, with nothing in between: a
   * freeze that was acknowledged can then never be followed by a vote.
   */
  function update<T>(
    context: MessageContext,
    record: OpenWindowRecord,
    partition: Partition,
    entries: readonly FlagEntry[],
    decide: (
      row: FlagRow | undefined,
      place: number,
    ) => { readonly row: FlagRow | undefined; readonly answer: T },
  ): Promise<T[]> {
    return lock.run(`${windowName(record.scope)}/${partition}`, async () => {
      const keys = entries.map((entry) => flagRowKey(record.scope, entry));
      const plains = await tables.readMany('flags', record.rowKey, keys);
      if (record.frozen) throw windowSealed(record);
      rings.check(context);
      const puts = [];
      const answers: T[] = [];
      const changes: [FlagEntry, FlagRow | undefined, FlagRow][] = [];
      const named = new Map<string, FlagRow>();
      for (const [place, entry] of entries.entries()) {
        const key = keys[place] ?? new Uint8Array(0);
        const name = String.fromCharCode(...key);
        const plain = plains[place];
        // The same flag may stand twice in one request; the second sees what the first made of it.
        const before = named.get(name) ?? (plain === undefined ? undefined : decodeFlagRow(plain));
        const { row, answer } = decide(before, place);
        answers.push(answer);
        if (row === undefined || row === before) continue;
        named.set(name, row);
        changes.push([entry, before, row]);
        puts.push(tables.put('flags', record.rowKey, key, encodeFlagRow(row), before === undefined));
      }
      census.admit(record, changes);
      journal.stage(puts);
      for (const [entry, before, row] of changes) census.note(record, partition, entry, before, row);
      return answers;
    });
  }

  async function create(request: CreateRequest): Promise<readonly FlagAnswer[]> {
    const record = await admission.begun(request.context);
    const acceptors = admission.acceptors(record, request.partition);
    if (record.frozen) throw windowSealed(record);
    const opened = await packets.openCreate(record, request);
    const flags = opened.filter((one) => typeof one !== 'string');
    const outcomes = await update(request.context, record, request.partition, flags, (row) => ({
      row: row ?? freshFlag(clock.now()),
      answer: outcomeHere(row, acceptors.length),
    }));
    // CREATE itself is not synced: freeze and T replace registration, so one that is lost in a crash costs
    // nothing. An outcome is: it may stand in a vote that is still on its way to the disk.
    if (outcomes.some((outcome) => outcome !== 'UNDECIDED')) await journal.synced();
    return withRefusals(opened, outcomes);
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
    admission.entries(record.stream, request.partition, request.flags);
    admission.acceptors(record, request.partition);
    const asked = flagRequestOf(request);
    // Only the first step of TRUE: what a revoked sensor has left undecided must still come to an end.
    if (asked.kind === 'accept' && asked.ballot.counter === 0) {
      admission.sensors(record.stream, request.flags);
    }
    if (asked.kind === 'read') return readVotes(record, request.flags);
    const votes = await update(request.context, record, request.partition, request.flags, (row) =>
      voteOn(row, asked, clock.now(), record.stream.flagTimeoutMs),
    );
    await journal.synced();
    return votes;
  }

  /** Reading is no vote: it writes nothing and a frozen acceptor still answers it, from what is on disk. */
  async function readVotes(
    record: OpenWindowRecord,
    flags: readonly FlagEntry[],
  ): Promise<readonly FlagVote[]> {
    const keys = flags.map((entry) => flagRowKey(record.scope, entry));
    const plains = await tables.readMany('flags', record.rowKey, keys);
    await journal.synced();
    return plains.map((plain) => {
      const row = plain === undefined ? freshFlag(0) : decodeFlagRow(plain);
      return { granted: true, early: false, promised: row.promised, accepted: row.accepted };
    });
  }

  return { create, vote, remember };
}

function voteOn(
  row: FlagRow | undefined,
  request: AcceptorRequest<FlagValue>,
  now: number,
  flagTimeoutMs: number,
): Change<FlagVote> {
  const known = row ?? freshFlag(now);
  // Resolving is permitted only after the flag's timeout on this node's clock, or one bad acceptor could
  // kill every flag at birth. What nobody knew starts its time now.
  const early = request.kind === 'prepare' && now < known.knownSince + flagTimeoutMs;
  const { promised, accepted } = known;
  if (early) return { row: known, answer: { granted: false, early, promised, accepted } };
  const { state, reply } = acceptorStep<FlagValue>(known, request);
  const changed = state === known ? known : { ...known, promised: state.promised, accepted: state.accepted };
  return { row: changed, answer: { ...reply, early: false } };
}

/** The outcome this row alone proves: the vote of an acceptor that is alone. */
function outcomeHere(row: FlagRow | undefined, acceptors: number): Outcome {
  return acceptors === 1 ? (row?.accepted?.value ?? 'UNDECIDED') : 'UNDECIDED';
}

function flagRequestOf(request: VoteRequest): AcceptorRequest<FlagValue> {
  const { kind, ballot, value } = request;
  if (kind === 'read') return { kind };
  if (kind === 'prepare') {
    if (ballot.counter >= 1) return { kind, ballot };
    throw new EngineError('MALFORMED_BODY', 'expected a prepare with a ballot from 1');
  }
  if (value === null) throw new EngineError('MALFORMED_BODY', 'expected a value to accept');
  // Ballot 0 has one value by definition; with a second one two proposers could decide both.
  if (ballot.counter === 0 && value !== 'TRUE') {
    throw new EngineError('MALFORMED_BODY', 'expected TRUE at ballot 0');
  }
  return { kind, ballot, value };
}
