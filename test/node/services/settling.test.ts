import { afterEach, describe, expect, it } from 'vitest';
import { hasCode } from '../../../src/foundation/index.ts';
import { operations } from '../../../src/protocol/index.ts';
import type { NodeId, WindowId } from '../../../src/ring/index.ts';
import { expectExact } from '../../support/exact-result.ts';
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

describe('a window in which acceptors of different flags took more readings together than each may', () => {
  const MAX_READINGS = 8;
  const LARGE_RING = { nodes: [3, 3, 3], acceptors: 3, replicas: 2 } as const;

  /** Commits until an acceptor refuses. */
  async function fill(window: WindowId): Promise<readonly string[]> {
    const committed: string[] = [];
    for (let x = 0; ; x++) {
      try {
        await cloud.reading(window, String(x)).commit();
      } catch (error) {
        if (hasCode(error, 'WINDOW_FULL')) return committed;
        throw error;
      }
      committed.push(String(x));
    }
  }

  it('is released, as what was committed has to be', async () => {
    cloud = await startSmallCloud({
      shape: LARGE_RING,
      stream: { maxReadings: MAX_READINGS, maxExcluded: 0 },
    });
    const window = await cloud.openWindow();
    const committed = await fill(window);
    expect(committed.length).toBeGreaterThan(MAX_READINGS);
    expectExact(await cloud.compute(window), committed);
  });

  it('is INCOMPLETE where the sums have no room for them', async () => {
    // 8 squares of the largest reading are below half the field, 9 are not.
    const max = '4500000000000000000';
    cloud = await startSmallCloud({
      shape: LARGE_RING,
      stream: {
        maxReadings: MAX_READINGS,
        maxExcluded: 0,
        fields: [{ name: 'x', unit: '', decimals: 0, offset: '0', min: '0', max }],
      },
    });
    const window = await cloud.openWindow();
    expect((await fill(window)).length).toBeGreaterThan(MAX_READINGS);
    expect(await cloud.compute(window)).toMatchObject({
      kind: 'incomplete',
      reason: expect.stringContaining('expected at most 8 readings in the window, whose sums have no room'),
    });
  });
});
