import { EngineError } from '../../src/foundation/index.ts';
import type { Clock, Log, RandomBytes } from '../../src/ports/index.ts';
import type { FlagEntry, Outcome } from '../../src/protocol/index.ts';
import { limits, windowName } from '../../src/protocol/index.ts';
import type { NodeId } from '../../src/ring/index.ts';
import { mapAtOnce } from '../../src/rounds/at-once.ts';
import { createGrowingPause, type GrowingPause } from '../engine/pause.ts';
import type { Rings } from '../engine/rings.ts';
import type { Decisions } from './decisions.ts';
import type { Erasing } from './erasing.ts';
import type { FlagCensus, UndecidedFlag } from './flag-census.ts';
import type { Flags } from './flags.ts';
import type { MissedDecisions } from './missed-decisions.ts';
import type { Opening } from './opening.ts';
import { TURN_MS } from './opening.ts';
import type { Repair } from './repair.ts';
import type { Retirements } from './retirements.ts';
import type { RingExchange } from './ring-exchange.ts';
import type { RosterSpread } from './roster-spread.ts';
import type { Settling } from './settling.ts';
import type { Spread } from './spread.ts';
import type { UnopenedVotes } from './unopened-votes.ts';
import type { VotedReleases } from './voted-releases.ts';
import type { OpenWindowRecord, Windows } from './windows.ts';

/** Pause between two rounds of care; a flag becomes ERROR at most this long after its timeout. */
export const CARE_EVERY_MS = 1_000;
/** Partitions whose flags over their timeout are resolved at once: each may wait for an acceptor that hangs. */
const RESOLVED_AT_ONCE = 16;
/** Windows past their latest time that are sealed at once: each may wait for a node that hangs, and there may be many that never settle. */
const SEALED_AT_ONCE = 8;
/** Longest pause before a window that could not be settled is sealed again; whoever asks for it meanwhile seals it all the same. */
const SEAL_PAUSE_MS_MAX = 16_000;

export interface CaretakerComponents {
  readonly census: FlagCensus;
  readonly decisions: Decisions;
  readonly votedReleases: VotedReleases;
  readonly erasing: Erasing;
  readonly flags: Flags;
  readonly missed: MissedDecisions;
  readonly opening: Opening;
  readonly repair: Repair;
  readonly retirements: Retirements;
  readonly rosterSpread: RosterSpread;
  readonly spread: Spread;
  readonly unopened: Pick<UnopenedVotes, 'learnEnded'>;
  readonly windows: Windows;
  readonly settling: Settling;
  readonly rings: Rings;
  readonly self: { readonly nodeId: NodeId };
  readonly exchange: RingExchange;
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
  readonly log: Log;
}

/**
 * What a node does without being asked: opens fixed windows ahead of time, resolves flags over their timeout, seals
 * windows whose latest time has passed, learns what was decided while it was away, brings thin and hinted rows to their owners,
 * and fetches what a damaged store lacks. Runs until the signal aborts.
 */
export async function runCaretaker(components: CaretakerComponents, signal: AbortSignal): Promise<void> {
  const {
    census,
    decisions,
    erasing,
    exchange,
    flags,
    missed,
    opening,
    repair,
    retirements,
    rosterSpread,
    spread,
    unopened,
    windows,
    settling,
    votedReleases,
    rings,
    self,
    clock,
    randomBytes,
    log,
  } = components;

  async function resolveOverdue(): Promise<void> {
    const overdue = census.olderThan(
      ({ stream }) => clock.now() - stream.flagTimeoutMs,
      limits.FLAGS_PER_REQUEST_MAX,
    );
    // What is refused for one partition says nothing of the others.
    await mapAtOnce([...byPartition(overdue)], RESOLVED_AT_ONCE, (group) =>
      attempt('resolving', () => resolveGroup(group)),
    );
  }

  async function resolveGroup(group: readonly UndecidedFlag[]): Promise<void> {
    const [first] = group;
    if (first === undefined || signal.aborted) return;
    // Most flags that look undecided here were decided through another acceptor; asking costs no vote.
    const known = await flags.read(first.record, first.partition, group.map(entryOf), signal);
    const open = learned(group, known);
    if (open.length === 0) return;
    learned(open, await flags.resolve(first.record, first.partition, open.map(entryOf), signal));
  }

  /** @returns those whose outcomes are not known still */
  function learned(some: readonly UndecidedFlag[], outcomes: readonly Outcome[]): readonly UndecidedFlag[] {
    return some.filter((flag, place) => {
      if (outcomes[place] === 'UNDECIDED') return true;
      census.learned(flag.record, flag.entry);
      return false;
    });
  }

  // Goes with the record of its window.
  const sealPauses = new WeakMap<OpenWindowRecord, GrowingPause>();

  /** Every attempt asks all acceptors of the window, and may be a synced write at each. */
  function sealPauseOf(record: OpenWindowRecord): GrowingPause {
    const limit = { firstMs: CARE_EVERY_MS, longestMs: SEAL_PAUSE_MS_MAX };
    const pause = sealPauses.get(record) ?? createGrowingPause(clock, limit);
    sealPauses.set(record, pause);
    return pause;
  }

  async function sealOverdue(): Promise<void> {
    const isSettled = ({ settlement }: OpenWindowRecord): boolean => settlement !== null;
    const overdue = windows.all().filter((one) => !isSettled(one) && clock.now() >= one.terms.value.latest);
    await mapAtOnce(overdue, SEALED_AT_ONCE, async (record) => {
      if (signal.aborted || isSettled(record)) return;
      // In turns, because one coordinator is enough and the next finds its work done.
      const turn = registerTurn(record);
      if (turn < 0 || clock.now() < record.terms.value.latest + turn * TURN_MS) return;
      const pause = sealPauseOf(record);
      if (!pause.isOver()) return;
      // One that cannot be settled, for ever it may be, keeps back itself and no other.
      await attempt('sealing', () => settling.settle(record, signal));
      if (!isSettled(record)) pause.begin();
    });
  }

  /** This node's place among the acceptors of the window's register, or -1. */
  function registerTurn({ scope, stream }: OpenWindowRecord): number {
    const domains = stream.domains.map(({ id }) => id);
    return rings
      .of(scope)
      .placement.registerAcceptors(domains, scope.stream, scope.window, scope.group)
      .indexOf(self.nodeId);
  }

  async function attempt(what: string, work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (signal.aborted) return;
      // This node's own disk: what it refuses, the destruction of a key too, it would refuse in every round, unheard.
      if (!(error instanceof EngineError) || error.code === 'STORE_FAILED') throw error;
      log.debug(`${what} is left to the next round`, { code: error.code });
    }
  }

  async function inRounds(round: () => Promise<void>): Promise<void> {
    while (!signal.aborted) {
      // Jitter keeps the acceptors of one partition from resolving the same flags at the same moment.
      const jitter = Math.floor(((randomBytes(1)[0] ?? 0) / 256) * CARE_EVERY_MS);
      await clock.sleep(CARE_EVERY_MS / 2 + jitter, signal).catch(() => {});
      if (!signal.aborted) await round();
    }
  }

  async function care(): Promise<void> {
    await attempt('passing ring documents on', () => exchange.run(signal));
    await attempt('asking for retirements', () => retirements.run(signal));
    await attempt('opening', () => opening.run(signal));
    await attempt('hearing of releases', () => votedReleases.run(decisions, signal));
    await attempt('asking for the roster', () => rosterSpread.run(signal));
  }

  async function hear(): Promise<void> {
    await attempt('hearing of windows', () => unopened.learnEnded(decisions, signal));
    await attempt('hearing of decisions', () => missed.run(signal));
  }

  const spreadCopies = () => attempt('spreading', () => spread.run(signal));
  const refill = () => attempt('repairing', () => repair.run(signal));
  const erase = () => attempt('erasing', () => erasing.run(signal));

  // Seals, flags and questions may wait for a node that hangs, and a repair takes as long as the store is large: what is due
  // elsewhere, rows on one disk too few and erasures above all, must not wait with them.
  await Promise.all([care, spreadCopies, resolveOverdue, sealOverdue, hear, refill, erase].map(inRounds));
}

const entryOf = ({ entry }: UndecidedFlag): FlagEntry => entry;

function byPartition(flags: readonly UndecidedFlag[]): Iterable<readonly UndecidedFlag[]> {
  const groups = new Map<string, UndecidedFlag[]>();
  for (const flag of flags) {
    const name = `${windowName(flag.record.scope)}/${flag.partition}`;
    groups.set(name, [...(groups.get(name) ?? []), flag]);
  }
  return groups.values();
}
