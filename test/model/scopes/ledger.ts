import type { Quorum } from '../../../src/consensus/index.ts';
import { ledgerQuorum } from '../../../src/consensus/index.ts';
import type { Cell } from '../explore/acceptor-cell.ts';
import { freshCell, vote } from '../explore/acceptor-cell.ts';
import type { Model, ModelState, Take } from '../explore/explorer.ts';
import { withAt } from '../explore/explorer.ts';
import { createInterner, memoizedOfMany } from '../explore/interner.ts';
import { createDecideTraffic } from './decide-traffic.ts';

/** What a broken variant may put in the place of production. */
export interface LedgerParts {
  readonly nodes: number;
  readonly coordinators: number;
  readonly quorum: typeof ledgerQuorum;
}

export const LEDGER: LedgerParts = { nodes: 3, coordinators: 3, quorum: ledgerQuorum };

/** A set of declared losses that somebody has read, and the quorum it gives. */
interface View {
  readonly lost: readonly number[];
  readonly quorum: Quorum;
}

/**
 * The ledger of one domain whose stores are declared lost one after the other. Coordinators with differing rows
 * decide through the production round, each by the losses it knows, which may be any older list of them. A
 * lost node is one that takes no more steps; one that was declared lost too early and goes on voting is covered.
 * State: the nodes' cells, a process per coordinator and view (one of them is ever started), the view each
 * coordinator started with, and the losses in their order.
 */
export function ledgerModel(parts: LedgerParts): Model {
  const cells = createInterner<Cell<string>>();
  const losses = createInterner<readonly number[]>();
  const views = viewsOf(parts);
  const nodes = Array.from({ length: parts.nodes }, (_, node) => node);
  const coordinators = Array.from({ length: parts.coordinators }, (_, k) => k);
  const proposals = coordinators.flatMap((k) =>
    views.map(({ lost, quorum }) => ({
      name: `coordinator ${k + 1}, which knows of ${lost.length} losses`,
      proposer: k,
      wish: `row ${k + 1}`,
      attemptsMax: 1,
      ...quorum,
    })),
  );
  const started = parts.nodes + proposals.length;
  const declared = started + coordinators.length;
  const traffic = createDecideTraffic(parts.nodes, proposals, (before, { request }) => {
    const { cell, reply } = vote(cells.valueOf(before), request);
    return { cell: cells.idOf(cell), reply };
  });
  /** Every value that a reader decides on by some list of losses it may know. */
  const decided = memoizedOfMany((ids) => {
    const lost = losses.valueOf(ids[parts.nodes] ?? 0);
    const now = ids.slice(0, parts.nodes).map(cells.valueOf);
    return valuesDecided(
      now,
      views.filter((view) => isPrefix(view.lost, lost)),
    );
  });

  function begin(state: ModelState, k: number, take: Take): void {
    if (state[started + k] !== 0) return;
    const lost = losses.valueOf(state[declared] ?? 0);
    for (const [n, view] of views.entries()) {
      if (!isPrefix(view.lost, lost)) continue;
      const label = () => `coordinator ${k + 1} begins, knowing of lost stores [${view.lost.join()}]`;
      take(withAt(state, started + k, n + 1), label);
    }
  }

  return {
    initial: [
      ...nodes.map(() => cells.idOf(freshCell<string>())),
      ...traffic.initial,
      ...coordinators.map(() => 0),
      losses.idOf([]),
    ],
    steps(state, take) {
      for (const k of coordinators) {
        const view = (state[started + k] ?? 0) - 1;
        if (view >= 0) traffic.deliver(state, k * views.length + view, take);
        else begin(state, k, take);
      }
      const lost = losses.valueOf(state[declared] ?? 0);
      for (const node of nodes) {
        if (lost.includes(node) || lost.length >= parts.nodes - 1) continue;
        take(
          withAt(state, declared, losses.idOf([...lost, node])),
          () => `the store of node ${node} is declared lost`,
        );
      }
    },
    violation(state) {
      const values = decided([...state.slice(0, parts.nodes), state[declared] ?? 0]);
      if (values.length > 1) return `the ledger decides ${values.join(' and ')}`;
      for (const n of proposals.keys()) {
        const answer = traffic.decided(state, n);
        if (answer !== null && !values.includes(answer))
          return `a coordinator releases ${answer}, which is not decided`;
      }
      return null;
    },
  };
}

/** Every list of losses, in every order, that leaves a quorum. */
function viewsOf({ nodes, quorum }: LedgerParts): readonly View[] {
  const views: View[] = [];
  const visit = (lost: readonly number[]) => {
    const found = quorum(nodes, lost);
    if (found !== null) views.push({ lost, quorum: found });
    for (let node = 0; node < nodes && lost.length < nodes - 1; node++) {
      if (!lost.includes(node)) visit([...lost, node]);
    }
  };
  visit([]);
  return views;
}

function isPrefix(start: readonly number[], list: readonly number[]): boolean {
  return start.every((node, place) => list[place] === node);
}

function valuesDecided(cells: readonly Cell<string>[], views: readonly View[]): readonly string[] {
  const values = new Set<string>();
  for (const { quorum } of views) {
    const votes = new Map<string, number>();
    for (const node of quorum.acceptors) {
      for (const { ballot, value } of cells[node]?.voted ?? []) {
        const name = `${ballot.counter}.${ballot.proposer} ${value}`;
        const count = (votes.get(name) ?? 0) + 1;
        votes.set(name, count);
        if (count >= quorum.quorum) values.add(value);
      }
    }
  }
  return [...values];
}
