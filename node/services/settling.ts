import { EngineError } from '../../src/foundation/index.ts';
import type { Clock, Log, RandomBytes } from '../../src/ports/index.ts';
import type { PartitionDigest, Settlement } from '../../src/protocol/index.ts';
import { exclusionCodec, operations, settlementCodec, windowName } from '../../src/protocol/index.ts';
import { EXCLUDED_MAX } from '../../src/protocol/limits.ts';
import { readingsThatFit } from '../../src/protocol/stream-rules.ts';
import type { Sealed, SettleCall, SettleReply } from '../../src/rounds/index.ts';
import { runRound, settleRound } from '../../src/rounds/index.ts';
import type { CallPeer } from '../engine/peers.ts';
import { at, silence } from '../engine/peers.ts';
import type { Rings } from '../engine/rings.ts';
import type { KnownDecision } from './decided.ts';
import type { Decisions } from './decisions.ts';
import { createFreezing } from './freezing.ts';
import { digestOfSlot } from './holding.ts';
import type { OpenWindowRecord } from './windows.ts';

export interface SettlingComponents {
  readonly decisions: Decisions;
  readonly rings: Rings;
  readonly callPeer: CallPeer;
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
  readonly log: Log;
}

/**
 * Lines 1 to 7 of docs/PROTOCOL.md, "Seal, settle, release", with this node as coordinator. Every step is
 * idempotent and decided by the window register, so any number of nodes may coordinate at once and any may die
 * between two steps.
 */
export interface Settling {
  /**
   * Seals the window: asks every acceptor to freeze. What their reports add up to is then decided as T, and X after
   * it, where register and domains can be reached: those who COMPUTE then find both, instead of deciding them against
   * each other.
   */
  seal(record: OpenWindowRecord, signal?: AbortSignal): Promise<Sealed>;
  /** Decides T. @throws EngineError `INCOMPLETE`, `SEAL_TOO_EARLY` */
  settle(record: OpenWindowRecord, signal?: AbortSignal): Promise<KnownDecision<'settlement'>>;
  /** Decides X after T. @throws EngineError `INCOMPLETE`, `SEAL_TOO_EARLY` */
  exclude(record: OpenWindowRecord, signal?: AbortSignal): Promise<void>;
}

export function createSettling(components: SettlingComponents): Settling {
  const { decisions, rings, callPeer, clock, randomBytes, log } = components;
  const freeze = createFreezing(components);

  async function settle(
    record: OpenWindowRecord,
    signal?: AbortSignal,
  ): Promise<KnownDecision<'settlement'>> {
    const known = await decisions.look(record, 'settlement', signal);
    if (known !== null) return known;
    const sealed = await freeze(record, signal);
    if (sealed.kind === 'open') throw sealed.error;
    return decide(record, sealed.partitions, signal);
  }

  async function seal(record: OpenWindowRecord, signal?: AbortSignal): Promise<Sealed> {
    const frozen = await freeze(record, signal);
    // What is settled was sealed, whoever has lost a freeze since then.
    const looks = frozen.kind === 'open' ? decisions.look(record, 'settlement', signal) : null;
    const known = await looks?.catch((error: unknown) => silence(error));
    const sealed = known == null ? frozen : sealedAs(known.value);
    if (sealed.kind === 'sealed' && record.exclusion === null) {
      await decideAll(record, sealed.partitions, signal).catch((error: unknown) => silence(error));
    }
    return sealed;
  }

  /** T, then X. */
  async function decideAll(
    record: OpenWindowRecord,
    partitions: readonly PartitionDigest[],
    signal?: AbortSignal,
  ): Promise<void> {
    if (record.settlement === null) await decide(record, partitions, signal);
    await exclude(record, signal);
  }

  async function decide(
    record: OpenWindowRecord,
    partitions: readonly PartitionDigest[],
    signal?: AbortSignal,
  ): Promise<KnownDecision<'settlement'>> {
    const flags = partitions.reduce((sum, { digest }) => sum + digest.count, 0);
    const readings = partitions.reduce((sum, { digest }) => sum + digest.readings, 0);
    const wish = settlementCodec.encode({
      placementEpoch: rings.of(record.scope).ring.epoch,
      partitions,
      flags,
      readings,
    });
    const decided = await decisions.decide(record, 'settlement', wish, signal);
    log.info('window settled', { window: windowName(record.scope) });
    return decided;
  }

  async function exclude(record: OpenWindowRecord, signal?: AbortSignal): Promise<void> {
    const settlement = await settle(record, signal);
    const most = readingsThatFit(record.stream);
    if (settlement.value.readings > most) {
      throw new EngineError(
        'INCOMPLETE',
        `expected at most ${most} readings in the window, whose sums have no room for more, got ${settlement.value.readings}`,
      );
    }
    if ((await decisions.look(record, 'exclusion', signal)) !== null) return;
    const domains = record.stream.domains.map(({ id }) => rings.of(record.scope).nodesOf(id));
    const context = rings.contextOf(record.scope);
    const digest = digestOfSlot(settlement.bytes);
    const round = settleRound({
      nodesOf: domains.map(({ length }) => length),
      excludedMax: Math.min(record.stream.maxExcluded, EXCLUDED_MAX),
      readings: settlement.value.readings,
    });
    const perform = async ({ domain, node }: SettleCall, over: AbortSignal): Promise<SettleReply> => {
      const to = at(at(domains, domain), node);
      const answer = await callPeer(to, operations.READY, { context, settlement: digest }, over);
      if (answer.ready) return { kind: 'ready', missing: answer.missing };
      return { kind: 'waiting', reason: answer.reason };
    };
    const out = await runRound(round, { perform, clock, randomBytes }, signal);
    if (out.kind === 'incomplete') throw new EngineError('INCOMPLETE', out.reason);
    const readings = settlement.value.readings - out.excluded.reduce((sum, { count }) => sum + count, 0);
    const wish = exclusionCodec.encode({ settlement: digest, excluded: out.excluded, readings });
    await decisions.decide(record, 'exclusion', wish, signal);
  }

  return { seal, settle, exclude };
}

function sealedAs({ partitions }: Settlement): Sealed {
  return { kind: 'sealed', partitions };
}
