import { addToLimbSum, createLimbSum, encodeElements, limbSumElements } from '../../src/arithmetic/index.ts';
import { EngineError, untilAborted } from '../../src/foundation/index.ts';
import type { WithheldReason } from '../../src/protocol/gate.ts';
import type { ReleasedRow } from '../../src/protocol/index.ts';
import { operations, releasedRowCodec, windowName } from '../../src/protocol/index.ts';
import type { DomainId } from '../../src/ring/index.ts';
import { longHash } from '../engine/long-hash.ts';
import type { CallPeer } from '../engine/peers.ts';
import { at } from '../engine/peers.ts';
import type { Rings } from '../engine/rings.ts';
import type { Decisions } from './decisions.ts';
import type { Gate } from './gate.ts';
import type { HeldRows, Holding } from './holding.ts';
import type { Settling } from './settling.ts';
import type { Streams } from './streams.ts';
import type { OpenWindowRecord } from './windows.ts';

export interface ReleasingComponents {
  readonly decisions: Decisions;
  readonly settling: Settling;
  readonly gate: Gate;
  readonly holding: Holding;
  readonly streams: Streams;
  readonly rings: Rings;
  readonly self: { readonly domain: DomainId };
  readonly callPeer: CallPeer;
}

/**
 * Line 8 of docs/PROTOCOL.md, "Seal, settle, release": this domain's aggregate share, decided in its ledger before
 * it is told.
 */
export interface Releasing {
  /** This domain's row, the same bytes for ever. @throws EngineError `INCOMPLETE`, `SEAL_TOO_EARLY` */
  release(record: OpenWindowRecord, signal?: AbortSignal): Promise<Uint8Array>;
}

export function createReleasing(components: ReleasingComponents): Releasing {
  const { decisions, gate, settling, holding, streams, rings, self, callPeer } = components;
  const underWay = new Map<string, Promise<Uint8Array>>();

  async function makeRow(record: OpenWindowRecord): Promise<Uint8Array> {
    const decided = await decisions.look(record, 'release');
    if (decided !== null) return decided.bytes;
    await settling.exclude(record);
    const settlement = record.settlement;
    const exclusion = record.exclusion;
    if (settlement === null || exclusion === null)
      throw new EngineError('INTERNAL', 'a decided slot is unknown');
    const held = await holding.hold(record, settlement.value.partitions, exclusion.value.excluded);
    if (held.kind === 'waiting') throw new EngineError('INCOMPLETE', held.reason);
    if (held.missing.length > 0) {
      throw new EngineError('INCOMPLETE', 'rows were lost after the exclusions were decided');
    }
    const withheld = await gate.check(record, held);
    const row: ReleasedRow = {
      ...record.scope,
      domain: self.domain,
      index: streams.indexOf(record.stream),
      settled: longHash('settled', settlement.bytes, exclusion.bytes),
      ...(withheld === null ? await released(record, held) : withheldPart(withheld)),
    };
    return (await decisions.decide(record, 'release', releasedRowCodec.encode(row))).bytes;
  }

  async function released(
    record: OpenWindowRecord,
    held: Extract<HeldRows, { kind: 'held' }>,
  ): Promise<RowPart> {
    const { excluded = [], readings = 0 } = record.exclusion?.value ?? {};
    const flags = (record.settlement?.value.flags ?? 0) - excluded.length;
    const elements = await sum(record, held, { readings, flags });
    const committed = record.settlement?.value.readings ?? 0;
    return {
      readings,
      committed,
      flags,
      excluded: excluded.length,
      verdict: 'RELEASED',
      reason: '',
      elements,
    };
  }

  async function sum(
    record: OpenWindowRecord,
    { standing, nodes }: Extract<HeldRows, { kind: 'held' }>,
    expected: { readonly readings: number; readonly flags: number },
  ): Promise<Uint8Array> {
    const context = rings.contextOf(record.scope);
    const excluded = record.exclusion?.value.excluded ?? [];
    const total = createLimbSum(record.stream.elements.length);
    let readings = 0;
    let flags = 0;
    const parts = await Promise.all(
      standing.map(({ node, partitions }) =>
        callPeer(at(nodes, node), operations.SUM, { context, partitions, excluded }),
      ),
    );
    for (const part of parts) {
      if (!part.complete) throw new EngineError('INCOMPLETE', 'a node lost a row between two questions');
      addToLimbSum(total, part.elements);
      readings += part.readings;
      flags += part.flags;
    }
    if (readings !== expected.readings || flags !== expected.flags) {
      throw new EngineError('INCOMPLETE', 'the rows of the domain are not those of T minus X');
    }
    return encodeElements(limbSumElements(total));
  }

  return {
    release(record, signal) {
      if (record.release !== null) return Promise.resolve(record.release.bytes);
      // The work is shared by all who ask meanwhile, so one of them hanging up must not end it for the others.
      signal?.throwIfAborted();
      const name = windowName(record.scope);
      const making = underWay.get(name) ?? makeRow(record).finally(() => underWay.delete(name));
      underWay.set(name, making);
      return signal === undefined ? making : untilAborted(making, signal);
    },
  };
}

type RowPart = Pick<
  ReleasedRow,
  'readings' | 'committed' | 'flags' | 'excluded' | 'verdict' | 'reason' | 'elements'
>;

/** No number stands in a row that is withheld: each would tell what the gate hides. */
function withheldPart(reason: WithheldReason): RowPart {
  return {
    readings: 0,
    committed: 0,
    flags: 0,
    excluded: 0,
    verdict: 'WITHHELD',
    reason,
    elements: new Uint8Array(0),
  };
}
