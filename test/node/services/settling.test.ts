import { afterEach, describe, expect, it } from 'vitest';
import { operations } from '../../../src/protocol/index.ts';
import type { NodeId, WindowId } from '../../../src/ring/index.ts';
import { registerOf } from '../../support/register-of.ts';
import { type SmallCloud, startSmallCloud } from '../../support/small-cloud.ts';

let cloud: SmallCloud;

afterEach(() => cloud.close());

async function stateAt(node: NodeId, window: WindowId): Promise<string | undefined> {
  const { windows } = await cloud.ask(node, operations.READ_STREAM, { stream: cloud.stream.hash });
  return windows.find((found) => found.window === window)?.state;
}

describe('SEAL', () => {
  it('decides T and X from what it has heard, so that COMPUTE asks nobody for it and takes no ballot', async () => {
    const paths: string[] = [];
    const asked: string[] = [];
    cloud = await startSmallCloud({
      overhear({ path, request }) {
        paths.push(path);
        if (path !== operations.SYNOD.path) return;
        const { decision, kind } = operations.SYNOD.request.decode(request);
        asked.push(`${decision} ${kind}`);
      },
    });
    const window = await cloud.openWindow();
    const [node] = cloud.nodeIds as [NodeId];
    expect(await stateAt(node, window)).toBe('OPEN');
    const question = { stream: cloud.stream.hash, window, group: 0 };
    expect(await cloud.clock.until(cloud.order(node, operations.SEAL, question))).toMatchObject({
      sealed: true,
    });
    expect(await stateAt(node, window)).toBe('SETTLED');
    expect(paths).toContain(operations.READY.path);
    expect(asked).toContain('exclusion accept');
    paths.length = 0;
    asked.length = 0;
    expect(await cloud.compute(window)).toMatchObject({ kind: 'result' });
    expect(paths).not.toContain(operations.FREEZE.path);
    expect(paths).not.toContain(operations.READY.path);
    expect(asked).toContain('exclusion read');
    expect(asked.filter((one) => !one.endsWith('read'))).toEqual([]);
  });

  it('says of a settled window that it is sealed, also where too few of those who froze it are left', async () => {
    cloud = await startSmallCloud({ shape: { nodes: [2, 2, 2], acceptors: 3 } });
    const window = await cloud.openWindow();
    const question = { stream: cloud.stream.hash, window, group: 0 };
    const register = registerOf(cloud, window);
    const [node] = register as [NodeId];
    const seal = () => cloud.clock.until(cloud.order(node, operations.SEAL, question));
    expect(await seal()).toMatchObject({ sealed: true });
    // Each of them votes about half of the partitions, and about a quarter both do.
    for (const one of cloud.nodeIds.filter((id) => !register.includes(id)).slice(0, 2)) await cloud.stop(one);
    expect(await seal()).toMatchObject({ sealed: true, partitionsOpen: 0 });
  });
});
