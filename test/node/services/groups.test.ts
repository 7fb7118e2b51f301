import { afterEach, describe, expect, it } from 'vitest';
import { fromBase64Url } from '../../../src/foundation/index.ts';
import { operations, releasedRowCodec } from '../../../src/protocol/index.ts';
import type { NodeId, WindowId } from '../../../src/ring/index.ts';
import { expectCode } from '../../support/bad-input.ts';
import { type SmallCloud, startSmallCloud } from '../../support/small-cloud.ts';

const GROUPS = ['north', 'south', 'west'];
const NORTH = 1;
const SOUTH = 2;
const WEST = 3;

let cloud: SmallCloud;

afterEach(() => cloud.close());

const questionOf = (window: WindowId, group: number) => ({ stream: cloud.stream.hash, window, group });

async function rowOf(node: NodeId, window: WindowId, group: number) {
  const answer = await cloud.clock.until(cloud.order(node, operations.COMPUTE, questionOf(window, group)));
  if (answer.status !== 'ROW') throw new Error(`expected a row, got ${answer.reason}`);
  return releasedRowCodec.decode(fromBase64Url(answer.row));
}

async function statesOf(node: NodeId) {
  const { windows } = await cloud.ask(node, operations.READ_STREAM, { stream: cloud.stream.hash });
  return windows.map(({ group, state }) => [group, state]).sort();
}

describe('a stream with groups', () => {
  it('opens a window for every group, and takes readings of declared groups only', async () => {
    cloud = await startSmallCloud({ stream: { groups: GROUPS } });
    const window = await cloud.openWindow();
    const opened = [NORTH, SOUTH, WEST].map((group) => [group, 'OPEN']);
    for (const node of cloud.nodeIds) expect(await statesOf(node)).toEqual(opened);
    for (const label of [0, 4]) {
      await expectCode(cloud.reading(window, '1', { label }).notice(), 'STREAM_REFUSED');
      await expectCode(cloud.reading(window, '1', { label }).upload(0), 'STREAM_REFUSED');
    }
  });

  it('seals, settles and releases every group of a window on its own', async () => {
    cloud = await startSmallCloud({ stream: { groups: GROUPS } });
    const window = await cloud.openWindow();
    for (const reading of ['1', '2']) await cloud.reading(window, reading, { label: NORTH }).commit();
    await cloud.reading(window, '10', { label: SOUTH }).commit();
    const [node] = cloud.nodeIds as [NodeId];
    expect(await rowOf(node, window, NORTH)).toMatchObject({ group: NORTH, readings: 2, flags: 2 });
    await expectCode(cloud.reading(window, '4', { label: NORTH }).notice(), 'WINDOW_SEALED');
    await cloud.reading(window, '20', { label: SOUTH }).commit();
    await cloud.reading(window, '30', { label: SOUTH }).commit();
    expect(await rowOf(node, window, SOUTH)).toMatchObject({ group: SOUTH, readings: 3, flags: 3 });
    expect(await statesOf(node)).toEqual([
      [NORTH, 'RELEASED'],
      [SOUTH, 'RELEASED'],
      [WEST, 'OPEN'],
    ]);
    await expectCode(cloud.order(node, operations.COMPUTE, questionOf(window, 0)), 'STREAM_REFUSED');
    await cloud.restart();
    expect(await rowOf(node, window, NORTH)).toMatchObject({ readings: 2 });
    await cloud.reading(window, '7', { label: WEST }).commit();
    expect(await rowOf(node, window, WEST)).toMatchObject({ readings: 1 });
  });
});
