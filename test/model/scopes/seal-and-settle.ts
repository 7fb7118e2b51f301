import type { FlagValue } from '../../../src/protocol/index.ts';
import { chosen } from '../explore/acceptor-cell.ts';
import type { Model, ModelState, Take } from '../explore/explorer.ts';
import { withAt } from '../explore/explorer.ts';
import { createInterner, memoizedOfOne, memoizedOfThree } from '../explore/interner.ts';
import {
  ACCEPTORS,
  disagreement,
  EVERY_ACCEPTOR,
  QUORUM,
  requestOf,
  resolverBallot,
  resolverRound,
  setRound,
} from './flag-acceptors.ts';
import { createFlagTraffic } from './flag-traffic.ts';
import type { FreezableCell, Freezing } from './frozen-acceptor.ts';
import { canName, FREEZING, freshFreezable, frozen, voteUnlessFrozen } from './frozen-acceptor.ts';
import { createSealing, WAYS } from './sealing-coordinator.ts';

/** How a variant settles a sealed window by itself, from a coordinator's candidate and what can be seen. */
export type Settle = (
  candidate: FlagValue,
  cells: readonly FreezableCell[],
  chosen: readonly FlagValue[],
) => FlagValue | 'wait';

/** What a broken variant may put in the place of production. */
export interface SealParts {
  readonly freezing: Freezing;
  /** How many of a partition's acceptors must be frozen. */
  readonly quorumOf: (acceptors: number) => number;
  /** Null for the register, whose first offer is the settlement. */
  readonly settle: Settle | null;
  /** Whether the SDK takes two WINDOW_SEALED refusals for an outcome and uploads the reading again. */
  readonly retriesAfterSealed: boolean;
  /** Acceptor 0 answers nothing but SET until the window is settled. */
  readonly late: boolean;
}

export const SEAL: SealParts = {
  freezing: FREEZING,
  quorumOf: () => QUORUM,
  settle: null,
  retriesAfterSealed: false,
  late: false,
};

const ROUNDS = [
  { name: 'SET', round: setRound() },
  { name: 'resolver 1', round: resolverRound(resolverBallot(1)) },
  { name: 'resolver 2', round: resolverRound(resolverBallot(2)) },
];
const COORDINATORS = [0, 1] as const;

/** Places in a state: cells, processes, each coordinator's candidate, and what is settled. */
const CANDIDATE = ACCEPTORS + ROUNDS.length;
const REGISTER = CANDIDATE + COORDINATORS.length;
const SETTLED = REGISTER + 1;
const RETRIED = SETTLED + COORDINATORS.length;
/** Numbers of a candidate and of a settlement: none, or the outcome it gives the flag. */
const OUTCOMES = [null, 'TRUE', 'ERROR'] as const;

/**
 * One flag of a window that two coordinators seal and settle while SET and two resolvers go on. The register is
 * one step here, because it is one more Synod and has a scope of its own.
 */
export function sealModel(parts: SealParts): Model {
  const cells = createInterner<FreezableCell>();
  const sealing = createSealing(parts.quorumOf);
  const traffic = createFlagTraffic(ROUNDS, (before, call) => {
    const { cell, reply } = voteUnlessFrozen(cells.valueOf(before), requestOf(call), parts.freezing);
    return { cell: cells.idOf(cell), reply };
  });
  const freeze = memoizedOfOne((cell) => cells.idOf(frozen(cells.valueOf(cell), parts.freezing)));
  const sealings = memoizedOfThree((...ids) =>
    WAYS.flatMap((way) => {
      const made = sealing(way, ids.map(cells.valueOf));
      return made === null ? [] : [{ way, candidate: made.candidate, cells: made.cells.map(cells.idOf) }];
    }),
  );
  const chosenIn = memoizedOfThree((...ids) => chosen(ids.map(cells.valueOf), QUORUM));
  const frozenIn = memoizedOfThree((...ids) => ids.filter((id) => cells.valueOf(id).frozen).length);
  const namedIn = memoizedOfThree((...ids) => ids.filter((id) => canName(cells.valueOf(id), 1)).length);

  function settlements(state: ModelState): readonly FlagValue[] {
    return state.slice(REGISTER, RETRIED).flatMap((at) => OUTCOMES[at] ?? []);
  }

  function freezeEach(state: ModelState, take: Take): void {
    for (const acceptor of EVERY_ACCEPTOR) {
      const cell = state[acceptor] ?? 0;
      if (freeze(cell) === cell || (parts.late && acceptor === 0 && settlements(state).length === 0))
        continue;
      take(withAt(state, acceptor, freeze(cell)), () => `acceptor ${acceptor} freezes the window`);
    }
  }

  function sealEach(state: ModelState, k: number, take: Take): void {
    if (state[CANDIDATE + k] !== 0) return;
    const [a = 0, b = 0, c = 0] = state;
    for (const made of sealings(a, b, c)) {
      const next = withAt(state, CANDIDATE + k, OUTCOMES.indexOf(made.candidate));
      for (const acceptor of EVERY_ACCEPTOR) next[acceptor] = made.cells[acceptor] ?? 0;
      take(next, () => {
        const flag = made.candidate === 'TRUE' ? 'with' : 'without';
        return `coordinator ${k + 1} hears acceptors ${made.way.asked.join(', ')}: T ${flag} the flag`;
      });
    }
  }

  function ownSettlement(state: ModelState, candidate: FlagValue, settle: Settle): FlagValue | 'wait' {
    const [a = 0, b = 0, c = 0] = state;
    return settle(candidate, [a, b, c].map(cells.valueOf), chosenIn(a, b, c));
  }

  function settle(state: ModelState, k: number, take: Take): void {
    const candidate = OUTCOMES[state[CANDIDATE + k] ?? 0] ?? null;
    if (candidate === null || state[SETTLED + k] !== 0) return;
    const own = parts.settle === null ? candidate : ownSettlement(state, candidate, parts.settle);
    if (own === 'wait') return;
    const settled = OUTCOMES.indexOf(own);
    const label = () => `coordinator ${k + 1} settles the window: the flag is ${own}`;
    if (parts.settle !== null) take(withAt(state, SETTLED + k, settled), label);
    // The first offer decides; a coordinator that finds the register decided adopts it and changes nothing.
    else if (state[REGISTER] === 0) take(withAt(state, REGISTER, settled), label);
  }

  return {
    initial: [
      ...EVERY_ACCEPTOR.map(() => cells.idOf(freshFreezable())),
      ...traffic.initial,
      ...Array.from({ length: RETRIED + 1 - CANDIDATE }, () => 0),
    ],
    steps(state, take) {
      const late = parts.late && settlements(state).length === 0;
      traffic.deliver(state, take, (acceptor, round) => late && acceptor === 0 && round > 0);
      freezeEach(state, take);
      for (const k of COORDINATORS) {
        sealEach(state, k, take);
        settle(state, k, take);
      }
      const [a = 0, b = 0, c = 0] = state;
      if (parts.retriesAfterSealed && state[RETRIED] === 0 && frozenIn(a, b, c) >= QUORUM) {
        take(withAt(state, RETRIED, 1), () => 'the SDK is refused twice and uploads the reading again');
      }
    },
    violation(state) {
      const [a = 0, b = 0, c = 0] = state;
      const values = chosenIn(a, b, c);
      const told = disagreement(values, traffic.answers(state));
      if (told !== null) return told;
      const [settled, ...others] = settlements(state);
      if (others.some((other) => other !== settled)) return 'two settlements differ';
      if (settled !== undefined && values.some((value) => value !== settled)) {
        return `the window is settled with ${settled}, but the flag is ${values.join()}`;
      }
      if (state[RETRIED] === 1 && (settled === 'TRUE' || values.includes('TRUE'))) {
        return 'the reading is counted twice';
      }
      if (
        parts.quorumOf === SEAL.quorumOf &&
        parts.settle === null &&
        settled === 'TRUE' &&
        namedIn(a, b, c) < QUORUM
      ) {
        return 'T is settled, but a majority of its acceptors cannot name its flags';
      }
      return null;
    },
  };
}
