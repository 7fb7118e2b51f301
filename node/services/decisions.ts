import type { AcceptorRequest } from '../../src/consensus/index.ts';
import {
  acceptorStep,
  decidedIn,
  freshAcceptor,
  highestAccepted,
  ledgerQuorum,
} from '../../src/consensus/index.ts';
import { concat, EngineError, equalBytes, hasCode, utf8 } from '../../src/foundation/index.ts';
import type { Clock, RandomBytes } from '../../src/ports/index.ts';
import type { DecisionName, SynodRequest, SynodResponse } from '../../src/protocol/index.ts';
import { limits, operations, windowKey, windowName, windowTermsCodec } from '../../src/protocol/index.ts';
import type { WindowTimes } from '../../src/protocol/window-rules.ts';
import {
  checkOpenable,
  checkWindowName,
  checkWindowTimes,
  eraseAt,
  windowErased,
} from '../../src/protocol/window-rules.ts';
import type { DomainId, NodeId } from '../../src/ring/index.ts';
import { majority } from '../../src/ring/index.ts';
import { decideRound, runRound } from '../../src/rounds/index.ts';
import type { Journal } from '../engine/journal.ts';
import type { KeyedLock } from '../engine/keyed-lock.ts';
import type { CallPeer } from '../engine/peers.ts';
import { at, collect, silence } from '../engine/peers.ts';
import type { Rings } from '../engine/rings.ts';
import { decodeSynodRow, encodeSynodRow } from '../engine/rows.ts';
import type { StoreHealth } from '../engine/store-health.ts';
import type { Tables } from '../engine/tables.ts';
import type { Retirements } from './retirements.ts';
import type { UnopenedVotes } from './unopened-votes.ts';
import type { WindowRecord, Windows } from './windows.ts';

/** Longest pause before a proposer that met another one tries again; doubles up to 16 times this. */
const BACK_OFF_MS = 50;
/** Ballots of a reader that found a value at no majority; whoever asks next goes on. */
const LOOK_ATTEMPTS = 4;

export interface DecisionsComponents {
  readonly journal: Journal;
  readonly tables: Tables;
  readonly storeKey: Uint8Array;
  readonly health: StoreHealth;
  readonly lock: KeyedLock;
  readonly retirements: Pick<Retirements, 'check'>;
  readonly windows: Windows;
  readonly unopened: Pick<UnopenedVotes, 'note'>;
  readonly rings: Rings;
  readonly self: { readonly nodeId: NodeId; readonly domain: DomainId };
  readonly callPeer: CallPeer;
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
}

/** Window registers and ledgers: this node as an acceptor, a proposer and a reader of both. */
export interface Decisions {
  /** One acceptor's answer; its state is synced before it is given. @throws EngineError `WRONG_NODE` */
  vote(record: WindowRecord, request: SynodRequest): Promise<SynodResponse>;
  /**
   * Decides `wish` or what was decided before, and learns it; for whoever has just looked, because a ballot costs every
   * acceptor a synced write. @throws EngineError `INCOMPLETE` without a majority.
   */
  decide(
    record: WindowRecord,
    decision: DecisionName,
    wish: Uint8Array,
    signal?: AbortSignal,
  ): Promise<Uint8Array>;
  /** Reads the decision at a majority and learns it; null when the answers show none. */
  look(record: WindowRecord, decision: DecisionName, signal?: AbortSignal): Promise<Uint8Array | null>;
  /** Whether a majority says that it has accepted nothing; false also where too few answer. */
  isUntouched(record: WindowRecord, decision: DecisionName): Promise<boolean>;
  /** Whether a majority of the register says that the window is erased, so that nothing of it is ever decided again. */
  isErased(record: WindowRecord): Promise<boolean>;
}

export function createDecisions(components: DecisionsComponents): Decisions {
  const { windows, rings, self, clock, randomBytes } = components;
  const vote = createVote(components, acceptorsOf);

  function acceptorsOf({ scope, stream }: WindowRecord, decision: DecisionName): readonly NodeId[] {
    const { window, group } = scope;
    const { placement } = rings.of(scope);
    if (decision === 'release') return placement.ledgerAcceptors(self.domain, scope.stream, window, group);
    const domains = stream.domains.map(({ id }) => id);
    return placement.registerAcceptors(domains, scope.stream, window, group);
  }

  /** @throws EngineError `INCOMPLETE` when a majority of a ledger is lost for ever */
  function votersOf(record: WindowRecord, decision: DecisionName): Voters {
    const all = acceptorsOf(record, decision);
    const send = askerOf(components, record, decision);
    if (decision !== 'release') return { acceptors: all, quorum: majority(all.length), send };
    const gone = rings.of(record.scope).lostVotersOf(self.domain);
    const lost = all.flatMap((node, place) => (gone.includes(node) ? [place] : []));
    const found = ledgerQuorum(all.length, lost);
    if (found !== null)
      return { acceptors: found.acceptors.map((place) => at(all, place)), quorum: found.quorum, send };
    throw new EngineError(
      'INCOMPLETE',
      `${lost.length} of ${all.length} stores of the ledger are lost, for ever`,
    );
  }

  async function decide(
    record: WindowRecord,
    decision: DecisionName,
    wish: Uint8Array,
    signal?: AbortSignal,
  ): Promise<Uint8Array> {
    const known = record[decision];
    if (known !== null) return known.bytes;
    return propose(record, decision, wish, limits.BALLOT_ATTEMPTS_MAX, signal);
  }

  async function propose(
    record: WindowRecord,
    decision: DecisionName,
    wish: Uint8Array,
    attempts: number,
    signal?: AbortSignal,
  ): Promise<Uint8Array> {
    const { acceptors, quorum, send } = votersOf(record, decision);
    const round = decideRound<Uint8Array>({
      acceptors: acceptors.length,
      quorum,
      proposer: rings.proposer(),
      wish,
      backOffMs: BACK_OFF_MS,
      attempts,
    });
    const perform = async (
      call: { acceptor: number; request: AcceptorRequest<Uint8Array> },
      over: AbortSignal,
    ) => send(at(acceptors, call.acceptor), call.request, over);
    const out = await runRound(round, { perform, clock, randomBytes }, signal);
    if (out.kind === 'undecided') {
      throw new EngineError('INCOMPLETE', `no majority of the acceptors of the window's ${decision} answers`);
    }
    await windows.learn(record, decision, out.value);
    return out.value;
  }

  async function look(
    record: WindowRecord,
    decision: DecisionName,
    signal?: AbortSignal,
  ): Promise<Uint8Array | null> {
    const known = record[decision];
    if (known !== null) return known.bytes;
    const { acceptors, quorum, send } = votersOf(record, decision);
    let erased = false;
    const answers = await collect(
      acceptors.map((to) =>
        send(to, { kind: 'read' }, signal).catch((error: unknown) => {
          erased ||= hasCode(error, 'WINDOW_ERASED');
          return silence(error);
        }),
      ),
      (some) => decidedIn(some, quorum) !== null,
    );
    const decided = decidedIn(answers, quorum);
    // Whoever erased it had it: what the others lack is no window that was never opened.
    if (decided === null && erased) throw windowErased(record.scope.window);
    if (decided === null) {
      // After proposers that met, one decided value may stand at several ballots, which proves nothing; only
      // another ballot can tell. Without it a node that never proposes would not learn the decision at all.
      const highest = highestAccepted(answers);
      if (highest === null) return null;
      return propose(record, decision, highest.value, LOOK_ATTEMPTS, signal).catch((error: unknown) => {
        if (hasCode(error, 'INCOMPLETE')) return null;
        throw error;
      });
    }
    await windows.learn(record, decision, decided.value);
    return decided.value;
  }

  return {
    vote,
    decide,
    look,
    isUntouched: async (record, decision) => areUntouched(votersOf(record, decision)),
    isErased: async (record) => areErased(votersOf(record, 'terms')),
  };
}

/** One Synod request to one acceptor of a decision. */
type Ask = (to: NodeId, request: AcceptorRequest<Uint8Array>, signal?: AbortSignal) => Promise<SynodResponse>;

/** Those who vote on a decision, and how many of them decide. */
interface Voters {
  readonly acceptors: readonly NodeId[];
  readonly quorum: number;
  readonly send: Ask;
}

/** Whether a quorum says that it has accepted nothing. */
async function areUntouched({ acceptors, quorum, send }: Voters): Promise<boolean> {
  const untouched = (some: readonly SynodResponse[]) =>
    some.filter(({ accepted }) => accepted === null).length >= quorum;
  const asked = acceptors.map((to) => send(to, { kind: 'read' }).catch((error: unknown) => silence(error)));
  return untouched(await collect(asked, untouched));
}

/** Whether a quorum refuses every question about the window as erased. */
async function areErased({ acceptors, quorum, send }: Voters): Promise<boolean> {
  const answers = acceptors.map(async (to) => {
    try {
      await send(to, { kind: 'read' });
      return false;
    } catch (error) {
      return hasCode(error, 'WINDOW_ERASED') || silence(error);
    }
  });
  const erased = (some: readonly boolean[]) => some.filter((one) => one).length >= quorum;
  return erased(await collect(answers, erased));
}

function askerOf(
  { rings, callPeer }: DecisionsComponents,
  { scope }: WindowRecord,
  decision: DecisionName,
): Ask {
  const operation = decision === 'release' ? operations.LEDGER : operations.SYNOD;
  const context = rings.contextOf(scope);
  return (to, request, signal) => {
    const ballot = request.kind === 'read' ? { counter: 0, proposer: 0 } : request.ballot;
    const value = request.kind === 'accept' ? request.value : null;
    return callPeer(to, operation, { context, decision, kind: request.kind, ballot, value }, signal);
  };
}

/** The acceptor's side: one Synod step per request, its state on disk before the answer. */
function createVote(
  { journal, tables, storeKey, health, lock, retirements, rings, self, unopened, clock }: DecisionsComponents,
  acceptorsOf: (record: WindowRecord, decision: DecisionName) => readonly NodeId[],
): Decisions['vote'] {
  return async (record, request) => {
    health.checkVote();
    rings.checkVote(record.scope);
    const { decision } = request;
    const times = decision === 'terms' ? proposedTimes(record, request) : null;
    if (!acceptorsOf(record, decision).includes(self.nodeId)) {
      throw new EngineError('WRONG_NODE', `expected an acceptor of the ${decision} of this window`);
    }
    const name = windowName(record.scope);
    const reply = await lock.run(`${name}/${decision}`, async () => {
      const row = concat(utf8('S'), windowKey(record.scope), utf8(decision));
      const [plain] = await tables.readMany('windows', storeKey, [row]);
      rings.check(request.context);
      // A window that is open was opened under a placement in force; a new one must not open before its own is.
      if (record.terms === null) rings.checkInForce(record.scope);
      const before = plain === undefined ? freshAcceptor<Uint8Array>() : decodeSynodRow(plain);
      // What was accepted before may still be decided, or values at two acceptors would keep a window from ever being
      // open or not; nothing new is, whatever a node says that did not hear of it. What this node knows to be decided is
      // not new: where a store that accepted it is lost, the others must make up a majority or nobody learns it any more.
      const isNew = before.accepted === null && !isDecided(record, request);
      if (decision === 'terms' && request.kind !== 'read' && isNew) {
        retirements.check(record.stream);
        if (times !== null) checkOpenable(record.stream, record.scope.window, times, clock.now());
      } else if (times !== null && clock.now() >= eraseAt(record.stream, record.scope.window, times)) {
        throw windowErased(record.scope.window);
      }
      const { state, reply } = acceptorStep(before, synodRequestOf(request));
      // Its slots are gone: a fresh acceptor in their place would help decide a second time.
      const told = decision === 'release' && request.kind === 'read' && plain !== undefined;
      if (record.erased && !told) throw windowErased(record.scope.window);
      if (state !== before) {
        journal.stage([tables.put('windows', storeKey, row, encodeSynodRow(state))]);
        unopened.note(record);
      }
      return reply;
    });
    await journal.synced();
    return reply;
  };
}

/** Whether a register is asked to accept what this node has read there at a majority, or to prepare for it. */
function isDecided({ terms }: WindowRecord, { kind, value }: SynodRequest): boolean {
  return terms !== null && (kind !== 'accept' || (value !== null && equalBytes(value, terms.bytes)));
}

/**
 * The times that a register is asked to accept, or null. An acceptor holds a window to its rules by itself, so that no
 * coordinator opens another kind of window.
 */
function proposedTimes({ stream, scope }: WindowRecord, { kind, value }: SynodRequest): WindowTimes | null {
  checkWindowName(stream, scope.window);
  if (kind !== 'accept' || value === null) return null;
  const times = windowTermsCodec.decode(value);
  checkWindowTimes(stream, scope.window, times);
  return times;
}

function synodRequestOf(request: SynodRequest): AcceptorRequest<Uint8Array> {
  if (request.kind !== 'read' && request.ballot.counter < 1) {
    throw new EngineError('MALFORMED_BODY', 'expected a ballot from 1 in a register or ledger');
  }
  if (request.kind === 'prepare') return { kind: 'prepare', ballot: request.ballot };
  if (request.kind === 'read') return { kind: 'read' };
  if (request.value === null) throw new EngineError('MALFORMED_BODY', 'expected a value to accept');
  return { kind: 'accept', ballot: request.ballot, value: request.value };
}
