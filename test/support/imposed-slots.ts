import { expect } from 'vitest';
import type { DecisionName, FlagEntry } from '../../src/protocol/index.ts';
import {
  digestOf,
  entryName,
  operations,
  settlementCodec,
  windowTermsCodec,
} from '../../src/protocol/index.ts';
import type { NodeId, Partition, WindowId } from '../../src/ring/index.ts';
import { epoch, partitionOf } from '../../src/ring/index.ts';
import { placementOf } from './placement-of.ts';
import { registerOf } from './register-of.ts';
import type { SmallCloud } from './small-cloud.ts';

/** Brings a slot of the register to a decision for any value, as a node of domain a may propose. */
export async function imposeSlot(
  of: SmallCloud,
  window: WindowId,
  decision: DecisionName,
  value: Uint8Array,
) {
  const [from] = of.nodeIds as [NodeId];
  const { context } = of.reading(window, '1').flagsRequest;
  const ballot = { counter: 9, proposer: 0 };
  for (const kind of ['prepare', 'accept'] as const) {
    for (const to of registerOf(of, window)) {
      const request = { context, decision, kind, ballot, value: kind === 'accept' ? value : null };
      expect(await of.askAs(from, to, operations.SYNOD, request)).toMatchObject({ granted: true });
    }
  }
}

/** The key of an open window's digests, as its register tells a node. */
export async function setHashKeyOf(of: SmallCloud, window: WindowId): Promise<Uint8Array> {
  const [from] = of.nodeIds as [NodeId];
  const { context } = of.reading(window, '1').flagsRequest;
  const read = {
    context,
    decision: 'terms',
    kind: 'read',
    ballot: { counter: 0, proposer: 0 },
    value: null,
  } as const;
  const [register] = registerOf(of, window);
  const { accepted } = await of.askAs(from, register as NodeId, operations.SYNOD, read);
  if (accepted === null) throw new Error('expected the terms of an open window');
  return windowTermsCodec.decode(accepted.value).setHashKey;
}

/** Decides that T is these flags, and stores their ids like a coordinator does. */
export async function imposeSettlement(of: SmallCloud, window: WindowId, entries: readonly FlagEntry[]) {
  const [from] = of.nodeIds as [NodeId];
  const { context } = of.reading(window, '1').flagsRequest;
  const domains = of.stream.domains.map(({ id }) => id);
  const placement = placementOf(of.ring);
  const setHashKey = await setHashKeyOf(of, window);
  const sorted = entries.toSorted((a, b) => (entryName(a) < entryName(b) ? -1 : 1));
  const byPartition = new Map<Partition, FlagEntry[]>();
  for (const entry of sorted) {
    const at = partitionOf(entry.readingId);
    byPartition.set(at, [...(byPartition.get(at) ?? []), entry]);
  }
  const partitions = [...byPartition].map(([partition, own]) => ({
    partition,
    digest: digestOf(setHashKey, own),
  }));
  for (const { partition, digest } of partitions) {
    for (const to of placement.acceptors(domains, partition)) {
      const list = { context, partition, digest, entries: byPartition.get(partition) ?? [], last: true };
      expect(await of.askAs(from, to, operations.KEEP_LIST, list)).toEqual({ kept: true });
    }
  }
  const counts = { flags: entries.length, readings: entries.length };
  const value = settlementCodec.encode({ placementEpoch: epoch(1), partitions, ...counts });
  await imposeSlot(of, window, 'settlement', value);
  return value;
}
