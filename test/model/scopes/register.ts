import { acceptorStep, decidedIn } from '../../../src/consensus/index.ts';
import type { AcceptorFunction, Cell } from '../explore/acceptor-cell.ts';
import { chosen, freshCell, vote } from '../explore/acceptor-cell.ts';
import type { Model } from '../explore/explorer.ts';
import { createInterner, memoizedOfThree } from '../explore/interner.ts';
import type { Proposal } from './decide-traffic.ts';
import { createDecideTraffic } from './decide-traffic.ts';
import { ACCEPTORS, EVERY_ACCEPTOR, QUORUM } from './flag-acceptors.ts';

/** What a broken variant may put in the place of production. */
export interface RegisterParts {
  readonly acceptorStep: AcceptorFunction<string>;
  readonly coordinators: readonly Coordinator[];
}

/** A run of `decide` on the node of that number, with its own candidate. */
export interface Coordinator {
  readonly node: number;
  readonly attemptsMax: number;
}

export const REGISTER: RegisterParts = { acceptorStep, coordinators: [] };

/**
 * One slot of a window register: coordinators with differing candidates decide through the production round.
 * Two coordinators on one node use the same ballots, which is also what a node does that forgets its ballots
 * in a restart and comes back with another candidate while its old requests still travel.
 * State: three cells, one process per coordinator.
 */
export function registerModel(parts: RegisterParts): Model {
  const cells = createInterner<Cell<string>>();
  const proposals = parts.coordinators.map(
    ({ node, attemptsMax }, n): Proposal => ({
      name: `coordinator ${n + 1} on node ${node}`,
      proposer: node,
      wish: `T${n + 1}`,
      attemptsMax,
      acceptors: EVERY_ACCEPTOR,
      quorum: QUORUM,
    }),
  );
  const traffic = createDecideTraffic(ACCEPTORS, proposals, (before, { request }) => {
    const { cell, reply } = vote(cells.valueOf(before), request, parts.acceptorStep);
    return { cell: cells.idOf(cell), reply };
  });
  const judged = memoizedOfThree((...ids) => {
    const now = ids.map(cells.valueOf);
    const memories = now.map(({ memory }) => memory);
    return { chosen: chosen(now, QUORUM), read: decidedIn(memories, QUORUM)?.value ?? null };
  });

  return {
    initial: [...EVERY_ACCEPTOR.map(() => cells.idOf(freshCell<string>())), ...traffic.initial],
    steps(state, take) {
      for (const n of proposals.keys()) traffic.deliver(state, n, take);
    },
    violation(state) {
      const [a = 0, b = 0, c = 0] = state;
      const { chosen: values, read } = judged(a, b, c);
      if (values.length > 1) return `the register decides ${values.join(' and ')}`;
      const answers = proposals.map((_, n) => traffic.decided(state, n));
      for (const answer of [...answers, read]) {
        if (answer !== null && !values.includes(answer))
          return `somebody reads ${answer}, which is not decided`;
      }
      return null;
    },
  };
}
