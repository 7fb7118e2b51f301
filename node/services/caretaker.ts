import { EngineError } from '../../src/foundation/index.ts';
import type { Clock, Log, RandomBytes } from '../../src/ports/index.ts';
import { limits, windowName } from '../../src/protocol/index.ts';
import type { NodeId, Placement } from '../../src/ring/index.ts';
import type { FlagCensus, UndecidedFlag } from './flag-census.ts';
import type { Flags } from './flags.ts';
import type { Settling } from './settling.ts';
import type { Spread } from './spread.ts';
import type { OpenWindowRecord, Windows } from './windows.ts';

/** Pause between two rounds of care; a flag becomes ERROR at most this long after its timeout. */
export const CARE_EVERY_MS = 1_000;
/** Counters of ballots stay far below 2^53, however often two resolvers outbid each other. */
const COUNTER_MAX = 2 ** 40;

export interface CaretakerComponents {
  readonly census: FlagCensus;
  readonly flags: Flags;
  readonly spread: Spread;
  readonly windows: Windows;
  readonly settling: Settling;
  readonly placement: Placement;
  readonly self: { readonly nodeId: NodeId; readonly place: number };
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
  readonly log: Log;
}

/**
 * What a node does without being asked: resolves flags over their timeout, seals windows whose latest time has
 * passed, and brings thin and hinted rows to their owners. Runs until the signal aborts.
 */
export async function runCaretaker(components: CaretakerComponents, signal: AbortSignal): Promise<void> {
  const { census, flags, spread, windows, settling, placement, self, clock, randomBytes, log } = components;
  let counter = 1;

  async function resolveOverdue(): Promise<void> {
    const overdue = census.olderThan(
      ({ stream }) => clock.now() - stream.flagTimeoutMs,
      limits.FLAGS_PER_REQUEST_MAX,
    );
    for (const group of byPartition(overdue)) {
      const [first] = group;
      if (first === undefined || signal.aborted) continue;
      const ballot = { counter, proposer: self.place };
      const entries = group.map(({ entry }) => entry);
      const outcomes = await flags.resolve(first.record, first.partition, entries, ballot);
      // Somebody promised more to another resolver; doubling overtakes it in a few rounds.
      if (outcomes.includes('UNDECIDED')) counter = Math.min(counter * 2, COUNTER_MAX);
    }
  }

  async function sealOverdue(): Promise<void> {
    for (const record of windows.all()) {
      if (signal.aborted) return;
      if (record.settlement !== null || clock.now() < record.terms.value.latest) continue;
      if (isRegisterAcceptor(record)) await settling.settle(record, signal);
    }
  }

  function isRegisterAcceptor({ scope, stream }: OpenWindowRecord): boolean {
    const domains = stream.domains.map(({ id }) => id);
    return placement
      .registerAcceptors(domains, scope.stream, scope.window, scope.group)
      .includes(self.nodeId);
  }

  async function attempt(what: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      log.debug(`${what} is left to the next round`, { code: error.code });
    }
  }

  while (!signal.aborted) {
    // Jitter keeps the acceptors of one partition from resolving the same flags at the same moment.
    const jitter = ((randomBytes(1)[0] ?? 0) / 256) * CARE_EVERY_MS;
    await clock.sleep(CARE_EVERY_MS / 2 + jitter, signal).catch(() => {});
    if (signal.aborted) return;
    await attempt('resolving', resolveOverdue);
    await attempt('sealing', sealOverdue);
    await attempt('spreading', () => spread.run(signal));
  }
}

function byPartition(flags: readonly UndecidedFlag[]): Iterable<readonly UndecidedFlag[]> {
  const groups = new Map<string, UndecidedFlag[]>();
  for (const flag of flags) {
    const name = `${windowName(flag.record.scope)}/${flag.partition}`;
    groups.set(name, [...(groups.get(name) ?? []), flag]);
  }
  return groups.values();
}
