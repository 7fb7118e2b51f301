import { afterEach, describe, expect, it } from 'vitest';
import { operations } from '../../../src/protocol/index.ts';
import type { NodeId } from '../../../src/ring/index.ts';
import { expectCode } from '../../support/bad-input.ts';
import { isPending } from '../../support/pending.ts';
import type { RawReading } from '../../support/raw-reading.ts';
import { type SmallCloud, startSmallCloud } from '../../support/small-cloud.ts';
import { copyDisk, dropRow, restoreDisk } from '../../support/tampering.ts';

const SHAPE = { nodes: [1, 1, 1], acceptors: 3 } as const;

let cloud: SmallCloud;

afterEach(() => cloud.close());

function acceptTrue({ createRequest }: RawReading, node: NodeId) {
  const ballot = { counter: 0, proposer: 0 };
  const request = { ...createRequest, kind: 'accept', ballot, value: 'TRUE' } as const;
  return cloud.askAs(node, node, operations.VOTE, request);
}

describe('a node that starts', () => {
  it('on a store restored from an old copy never votes again, also not after another start', async () => {
    cloud = await startSmallCloud({ shape: SHAPE });
    const window = await cloud.openWindow();
    const [node] = cloud.nodeIds as [NodeId];
    const copy = copyDisk(cloud.store(node));
    for (const reading of ['1', '2', '3']) await cloud.reading(window, reading).commit();
    await cloud.stop(node);
    await restoreDisk(cloud.store(node), copy);
    for (let start = 0; start < 2; start++) {
      const handle = await cloud.start(node);
      expect(handle.readiness().reasons.join()).toContain('has seen commit');
      await expectCode(acceptTrue(cloud.reading(window, '4'), node), 'STORE_IN_DOUBT');
      await cloud.stop(node);
    }
  });

  it('on a store from which a row vanished never votes again', async () => {
    cloud = await startSmallCloud({ shape: SHAPE });
    const window = await cloud.openWindow();
    await cloud.reading(window, '1').commit();
    const [node] = cloud.nodeIds as [NodeId];
    await cloud.stop(node);
    await dropRow(cloud.store(node), 'flags');
    const handle = await cloud.start(node);
    expect(handle.readiness().reasons.join()).toContain('expected 1 rows in the flags table, found 0');
    await expectCode(acceptTrue(cloud.reading(window, '2'), node), 'STORE_IN_DOUBT');
  });

  it('and whom nobody has answered yet serves nothing but the question of the others', async () => {
    cloud = await startSmallCloud({ shape: SHAPE });
    const window = await cloud.openWindow();
    const [node, other] = cloud.nodeIds as [NodeId, NodeId];
    for (const id of cloud.nodeIds) await cloud.stop(id);
    const started = cloud.start(node);
    expect(await isPending(started)).toBe(true);
    await expectCode(acceptTrue(cloud.reading(window, '1'), node), 'NOT_READY');
    await expectCode(cloud.ask(node, operations.READ_RING, null), 'NOT_READY');
    await cloud.start(other);
    expect((await started).readiness()).toEqual({ ready: true, reasons: [] });
    expect(await acceptTrue(cloud.reading(window, '1'), node)).toMatchObject({ votes: [{ granted: true }] });
  });
});
