import { afterEach, describe, expect, it } from 'vitest';
import { operations } from '../../../src/protocol/index.ts';
import type { NodeId, WindowId } from '../../../src/ring/index.ts';
import { type SmallCloud, startSmallCloud } from '../../support/small-cloud.ts';

let cloud: SmallCloud;

afterEach(() => cloud.close());

async function stateAt(node: NodeId, window: WindowId): Promise<string | undefined> {
  const { windows } = await cloud.ask(node, operations.READ_STREAM, { stream: cloud.stream.hash });
  return windows.find((found) => found.window === window)?.state;
}

describe('SEAL', () => {
  it('decides T from the reports that it has heard, so that COMPUTE asks for none', async () => {
    cloud = await startSmallCloud();
    const window = await cloud.openWindow();
    const [node] = cloud.nodeIds as [NodeId];
    expect(await stateAt(node, window)).toBe('OPEN');
    const question = { stream: cloud.stream.hash, window, group: 0 };
    expect(await cloud.clock.until(cloud.order(node, operations.SEAL, question))).toMatchObject({
      sealed: true,
    });
    expect(await stateAt(node, window)).toBe('SETTLED');
  });
});
