import { afterEach, describe, expect, it } from 'vitest';
import { operations } from '../../../src/protocol/index.ts';
import type { NodeId } from '../../../src/ring/index.ts';
import { type SmallCloud, startSmallCloud } from '../../support/small-cloud.ts';

let cloud: SmallCloud;

afterEach(() => cloud.close());

describe('the copies of a share', () => {
  it('never travel to a node of another domain, not even to be refused there', async () => {
    cloud = await startSmallCloud({ shape: { nodes: [2, 2, 2], acceptors: 1, replicas: 2 } });
    const reading = cloud.reading(await cloud.openWindow(), '1');
    const [first, away] = reading.owners(0) as [NodeId, NodeId];
    await cloud.stop(away);
    const asked: string[] = [];
    for (const node of cloud.nodeIds.filter((id) => id !== first && id !== away)) {
      const { peerRouter } = cloud.handle(node);
      const handle = peerRouter.handle;
      peerRouter.handle = (caller, request, signal) => {
        asked.push(request.path);
        return handle(caller, request, signal);
      };
    }
    expect(await reading.upload(0, first)).toEqual({ answers: ['STORED'] });
    expect(asked).not.toContain(operations.COPY.path);
    expect(cloud.handle(first).status().thinPartitions).toBe(1);
  });
});
