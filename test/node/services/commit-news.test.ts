import { afterEach, expect, it } from 'vitest';
import { operations } from '../../../src/protocol/index.ts';
import type { NodeId, StoreId } from '../../../src/ring/index.ts';
import { storeId } from '../../../src/ring/index.ts';
import { expectCode } from '../../support/bad-input.ts';
import { type SmallCloud, startSmallCloud } from '../../support/small-cloud.ts';

const COMMIT = 1_000;

let cloud: SmallCloud | undefined;

afterEach(() => cloud?.close());

it('a commit of a store that a node does not know of is not kept, and not said to be', async () => {
  cloud = await startSmallCloud();
  const [teller, other] = cloud.nodeIds as [NodeId, NodeId];
  const own = cloud.ring.domains.flatMap(({ nodes }) => nodes).find(({ id }) => id === teller)?.storeId;
  const tell = (store: StoreId) =>
    cloud?.askAs(teller, other, operations.COMMITTED, { storeId: store, commitSeq: COMMIT });
  const recalled = async (store: StoreId) =>
    (await cloud?.askAs(teller, other, operations.RECALL, { storeId: store }))?.commitSeq;
  if (own === undefined) throw new Error('expected a node of the ring');
  expect(await tell(own)).toEqual({ kept: true });
  expect(await recalled(own)).toBe(COMMIT);
  // One that took its place, in a document that the other node has not heard of yet.
  const next = storeId('ee'.repeat(16));
  await expectCode(Promise.resolve(tell(next)), 'STALE_EPOCH');
  expect(await recalled(next)).toBe(0);
});
