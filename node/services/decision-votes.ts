import type { AcceptorRequest } from '../../src/consensus/index.ts';
import { acceptorStep, freshAcceptor } from '../../src/consensus/index.ts';
import { EngineError, equalBytes } from '../../src/foundation/index.ts';
import type { Clock } from '../../src/ports/index.ts';
import type { DecisionName, SynodRequest, SynodResponse } from '../../src/protocol/index.ts';
import { DECISION_CODECS, windowName, windowTermsCodec } from '../../src/protocol/index.ts';
import type { WindowTimes } from '../../src/protocol/window-rules.ts';
import {
  checkOpenable,
  checkWindowName,
  checkWindowTimes,
  eraseAt,
  fixedTimes,
  windowErased,
} from '../../src/protocol/window-rules.ts';
import type { NodeId } from '../../src/ring/index.ts';
import type { Journal } from '../engine/journal.ts';
import type { KeyedLock } from '../engine/keyed-lock.ts';
import type { Rings } from '../engine/rings.ts';
import { decodeSynodRow, encodeSynodRow } from '../engine/rows.ts';
import type { StoreHealth } from '../engine/store-health.ts';
import type { Tables } from '../engine/tables.ts';
import type { Retirements } from './retirements.ts';
import type { UnopenedVotes } from './unopened-votes.ts';
import type { VotedReleases } from './voted-releases.ts';
import { pastVoteKey, voteKey } from './window-rows.ts';
import type { WindowRecord, Windows } from './windows.ts';

export interface DecisionVotesComponents {
  readonly journal: Journal;
  readonly tables: Tables;
  readonly storeKey: Uint8Array;
  readonly health: StoreHealth;
  readonly lock: KeyedLock;
  readonly retirements: Pick<Retirements, 'check'>;
  readonly unopened: Pick<UnopenedVotes, 'note'>;
  readonly votedReleases: Pick<VotedReleases, 'note'>;
  readonly windows: Pick<Windows, 'checkOwn'>;
  readonly rings: Pick<Rings, 'check' | 'checkInForce' | 'checkVote' | 'of'>;
  readonly self: { readonly nodeId: NodeId };
  readonly clock: Clock;
}

/** One acceptor's answer; its state is synced before it is given. @throws EngineError `WRONG_NODE` */
export type DecisionVote = (record: WindowRecord, request: SynodRequest) => Promise<SynodResponse>;

/** The acceptor's side: one Synod step per request, its state on disk before the answer. */
export function createDecisionVote(
  components: DecisionVotesComponents,
  acceptorsOf: (record: WindowRecord, decision: DecisionName) => readonly NodeId[],
): DecisionVote {
  const { journal, tables, storeKey, health, lock, retirements } = components;
  const { unopened, votedReleases, windows, rings, self, clock } = components;

  /**
   * Whether a fixed window has ended and the store of another acceptor is declared lost. What that one had accepted with
   * a second one may be decided, and then this one must accept it too, or nobody could ever say whether the window is
   * open: docs/decisions/0029-windows-left-open.md.
   */
  function isLeftOpen({ stream, scope }: WindowRecord, acceptors: readonly NodeId[]): boolean {
    const times = fixedTimes(stream, scope.window);
    if (times === null || clock.now() < times.latest) return false;
    const { lostVotersOf } = rings.of(scope);
    return stream.domains.flatMap(({ id }) => lostVotersOf(id)).some((node) => acceptors.includes(node));
  }

  return async (record, request) => {
    const { decision } = request;
    // No vote, and true of a store in doubt as well: others may only forget their promises once enough say so.
    if (record.erased && decision !== 'release') throw windowErased(record.scope.window);
    health.checkVote();
    rings.checkVote(record.scope);
    checkValue(request);
    const times = decision === 'terms' ? proposedTimes(record, request) : null;
    const acceptors = acceptorsOf(record, decision);
    if (!acceptors.includes(self.nodeId)) {
      throw new EngineError('WRONG_NODE', `expected an acceptor of the ${decision} of this window`);
    }
    const name = windowName(record.scope);
    const reply = await lock.run(`${name}/${decision}`, async () => {
      const row = voteKey(record.scope, decision);
      const past = record.erased && decision === 'release' ? [pastVoteKey(record.scope)] : [];
      const found = await tables.readMany('windows', storeKey, [...past, row]);
      const plain = found.find((one) => one !== undefined);
      rings.check(request.context);
      // A window that is open was opened under a placement in force; a new one must not open before its own is.
      if (record.terms === null) rings.checkInForce(record.scope);
      const before = plain === undefined ? freshAcceptor<Uint8Array>() : decodeSynodRow(plain);
      // What was accepted before may still be decided, or values at two acceptors would keep a window from ever being
      // open or not; nothing new is, whatever a node says that did not hear of it. What this node knows to be decided is
      // not new: where a store that accepted it is lost, the others must make up a majority or nobody learns it any more.
      const isNew = before.accepted === null && !isDecided(record, request);
      if (decision === 'terms' && request.kind !== 'read' && isNew && !isLeftOpen(record, acceptors)) {
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
        windows.checkOwn(record);
        journal.stage([tables.put('windows', storeKey, row, encodeSynodRow(state))]);
        unopened.note(record);
        if (decision === 'release' && request.kind === 'accept') votedReleases.note(record);
      }
      return reply;
    });
    await journal.synced();
    return reply;
  };
}

/**
 * Whatever a proposer says, nothing is decided that is no such value or that would make every domain count something twice:
 * a decision is for ever. @throws EngineError `MALFORMED_BODY`
 */
function checkValue({ decision, kind, value }: SynodRequest): void {
  if (kind === 'accept' && value !== null) DECISION_CODECS[decision].decode(value);
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
