import { afterEach, expect, it, vi } from 'vitest';
import { operations } from '../../../src/protocol/index.ts';
import type { NodeId } from '../../../src/ring/index.ts';
import { nodeId } from '../../../src/ring/index.ts';
import { expectExact } from '../../support/exact-result.ts';
import type { RawReading } from '../../support/raw-reading.ts';
import { type SmallCloud, startSmallCloud } from '../../support/small-cloud.ts';

const [ASKED, OWNER, HINTED] = ['a1', 'a2', 'a3'].map(nodeId) as [NodeId, NodeId, NodeId];

let cloud: SmallCloud | undefined;

afterEach(() => cloud?.close());

/** Keeps the messages of an operation from a node until `go` resolves. */
function delay(at: NodeId, { path }: { readonly path: string }, go: () => Promise<unknown>): void {
  const router = cloud?.handle(at).peerRouter;
  if (router === undefined) throw new Error('expected a cloud');
  const handle = router.handle.bind(router);
  vi.spyOn(router, 'handle').mockImplementation(async (caller, request, signal) => {
    if (request.path === path) await go();
    return handle(caller, request, signal);
  });
}

/** A reading that both of its owners in the first domain lack, because they were away: a hint is all that there is of it. */
async function hintedReading(started: SmallCloud): Promise<RawReading> {
  const window = await started.openWindow();
  const readings = Array.from({ length: 1_024 }, (_, group) => started.reading(window, '1', { group }));
  const reading = readings.find((one) => !one.owners(0).includes(HINTED));
  if (reading === undefined) throw new Error('expected a partition that the third node does not own');
  await reading.notice();
  for (const owner of [ASKED, OWNER]) await started.stop(owner);
  await reading.upload(0, HINTED);
  for (const index of [1, 2]) await reading.upload(index);
  await reading.set();
  return reading;
}

it('a hint that reaches its owners while a domain is asked what it holds is not missing', async () => {
  const started = await startSmallCloud({ shape: { nodes: [3, 1, 1], acceptors: 3, replicas: 2 } });
  cloud = started;
  const reading = await hintedReading(started);
  const { window } = reading.flagsRequest.context;
  const sharesAt = (node: NodeId): number => started.rowsAt(node, 'values').length;
  expect([ASKED, OWNER, HINTED].map(sharesAt)).toEqual([0, 0, 1]);
  let asked = () => {};
  const comesToHint = new Promise<void>((resolve) => {
    asked = resolve;
  });
  for (const owner of [ASKED, OWNER]) {
    await started.start(owner);
    delay(owner, operations.COMPARE, () => comesToHint);
  }
  delay(HINTED, operations.HELD, async () => {
    asked();
    while (sharesAt(HINTED) > 0) await started.clock.sleep(100);
  });
  expectExact(await started.compute(window), ['1']);
  expect([ASKED, OWNER, HINTED].map(sharesAt)).toEqual([1, 1, 0]);
});
