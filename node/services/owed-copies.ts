import type { SetDigest } from '../../src/protocol/index.ts';
import { equalDigests, operations } from '../../src/protocol/index.ts';
import type { Holding } from '../../src/protocol/window-messages.ts';
import type { DomainId, NodeId, Partition } from '../../src/ring/index.ts';
import type { CallPeer } from '../engine/peers.ts';
import type { Rings } from '../engine/rings.ts';
import type { Gather } from './gathering.ts';
import type { RowInventory } from './inventory.ts';
import type { Spread } from './spread.ts';
import type { OpenWindowRecord } from './windows.ts';

export interface OwedCopiesComponents {
  readonly gather: Gather;
  readonly spread: Pick<Spread, 'mark'>;
  readonly rings: Rings;
  readonly self: { readonly nodeId: NodeId; readonly domain: DomainId };
  readonly callPeer: CallPeer;
  readonly inventory: RowInventory;
}

type Held = ReadonlyMap<Partition, SetDigest>;

const heldIn = (holdings: readonly Holding[]): Held =>
  new Map(holdings.map(({ partition, digest }) => [partition, digest]));

/**
 * Marks anew what a store has forgotten that it owed: its marks may be gone, and hints with them, of which the owner that has
 * the same rows knows nothing. Partitions whose owners do not show the same rows are brought to them, through this node.
 * @param nodes others of the domain, which are there
 */
export async function markOwedCopies(
  { gather, spread, rings, self, callPeer, inventory }: OwedCopiesComponents,
  record: OpenWindowRecord,
  nodes: readonly NodeId[],
  signal: AbortSignal,
): Promise<void> {
  const context = rings.contextOf(record.scope);
  const here = heldIn((await inventory.take(record, signal)).holdings);
  const held = new Map<NodeId, Held>([[self.nodeId, here]]);
  for (const node of nodes) {
    const { partitions } = await callPeer(node, operations.INVENTORY, { context }, signal);
    held.set(node, heldIn(partitions));
  }
  const { placement } = rings.of(record.scope);
  const isOwn = (at: Partition): boolean => placement.owners(self.domain, at).includes(self.nodeId);

  function isUneven(at: Partition): boolean {
    const [first, ...others] = placement
      .owners(self.domain, at)
      .flatMap((owner) => held.get(owner) ?? [])
      .map((rows) => rows.get(at));
    return others.some(
      (digest) => digest === undefined || first === undefined || !equalDigests(first, digest),
    );
  }

  const there = new Set([...held.values()].flatMap((rows) => [...rows.keys()]));
  const uneven = [...there].filter(isUneven);
  const hinted = uneven.filter((at) => !isOwn(at));
  if (hinted.length > 0) await gather(record, hinted, signal, nodes);
  for (const at of uneven) if (isOwn(at)) spread.mark(record, at);
  for (const at of here.keys()) if (!isOwn(at)) spread.mark(record, at);
}
