import { afterEach, describe, expect, it } from 'vitest';
import { operations } from '../../../src/protocol/index.ts';
import { type WindowId, windowId } from '../../../src/ring/index.ts';
import { type SmallCloud, START_MS, startSmallCloud } from '../../support/small-cloud.ts';

/** More windows than a node keeps the frozen reports of. */
const WINDOWS = 140;

let cloud: SmallCloud;

afterEach(() => cloud.close());

describe('the report of a frozen window', () => {
  it('is the same after the node has dropped it from memory', async () => {
    cloud = await startSmallCloud();
    const windows: WindowId[] = [];
    const first = await cloud.openWindow();
    const reading = cloud.reading(first, '4.5');
    await reading.commit();
    const [node = reading.acceptor, other = reading.acceptor] = cloud.nodeIds;
    const asker = reading.acceptor === node ? other : node;
    const freeze = async (window: WindowId) => {
      const { context } = cloud.reading(window, '1').flagsRequest;
      const { partitions } = await cloud.askAs(asker, reading.acceptor, operations.FREEZE, { context });
      return partitions;
    };
    const before = await freeze(first);
    expect(before).toHaveLength(1);
    for (let i = 1; i < WINDOWS; i++)
      windows.push(await cloud.openWindow({ window: windowId(START_MS + i) }));
    for (const window of windows) expect(await freeze(window)).toEqual([]);
    expect(await freeze(first)).toEqual(before);
  });
});
