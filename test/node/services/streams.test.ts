import { afterEach, describe, expect, it } from 'vitest';
import { operations } from '../../../src/protocol/index.ts';
import type { NodeId } from '../../../src/ring/index.ts';
import { type SmallCloud, startSmallCloud } from '../../support/small-cloud.ts';

let cloud: SmallCloud;

afterEach(() => cloud.close());

describe('a stored stream document', () => {
  it.each([
    ['is another text', 0x01],
    ['is no text', 0x80],
  ])('comes from another node where, after a bit flipped, it %s', async (_, bit) => {
    cloud = await startSmallCloud();
    const [a] = cloud.nodeIds as [NodeId];
    await cloud.stop(a);
    const [row] = cloud.store(a).rows('documents');
    if (row === undefined) throw new Error('expected the row of the document');
    const [key, value] = row;
    const flipped = value.map((byte, i) => (i === 0 ? byte ^ bit : byte));
    cloud.store(a).put('documents', key, flipped);
    await cloud.start(a);
    const { streams } = await cloud.ask(a, operations.LIST_STREAMS, null);
    expect(streams).toEqual([]);
    const { document } = await cloud.clock.until(
      cloud.ask(a, operations.READ_STREAM, { stream: cloud.stream.hash }),
    );
    expect(document).toBe(cloud.stream.jws);
  });
});
