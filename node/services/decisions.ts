import type { AcceptorRequest } from '../../src/consensus/index.ts';
import { decidedIn, highestAccepted, ledgerQuorum } from '../../src/consensus/index.ts';
import { EngineError, hasCode } from '../../src/foundation/index.ts';
import type { RandomBytes } from '../../src/ports/index.ts';
import type { DecisionName, SynodResponse } from '../../src/protocol/index.ts';
import { limits, operations } from '../../src/protocol/index.ts';
import { windowErased } from '../../src/protocol/window-rules.ts';
import type { DomainId, NodeId } from '../../src/ring/index.ts';
import { majority } from '../../src/ring/index.ts';
import { decideRound, runRound } from '../../src/rounds/index.ts';
import type { CallPeer } from '../engine/peers.ts';
import { at, collect, silence } from '../engine/peers.ts';
import type { Rings } from '../engine/rings.ts';
import type { KnownDecision } from './decided.ts';
import { knownOf, openDecision } from './decided.ts';
import type { DecisionVote, DecisionVotesComponents } from './decision-votes.ts';
import { createDecisionVote } from './decision-votes.ts';
import { createLookBallots } from './look-ballots.ts';
import type { WindowRecord, Windows } from './windows.ts';

/** Longest pause before a proposer that met another one tries again; doubles up to 16 times this. */
const BACK_OFF_MS = 50;
/** Ballots of a reader that found a value at no majority; whoever asks next goes on. */
const LOOK_ATTEMPTS = 4;

export interface DecisionsComponents extends DecisionVotesComponents {
  readonly windows: Windows;
  readonly rings: Rings;
  readonly self: { readonly nodeId: NodeId; readonly domain: DomainId };
  readonly callPeer: CallPeer;
  readonly randomBytes: RandomBytes;
}

/** Window registers and ledgers: this node as an acceptor, a proposer and a reader of both. */
export interface Decisions {
  readonly vote: DecisionVote;
  /**
   * Decides `wish` or what was decided before, and learns it; for whoever has just looked, because a ballot costs every
   * acceptor a synced write. @throws EngineError `INCOMPLETE` without a majority.
   */
  decide<N extends DecisionName>(
    record: WindowRecord,
    decision: N,
    wish: Uint8Array,
    signal?: AbortSignal,
  ): Promise<KnownDecision<N>>;
  /** Reads the decision at a majority and learns it; null when the answers show none. */
  look<N extends DecisionName>(
    record: WindowRecord,
    decision: N,
    signal?: AbortSignal,
  ): Promise<KnownDecision<N> | null>;
  /** What a majority has accepted, without a ballot; null where there is none, or too few answer. */
  read(record: WindowRecord, decision: DecisionName, signal: AbortSignal): Promise<Uint8Array | null>;
  /**
   * That nobody can have opened the window: a majority says that it has accepted no terms of it.
   * @throws EngineError `INCOMPLETE` where too few say so, with the acceptors that say nothing
   */
  checkUnopened(record: WindowRecord, signal?: AbortSignal): Promise<void>;
  /** Whether a majority of the register says that the window is erased, so that nothing of it is ever decided again. */
  isErased(record: WindowRecord, signal?: AbortSignal): Promise<boolean>;
}

export function createDecisions(components: DecisionsComponents): Decisions {
  const { windows, rings, self, clock, randomBytes } = components;
  const vote = createDecisionVote(components, acceptorsOf);
  const ballots = createLookBallots(components);

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

  async function decide<N extends DecisionName>(
    record: WindowRecord,
    decision: N,
    wish: Uint8Array,
    signal?: AbortSignal,
  ): Promise<KnownDecision<N>> {
    const known = knownOf(record, decision);
    if (known !== null) return known;
    return propose(record, decision, wish, limits.BALLOT_ATTEMPTS_MAX, signal);
  }

  async function propose<N extends DecisionName>(
    record: WindowRecord,
    decision: N,
    wish: Uint8Array,
    attempts: number,
    signal?: AbortSignal,
  ): Promise<KnownDecision<N>> {
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
    return windows.learn(record, decision, out.value);
  }

  async function look<N extends DecisionName>(
    record: WindowRecord,
    decision: N,
    signal?: AbortSignal,
  ): Promise<KnownDecision<N> | null> {
    const known = knownOf(record, decision);
    if (known !== null) return known;
    const voters = votersOf(record, decision);
    const { quorum } = voters;
    let erased = false;
    const asked = readAll(voters, signal, (_, error) => {
      erased ||= hasCode(error, 'WINDOW_ERASED');
    });
    const answers = await collect(asked, (some) => decidedIn(some, quorum) !== null);
    const decided = decidedIn(answers, quorum);
    // Whoever erased it had it: what the others lack is no window that was never opened.
    if (decided === null && erased) throw windowErased(record.scope.window);
    if (decided === null) {
      // After proposers that met, one decided value may stand at several ballots, which proves nothing; only
      // another ballot can tell. Without it a node that never proposes would not learn the decision at all.
      const highest = highestAccepted(answers);
      // Whoever keeps votes to itself, or has lost them, keeps back this answer as well: fewer than decide are not bothered.
      if (highest === null || answers.length < quorum) return null;
      const proposeAgain = (over: AbortSignal) =>
        propose(record, decision, highest.value, LOOK_ATTEMPTS, over).then(({ bytes }) => bytes, nullInVain);
      const bytes = await ballots.run(record, decision, proposeAgain, signal);
      return bytes === null ? null : (knownOf(record, decision) ?? openDecision(decision, bytes));
    }
    return windows.learn(record, decision, decided.value);
  }

  return {
    vote,
    decide,
    look,
    read: async (record, decision, signal) => readDecided(votersOf(record, decision), signal),
    checkUnopened: async (record, signal) => checkUntouched(votersOf(record, 'terms'), signal),
    isErased: async (record, signal) => areErased(votersOf(record, 'terms'), signal),
  };
}

function nullInVain(error: unknown): null {
  if (hasCode(error, 'INCOMPLETE')) return null;
  throw error;
}

/** One Synod request to one acceptor of a decision. */
type Ask = (to: NodeId, request: AcceptorRequest<Uint8Array>, signal?: AbortSignal) => Promise<SynodResponse>;

/** Those who vote on a decision, and how many of them decide. */
interface Voters {
  readonly acceptors: readonly NodeId[];
  readonly quorum: number;
  readonly send: Ask;
}

/**
 * What each acceptor has accepted; null of one that does not answer.
 * @param unheard hears which those are, and what keeps them
 */
function readAll(
  { acceptors, send }: Voters,
  signal?: AbortSignal,
  unheard: (acceptor: NodeId, error: unknown) => void = () => {},
): readonly Promise<SynodResponse | null>[] {
  return acceptors.map((to) =>
    send(to, { kind: 'read' }, signal).catch((error: unknown) => {
      unheard(to, error);
      return silence(error);
    }),
  );
}

/** What a quorum says that it has accepted; null also where too few answer. */
async function readDecided(voters: Voters, signal: AbortSignal): Promise<Uint8Array | null> {
  const answers = await collect(readAll(voters, signal), (some) => decidedIn(some, voters.quorum) !== null);
  return decidedIn(answers, voters.quorum)?.value ?? null;
}

/** @throws EngineError `INCOMPLETE` unless a quorum says that it has accepted no terms */
async function checkUntouched(voters: Voters, signal?: AbortSignal): Promise<void> {
  const unheard = new Map<NodeId, string>();
  const asked = readAll(voters, signal, (to, error) => {
    if (error instanceof EngineError) unheard.set(to, error.code);
  });
  const untouched = (some: readonly SynodResponse[]) =>
    some.filter(({ accepted }) => accepted === null).length >= voters.quorum;
  if (untouched(await collect(asked, untouched))) return;
  const missing = [...unheard].map(([node, code]) => `, not ${node} (${code})`).join('');
  throw new EngineError(
    'INCOMPLETE',
    `too few acceptors of the window say whether it was opened${missing}; a store of theirs that is lost must be declared lost`,
  );
}

/** Whether a quorum refuses every question about the window as erased. */
async function areErased({ acceptors, quorum, send }: Voters, signal?: AbortSignal): Promise<boolean> {
  const answers = acceptors.map(async (to) => {
    try {
      await send(to, { kind: 'read' }, signal);
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
