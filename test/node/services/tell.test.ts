import { afterEach, describe, expect, it } from 'vitest';
import { diagnose } from '../../../operator-cli/operator/index.ts';
import { cryptoRandomBytes } from '../../../src/platform/index.ts';
import { operations, readingId } from '../../../src/protocol/index.ts';
import type { NodeId, WindowId } from '../../../src/ring/index.ts';
import { freshSensor } from '../../support/fixed-sensor.ts';
import { type SmallCloud, startSmallCloud } from '../../support/small-cloud.ts';

const MIN = 10;
const FEW = { above: 0, below: MIN };
const SOME = { above: MIN - 1, below: 2 * MIN };
const OLD_MS = 45_000;

let cloud: SmallCloud;
afterEach(() => cloud.close());

const start = async (options: Partial<Parameters<typeof startSmallCloud>[0]> = {}): Promise<WindowId> => {
  cloud = await startSmallCloud({ stream: { publicData: false, minSensors: MIN }, ...options });
  return cloud.openWindow();
};

async function commit(window: WindowId, readings: number): Promise<void> {
  for (let i = 0; i < readings; i++) {
    const { sensorId } = freshSensor();
    const entry = { readingId: readingId(cryptoRandomBytes(16)), sensorId, count: 1 };
    await cloud.clock.until(cloud.reading(window, String(i), { entry }).commit());
  }
}

const statusOf = (node: NodeId) => cloud.order(node, operations.READ_STATUS, null);
const auditOf = (node: NodeId) => cloud.clock.until(cloud.order(node, operations.AUDIT, null));
const a1 = 'a1' as NodeId;

describe('what a node tells its operator of a window that is not released', () => {
  it('is not how many readings there are, while they are fewer than a release needs', async () => {
    const window = await start();
    expect((await auditOf(a1)).rows.good).toBe(0);
    const seen: unknown[] = [];
    for (const more of [1, MIN - 2, 1, 1]) {
      await commit(window, more);
      seen.push((await auditOf(a1)).rows.good);
    }
    expect(seen).toEqual([FEW, FEW, SOME, SOME]);
  });

  it('is not how many flags are undecided', async () => {
    const window = await start();
    const readings = ['1', '2'].map((text) => cloud.reading(window, text, { group: 0 }));
    const acceptors = new Set<NodeId>();
    for (const reading of readings) {
      await reading.notice();
      acceptors.add(reading.acceptor);
    }
    for (const node of acceptors) {
      expect((await statusOf(node)).undecidedFlags).toEqual(FEW);
      expect((await auditOf(node)).flags).toMatchObject({ undecided: FEW, overdue: 0, corrupt: 0 });
    }
  });

  it("is bounded by the domain's own floor where the stream asks for less", async () => {
    const window = await start({ floors: { a: 20 } });
    await commit(window, 3);
    const few = { above: 0, below: 20 };
    expect(await auditOf(a1)).toMatchObject({ rows: { good: few }, copies: { partitions: few } });
  });

  it('is not how many partitions wait for a node that is away', async () => {
    const window = await start({
      shape: { nodes: [2, 1, 1], replicas: 2 },
      stream: { publicData: false, minSensors: MIN },
    });
    let reading = cloud.reading(window, '1');
    while (reading.acceptor === 'a2') reading = cloud.reading(window, '1');
    await cloud.stop('a2' as NodeId);
    await reading.notice();
    for (const node of [a1, undefined, undefined].entries()) await reading.upload(...node);
    await reading.set();
    expect(await statusOf(a1)).toMatchObject({ thinPartitions: FEW, hintedPartitions: 0 });
    const report = {
      node: a1,
      domain: cloud.ring.domains[0]?.domain ?? expect.fail(),
      audit: await auditOf(a1),
    };
    expect(diagnose([report], cloud.ring.epoch).map(({ what }) => what)).toContain(
      `< ${MIN} partitions have too few copies`,
    );
  });

  it('is the number itself once the window is released', async () => {
    const window = await start();
    await commit(window, MIN + 2);
    expect((await auditOf(a1)).rows.good).toEqual(SOME);
    await cloud.compute(window);
    await cloud.clock.advance(OLD_MS);
    expect((await auditOf(a1)).rows.good).toBe(MIN + 2);
  });
});
