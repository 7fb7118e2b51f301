import type { EngineError } from '../../src/foundation/index.ts';
import type { Clock, RandomBytes } from '../../src/ports/index.ts';
import { operations } from '../../src/protocol/index.ts';
import { majority } from '../../src/ring/index.ts';
import type { SealCall, Sealed, SealReply } from '../../src/rounds/index.ts';
import { runRound, sealRound } from '../../src/rounds/index.ts';
import type { CallPeer } from '../engine/peers.ts';
import { at } from '../engine/peers.ts';
import type { Rings } from '../engine/rings.ts';
import type { OpenWindowRecord } from './windows.ts';

/** Partitions whose differing lists one seal reads at the same time; bounds its memory. */
const LISTS_AT_ONCE = 8;

export interface FreezingComponents {
  readonly rings: Rings;
  readonly callPeer: CallPeer;
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
}

/** Asks every acceptor of the window to freeze, and makes the candidate T of what they report. */
export type Freeze = (record: OpenWindowRecord, signal?: AbortSignal) => Promise<Sealed>;

export function createFreezing({ rings, callPeer, clock, randomBytes }: FreezingComponents): Freeze {
  function freezeWithout(
    record: OpenWindowRecord,
    liars: ReadonlyMap<number, EngineError>,
    signal?: AbortSignal,
  ): Promise<Sealed> {
    const domains = record.stream.domains.map(({ id }) => id);
    const { placement, nodesOf } = rings.of(record.scope);
    const nodes = domains.flatMap(nodesOf);
    const places = new Map(nodes.map((node, place) => [node, place]));
    const acceptors = placement.acceptorsOver(domains);
    const round = sealRound({
      nodes: nodes.length,
      acceptorsOf: (partition) => acceptors(partition).map((node) => places.get(node) ?? 0),
      quorumOf: majority,
      maxReadings: record.stream.maxReadings,
      setHashKey: record.terms.value.setHashKey,
      listsAtOnce: LISTS_AT_ONCE,
    });
    const context = rings.contextOf(record.scope);
    const perform = async (call: SealCall, over: AbortSignal): Promise<SealReply> => {
      const to = at(nodes, call.node);
      const lie = liars.get(call.node);
      if (lie !== undefined) throw lie;
      switch (call.kind) {
        case 'freeze':
          return { kind: 'freeze', report: await callPeer(to, operations.FREEZE, { context }, over) };
        case 'list':
          return {
            kind: 'list',
            list: await callPeer(to, operations.FROZEN_LIST, { context, ...call }, over),
          };
        case 'keep': {
          const { kept } = await callPeer(to, operations.KEEP_LIST, { context, ...call }, over);
          return { kind: 'keep', kept };
        }
      }
    };
    return runRound(round, { perform, clock, randomBytes }, signal);
  }

  // Without the answers of those that answer what no honest acceptor does, once more for each.
  return async (record, signal) => {
    const liars = new Map<number, EngineError>();
    for (;;) {
      const sealed = await freezeWithout(record, liars, signal);
      if (sealed.kind === 'sealed' || sealed.liar === undefined) return sealed;
      liars.set(sealed.liar, sealed.error);
    }
  };
}
