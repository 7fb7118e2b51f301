import { afterEach, describe, expect, it } from 'vitest';
import { digestOf, operations, windowTermsCodec } from '../../../src/protocol/index.ts';
import type { NodeId } from '../../../src/ring/index.ts';
import { createPlacement } from '../../../src/ring/index.ts';
import { type SmallCloud, startSmallCloud } from '../../support/small-cloud.ts';

let cloud: SmallCloud;

afterEach(() => cloud.close());

describe('keeping the ids of a candidate', () => {
  it('ids that are not those of their digest are not kept under it', async () => {
    cloud = await startSmallCloud();
    const window = await cloud.openWindow();
    const reading = cloud.reading(window, '1', { group: 5 });
    const other = cloud.reading(window, '2', { group: 5 });
    const { context, partition } = { ...reading.flagsRequest };
    const domains = cloud.stream.domains.map(({ id }) => id);
    const [register] = createPlacement(cloud.ring).registerAcceptors(domains, cloud.stream.hash, window, 0);
    const { accepted } = await cloud.askAs(register as NodeId, register as NodeId, operations.SYNOD, {
      context,
      decision: 'terms',
      kind: 'read',
      ballot: { counter: 0, proposer: 0 },
      value: null,
    });
    if (accepted === null) throw new Error('expected the terms of an open window');
    const digest = digestOf(windowTermsCodec.decode(accepted.value).setHashKey, [reading.entry]);
    const keep = (entries: readonly (typeof reading.entry)[]) =>
      cloud.askAs(reading.acceptor, reading.acceptor, operations.KEEP_LIST, {
        context,
        partition,
        digest,
        entries,
        last: true,
      });
    expect(await keep([other.entry])).toEqual({ kept: false });
    const read = { context, partition, digest, after: null };
    expect(await cloud.askAs(reading.acceptor, reading.acceptor, operations.READ_LIST, read)).toMatchObject({
      known: false,
    });
  });
});
