import { afterEach, expect, it, vi } from 'vitest';
import type { Operation } from '../../../src/protocol/index.ts';
import { operations } from '../../../src/protocol/index.ts';
import type { NodeId, WindowId } from '../../../src/ring/index.ts';
import { nodeId } from '../../../src/ring/index.ts';
import { expectExact } from '../../support/exact-result.ts';
import type { RawReading } from '../../support/raw-reading.ts';
import { type SmallCloud, startSmallCloud } from '../../support/small-cloud.ts';

const PRIVATE = { publicData: false, minSensors: 10 } as const;
const SHAPE = { nodes: [3, 1, 1], acceptors: 3, replicas: 2 } as const;
/** Of a partition that the third node of their domain does not own. */
const OWNERS = [nodeId('a1'), nodeId('a2')] as const;
const HINTED = nodeId('a3');

type Question = Pick<Operation<unknown, unknown>, 'path'>;

let cloud: SmallCloud | undefined;

afterEach(() => cloud?.close());

/** Keeps the messages of an operation from a node until `go` resolves. */
function delay(at: NodeId, { path }: Question, go: () => Promise<unknown>): void {
  const router = cloud?.handle(at).peerRouter;
  if (router === undefined) throw new Error('expected a cloud');
  const handle = router.handle.bind(router);
  vi.spyOn(router, 'handle').mockImplementation(async (caller, request, signal) => {
    if (request.path === path) await go();
    return handle(caller, request, signal);
  });
}

/** One that the third node of the first domain does not own. */
function elsewhere(started: SmallCloud, window: WindowId): RawReading {
  const readings = Array.from({ length: 1_024 }, (_, group) => started.reading(window, '1', { group }));
  const reading = readings.find((one) => !one.owners(0).includes(HINTED));
  if (reading === undefined) throw new Error('expected a partition that the third node does not own');
  return reading;
}

const sharesAt = (node: NodeId): number => cloud?.rowsAt(node, 'values').length ?? 0;

/**
 * Starts the owners again, who get the hints not before the third node is asked the question; its answer is of behind that.
 * @param shares that it keeps then.
 */
async function moveBehind(started: SmallCloud, question: Question, shares: number) {
  let asked = () => {};
  const comesToHint = new Promise<void>((resolve) => {
    asked = resolve;
  });
  for (const owner of OWNERS) {
    await started.start(owner);
    delay(owner, operations.COMPARE, () => comesToHint);
  }
  delay(HINTED, question, async () => {
    asked();
    while (sharesAt(HINTED) > shares) await started.clock.sleep(100);
  });
}

it('a hint that reaches its owners while a domain is asked what it holds is not missing', async () => {
  const started = await startSmallCloud({ shape: SHAPE });
  cloud = started;
  const window = await started.openWindow();
  const reading = elsewhere(started, window);
  await reading.notice();
  for (const owner of OWNERS) await started.stop(owner);
  await reading.upload(0, HINTED);
  for (const index of [1, 2]) await reading.upload(index);
  await reading.set();
  expect([...OWNERS, HINTED].map(sharesAt)).toEqual([0, 0, 1]);
  await moveBehind(started, operations.HELD, 0);
  expectExact(await started.compute(window), ['1']);
  expect([...OWNERS, HINTED].map(sharesAt)).toEqual([1, 1, 0]);
});

it('a node whose hints have gone to their owners since it stood for a partition counts no sensor less', async () => {
  const started = await startSmallCloud({ shape: SHAPE, stream: PRIVATE });
  cloud = started;
  const window = await started.openWindow();
  const readings = Array.from({ length: 10 }, () => elsewhere(started, window));
  for (const owner of OWNERS) await started.stop(owner);
  for (const reading of readings) {
    await reading.upload(0, HINTED);
    for (const index of [1, 2]) await reading.upload(index);
    await reading.set();
  }
  await moveBehind(started, operations.SENSORS, 0);
  expectExact(
    await started.compute(window),
    readings.map(() => '1'),
  );
});

it('a hint that reaches its owners while a domain is asked for its sensors is of a sensor all the same', async () => {
  const started = await startSmallCloud({ shape: SHAPE, stream: PRIVATE });
  cloud = started;
  const window = await started.openWindow();
  for (let sensor = 0; sensor < 12; sensor++) await started.reading(window, '1').commit();
  const own = sharesAt(HINTED);
  for (const owner of OWNERS) await started.stop(owner);
  // Of two sensors more than may be left out, one domain alone has a share.
  for (let sensor = 0; sensor < 2; sensor++) await elsewhere(started, window).upload(0, HINTED);
  await moveBehind(started, operations.SENSORS, own);
  expect(await started.compute(window)).toEqual({ kind: 'withheld', reason: 'domain a: TOO_FEW_COMMITTED' });
  expect(sharesAt(HINTED)).toBe(own);
});
