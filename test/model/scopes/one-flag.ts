import type { AcceptorRequest, AcceptorState } from '../../../src/consensus/index.ts';
import { acceptorStep, decidedIn } from '../../../src/consensus/index.ts';
import type { FlagValue } from '../../../src/protocol/index.ts';
import type { AcceptorFunction, Cell } from '../explore/acceptor-cell.ts';
import { chosen, freshCell, vote } from '../explore/acceptor-cell.ts';
import type { Model, ModelState, Take } from '../explore/explorer.ts';
import { withAt } from '../explore/explorer.ts';
import { createInterner, memoizedOfOne, memoizedOfThree } from '../explore/interner.ts';
import type { FlagsRound } from './flag-acceptors.ts';
import {
  disagreement,
  EVERY_ACCEPTOR,
  QUORUM,
  requestOf,
  resolverBallot,
  resolverRound,
  setRound,
} from './flag-acceptors.ts';
import { createFlagTraffic } from './flag-traffic.ts';

/** What a broken variant may put in the place of production. */
export interface OneFlagParts {
  readonly resolvers: number;
  readonly crashesMax: number;
  readonly acceptorStep: AcceptorFunction<FlagValue>;
  /** Whether what this request changes is synced before its reply. In production everything is. */
  readonly synced: (request: AcceptorRequest<FlagValue>) => boolean;
  /** What an acceptor knows after a crash. */
  readonly afterCrash: (cell: Cell<FlagValue>) => AcceptorState<FlagValue>;
  readonly setters: readonly FlagsRound[];
  readonly resolver: (n: number) => FlagsRound;
}

export const ONE_FLAG: OneFlagParts = {
  resolvers: 2,
  crashesMax: 2,
  acceptorStep,
  synced: () => true,
  afterCrash: ({ disk }) => disk,
  setters: [setRound()],
  resolver: (n) => resolverRound(resolverBallot(n)),
};

/**
 * One flag and its three acceptors: SET, repeated for ever by anyone, against resolvers, with crashes that
 * lose what is not on disk. A request that is handled but neither synced nor answered when its acceptor
 * crashes is a request that has not arrived, so only what is answered too early can be lost.
 * State: three cells, one process per round, crashes left.
 */
export function oneFlagModel(parts: OneFlagParts): Model {
  const cells = createInterner<Cell<FlagValue>>();
  const rounds = [
    ...parts.setters.map((round, n) => ({ name: `SET ${n + 1}`, round })),
    ...Array.from({ length: parts.resolvers }, (_, n) => ({
      name: `resolver ${n + 1}`,
      round: parts.resolver(n + 1),
    })),
  ];
  const crashesAt = EVERY_ACCEPTOR.length + rounds.length;

  const traffic = createFlagTraffic(rounds, (before, call) => {
    const asked = requestOf(call);
    const { cell, reply } = vote(cells.valueOf(before), asked, parts.acceptorStep, parts.synced(asked));
    return { cell: cells.idOf(cell), reply };
  });
  const crashed = memoizedOfOne((cell) => {
    const memory = parts.afterCrash(cells.valueOf(cell));
    return cells.idOf({ ...cells.valueOf(cell), memory, disk: memory });
  });
  const synced = memoizedOfOne((cell) => {
    const { memory } = cells.valueOf(cell);
    return cells.idOf({ ...cells.valueOf(cell), disk: memory });
  });
  /** What was chosen, and what GET answers as production does, from the acceptors at this moment. */
  const judged = memoizedOfThree((...ids) => {
    const now = ids.map(cells.valueOf);
    const memories = now.map(({ memory }) => memory);
    return { chosen: chosen(now, QUORUM), read: decidedIn(memories, QUORUM)?.value };
  });

  function crashOrSync(state: ModelState, acceptor: number, take: Take): void {
    const cell = state[acceptor] ?? 0;
    const left = state[crashesAt] ?? 0;
    if (left > 0 && crashed(cell) !== cell) {
      const next = withAt(withAt(state, acceptor, crashed(cell)), crashesAt, left - 1);
      take(next, () => `acceptor ${acceptor} crashes and restarts`);
    }
    if (synced(cell) !== cell) {
      take(withAt(state, acceptor, synced(cell)), () => `acceptor ${acceptor} syncs`);
    }
  }

  return {
    initial: [
      ...EVERY_ACCEPTOR.map(() => cells.idOf(freshCell<FlagValue>())),
      ...traffic.initial,
      parts.crashesMax,
    ],
    steps(state, take) {
      traffic.deliver(state, take);
      for (const acceptor of EVERY_ACCEPTOR) crashOrSync(state, acceptor, take);
    },
    violation(state) {
      const [a = 0, b = 0, c = 0] = state;
      const { chosen: values, read } = judged(a, b, c);
      return disagreement(values, [...traffic.answers(state), read]);
    },
  };
}
