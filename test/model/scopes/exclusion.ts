import { decidedIn } from '../../../src/consensus/index.ts';
import type { Cell } from '../explore/acceptor-cell.ts';
import { freshCell, vote } from '../explore/acceptor-cell.ts';
import type { Model, ModelState, Take } from '../explore/explorer.ts';
import { withAt } from '../explore/explorer.ts';
import {
  createInterner,
  memoized,
  memoizedOfMany,
  memoizedOfOne,
  memoizedOfThree,
} from '../explore/interner.ts';
import { createDecideTraffic } from './decide-traffic.ts';
import type { Exclusion, HoldRound } from './domain-rows.ts';
import {
  canRelease,
  createHoldKind,
  EVERY_NODE,
  exclusionFrom,
  heldAnswer,
  readyRound,
} from './domain-rows.ts';
import { ACCEPTORS, EVERY_ACCEPTOR, QUORUM } from './flag-acceptors.ts';

/** What a domain that is about to release can know. */
export interface Sight {
  /** Slot 2 as its acceptors show it, over all that they ever accepted. */
  readonly slot: readonly Cell<string>[];
  /** What each coordinator would exclude, null while it does not know. */
  readonly proposed: readonly (Exclusion | null)[];
  /** Whether each node of the domain has the row. */
  readonly rows: readonly boolean[];
}

/** What a broken variant may put in the place of production. */
export interface ExclusionParts {
  readonly readyRound: () => HoldRound;
  /** What a domain may exclude in the row it releases now. */
  readonly releases: (sight: Sight) => readonly Exclusion[];
  /** Whether the second node of the domain has the row from the start; it may still not answer. */
  readonly heldFromStart: boolean;
}

export const EXCLUSION: ExclusionParts = { readyRound, releases: decidedExclusion, heldFromStart: false };

const COORDINATORS = [0, 1] as const;
const WISHES = ['nothing', 'the flag'] as const;
const DOMAINS = [0, 1] as const;

/**
 * Places in a state: the slot's cells, a process per coordinator and wish (one of the two is ever started),
 * the hold round of each coordinator, the domain's rows, and what each domain has released.
 */
const DECIDING = ACCEPTORS;
const HOLDING = DECIDING + COORDINATORS.length * WISHES.length;
const ROWS = HOLDING + COORDINATORS.length;
const RELEASED = ROWS + EVERY_NODE.length;

/**
 * X before release, with m = 2 domains and T = one flag. One domain has the row; in the other it may turn up at
 * either of two nodes at any time, so two coordinators can come to differing X. Each asks both domains READY
 * and decides slot 2; a domain releases once it has read slot 2 at a majority and has all rows of T minus X.
 */
export function exclusionModel(parts: ExclusionParts): Model {
  const cells = createInterner<Cell<string>>();
  const holds = createHoldKind(parts.readyRound());
  const proposals = COORDINATORS.flatMap((k) =>
    WISHES.map((wish) => ({
      name: `coordinator ${k + 1}`,
      proposer: k,
      wish,
      attemptsMax: 1,
      acceptors: EVERY_ACCEPTOR,
      quorum: QUORUM,
    })),
  );
  const traffic = createDecideTraffic(DECIDING, proposals, (before, { request }) => {
    const { cell, reply } = vote(cells.valueOf(before), request);
    return { cell: cells.idOf(cell), reply };
  });
  const proposedBy = memoizedOfOne((hold) => {
    const { out } = holds.valueOf(hold);
    return out === null ? ({ known: false, wish: null } as const) : { known: true, wish: exclusionFrom(out) };
  });
  const canReleaseWith = memoized((rows, wish) =>
    canRelease([rows % 2 === 1, rows >= 2], WISHES[wish] ?? 'nothing'),
  );
  const releasesOf = memoizedOfMany((ids) => {
    const [first = 0, second = 0, rows = 0] = ids.slice(ACCEPTORS);
    const sight: Sight = {
      slot: ids.slice(0, ACCEPTORS).map(cells.valueOf),
      proposed: [first, second].map((hold) => proposedBy(hold).wish),
      rows: [rows % 2 === 1, rows >= 2],
    };
    return parts.releases(sight).map((exclusion) => WISHES.indexOf(exclusion));
  });
  const decidedNow = memoizedOfThree((...ids) =>
    decidedExclusion({ slot: ids.map(cells.valueOf), proposed: [], rows: [] }),
  );

  function askRows(state: ModelState, k: number, take: Take): void {
    const process = state[HOLDING + k] ?? 0;
    const { awaited, sent } = holds.valueOf(process);
    for (const place of awaited) {
      const node = sent[place]?.call.node ?? 0;
      const has = state[ROWS + node] === 1;
      const heard = holds.hear(process, place, holds.replies.idOf(heldAnswer(has)));
      const who = `coordinator ${k + 1}`;
      take(
        withAt(state, HOLDING + k, heard),
        () => `node ${node} tells ${who}: ${has ? 'held' : 'not held'}`,
      );
      take(
        withAt(state, HOLDING + k, holds.fail(process, place)),
        () => `node ${node} does not answer ${who}`,
      );
    }
  }

  function release(state: ModelState, domain: number, take: Take): void {
    if (state[RELEASED + domain] !== 0) return;
    const rows = domain === 0 ? 3 : (state[ROWS] ?? 0) + 2 * (state[ROWS + 1] ?? 0);
    const proposed = COORDINATORS.map((k) => state[HOLDING + k] ?? 0);
    for (const wish of releasesOf([...state.slice(0, ACCEPTORS), ...proposed, rows])) {
      if (!canReleaseWith(rows, wish)) continue;
      const label = () => `domain ${domain} releases, excluding ${WISHES[wish]}`;
      take(withAt(state, RELEASED + domain, wish + 1), label);
    }
  }

  return {
    initial: [
      ...EVERY_ACCEPTOR.map(() => cells.idOf(freshCell<string>())),
      ...traffic.initial,
      ...COORDINATORS.map(() => holds.start),
      ...[0, parts.heldFromStart ? 1 : 0],
      ...DOMAINS.map(() => 0),
    ],
    steps(state, take) {
      for (const k of COORDINATORS) {
        askRows(state, k, take);
        const { wish } = proposedBy(state[HOLDING + k] ?? 0);
        if (wish !== null) traffic.deliver(state, k * WISHES.length + WISHES.indexOf(wish), take);
      }
      for (const node of EVERY_NODE) {
        if (state[ROWS + node] === 0)
          take(withAt(state, ROWS + node, 1), () => `the row turns up at node ${node}`);
      }
      for (const domain of DOMAINS) release(state, domain, take);
    },
    violation(state) {
      const [first = 0, second = 0] = state.slice(RELEASED);
      if (first !== 0 && second !== 0 && first !== second) return 'two domains release different sets';
      const [a = 0, b = 0, c = 0] = state;
      if (parts.heldFromStart && decidedNow(a, b, c).includes('the flag'))
        return 'a row is excluded that a node holds';
      return null;
    },
  };
}

/**
 * Slot 2 read at a majority. The answers may be of any age, so every vote that was ever given may be among
 * them; production reads them with `decidedIn`.
 */
function decidedExclusion({ slot }: Sight): readonly Exclusion[] {
  const found = new Set<Exclusion>();
  for (const ballot of slot.flatMap(({ voted }) => voted.map((vote) => JSON.stringify(vote.ballot)))) {
    const replies = slot.flatMap(({ voted }) => {
      const accepted = voted.find((vote) => JSON.stringify(vote.ballot) === ballot);
      return accepted === undefined ? [] : [{ accepted }];
    });
    const decided = decidedIn(replies, QUORUM);
    if (decided !== null) found.add(decided.value === 'nothing' ? 'nothing' : 'the flag');
  }
  return [...found];
}
