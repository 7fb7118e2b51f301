import { BALLOT_ZERO, compareBallots } from '../../../src/consensus/index.ts';
import type { NodeId } from '../../../src/ring/index.ts';
import { domainId, majorityPromised, nodeId } from '../../../src/ring/index.ts';
import type { Cell } from '../explore/acceptor-cell.ts';
import { freshCell, vote } from '../explore/acceptor-cell.ts';
import type { Model } from '../explore/explorer.ts';
import { withAt } from '../explore/explorer.ts';
import { createInterner } from '../explore/interner.ts';
import { createDecideTraffic } from './decide-traffic.ts';

/** An acceptor of the window's register, and what it has of the document that begins the new placement. */
export interface RingCell extends Cell<string> {
  readonly knows: boolean;
  readonly promised: boolean;
  /** Knows the new placement to be in force. */
  readonly open: boolean;
}

/** What a broken variant may put in the place of what node/services/ring-store.ts and ring-exchange.ts do. */
export interface BarrierParts {
  /** The new acceptors as places among the cells. */
  readonly acceptors: readonly number[];
  /** Attempts of the coordinator of the old placement; the other one has one. */
  readonly oldAttempts: number;
  readonly mayPromise: (cell: RingCell) => boolean;
  readonly refusesOld: (cell: RingCell) => boolean;
  readonly inForce: typeof majorityPromised;
}

export const BARRIER: BarrierParts = {
  acceptors: [2, 3, 4],
  oldAttempts: 1,
  mayPromise: ({ memory }) => memory.accepted === null && compareBallots(memory.promised, BALLOT_ZERO) === 0,
  refusesOld: ({ knows }) => knows,
  inForce: majorityPromised,
};

const OLD = [0, 1, 2];
const QUORUM = 2;
/** The proposers, whose ballots say under which placement a vote was given. */
const [UNDER_OLD, UNDER_NEW] = [0, 1];
const CELLS = 5;
const ids = Array.from({ length: CELLS }, (_, place) => nodeId(`n${place}`));
const oldNodes = OLD.map((place) => ({ id: idAt(place) }));
const OLD_RING = { domains: [domainId('a'), domainId('b')].map((domain) => ({ domain, nodes: oldNodes })) };
const OLD_PLACEMENT = { acceptors: () => oldNodes.map(({ id }) => id) };
const REFUSED = { granted: false, promised: BALLOT_ZERO, accepted: null };

/**
 * The terms of one window that starts after a new placement does: a coordinator that has not heard of the document
 * decides them at the old acceptors, one that has at the new ones. Old acceptors take the document in at any
 * moment, every node finds out at any later one that it is in force. Cells 0 to 2 are the old acceptors.
 * State: five cells, one process per coordinator.
 */
export function barrierModel(parts: BarrierParts): Model {
  const cells = createInterner<RingCell>();
  const proposals = [
    { name: 'the old placement', proposer: UNDER_OLD, acceptors: OLD, attemptsMax: parts.oldAttempts },
    { name: 'the new placement', proposer: UNDER_NEW, acceptors: parts.acceptors, attemptsMax: 1 },
  ].map((proposal) => ({ ...proposal, wish: proposal.name, quorum: QUORUM }));
  const traffic = createDecideTraffic(CELLS, proposals, (before, { request }) => {
    const cell = cells.valueOf(before);
    const proposer = request.kind === 'read' ? UNDER_NEW : request.ballot.proposer;
    const refused = proposer === UNDER_OLD ? parts.refusesOld(cell) : !cell.open;
    if (refused) return { cell: before, reply: REFUSED };
    const after = vote(cell, request);
    return { cell: cells.idOf({ ...cell, ...after.cell }), reply: after.reply };
  });
  const fresh: RingCell = { ...freshCell<string>(), knows: false, promised: false, open: false };
  const joined: RingCell = { ...fresh, knows: true };

  return {
    initial: [...ids.map((_, place) => cells.idOf(OLD.includes(place) ? fresh : joined)), ...traffic.initial],
    steps(state, take) {
      for (const n of proposals.keys()) traffic.deliver(state, n, take);
      const now = ids.map((_, place) => cells.valueOf(state[place] ?? 0));
      const promised = new Set(OLD.filter((place) => now[place]?.promised).map(idAt));
      const inForce = parts.inForce(OLD_RING, OLD_PLACEMENT, promised);
      for (const [place, cell] of now.entries()) {
        if (!cell.knows) {
          const taken = { ...cell, knows: true, promised: parts.mayPromise(cell) };
          take(withAt(state, place, cells.idOf(taken)), () => `node ${place} takes the document in`);
        } else if (inForce && !cell.open && parts.acceptors.includes(place)) {
          const opened = cells.idOf({ ...cell, open: true });
          take(withAt(state, place, opened), () => `node ${place} finds the placement in force`);
        }
      }
    },
    violation(state) {
      const votesOf = (proposer: number) =>
        ids.filter((_, place) =>
          cells.valueOf(state[place] ?? 0).voted.some(({ ballot }) => ballot.proposer === proposer),
        ).length;
      if (votesOf(UNDER_OLD) < QUORUM || votesOf(UNDER_NEW) < QUORUM) return null;
      return 'the window is open under both placements';
    },
  };
}

function idAt(place: number): NodeId {
  return nodeId(`n${place}`);
}
