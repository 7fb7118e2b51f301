import { afterEach, describe, expect, it } from 'vitest';
import { openRetirements, type RetirementsComponents } from '../../../node/services/retirements.ts';
import { EngineError } from '../../../src/foundation/index.ts';
import { operations } from '../../../src/protocol/index.ts';
import { signRetirement } from '../../../src/protocol/stream-retirement.ts';
import { isSome } from '../../../src/protocol/told-counts.ts';
import type { NodeId } from '../../../src/ring/index.ts';
import { streamHash, windowId } from '../../../src/ring/index.ts';
import { expectCode } from '../../support/bad-input.ts';
import { fixedKey, testVerifier } from '../../support/development-ring.ts';
import { expectExact } from '../../support/exact-result.ts';
import { type SmallCloud, START_MS, startSmallCloud } from '../../support/small-cloud.ts';

let cloud: SmallCloud;

afterEach(() => cloud.close());

const statement = (hash = cloud.stream.hash) => signRetirement(hash, fixedKey('operator').signer);

async function retireAt(node: NodeId): Promise<void> {
  const document = await statement();
  expect(await cloud.order(node, operations.RETIRE_STREAM, { document })).toEqual({ done: true });
}

async function retiredAt(node: NodeId): Promise<boolean> {
  const { streams } = await cloud.ask(node, operations.LIST_STREAMS, null);
  const { retired } = await cloud.ask(node, operations.READ_STREAM, { stream: cloud.stream.hash });
  const listed = streams.find(({ stream }) => stream === cloud.stream.hash)?.retired === true;
  expect(listed).toBe(retired !== undefined);
  return listed;
}

describe('a retired stream', () => {
  it('takes no new reading, finishes what was under way, and releases it for ever', async () => {
    cloud = await startSmallCloud();
    const window = await cloud.openWindow();
    await cloud.reading(window, '4.5').commit();
    const late = cloud.reading(window, '7');
    for (const index of [0, 1, 2]) await late.upload(index);
    const { jws } = cloud.stream;
    await cloud.clock.until(cloud.operator.retireStream(cloud.stream, await statement()));
    await expectCode(cloud.reading(window, '1').commit(), 'STREAM_RETIRED');
    await late.set();
    expectExact(await cloud.compute(window), ['4.5', '7']);
    const before = JSON.stringify(await cloud.compute(window), (_, value) =>
      typeof value === 'bigint' ? String(value) : value,
    );
    // The same document again is the same stream, and stays what it is; so do all nodes after a start.
    await cloud.clock.until(cloud.operator.putStream(jws));
    await cloud.restart();
    for (const node of cloud.nodeIds) expect(await retiredAt(node)).toBe(true);
    await expectCode(cloud.reading(window, '1').commit(), 'STREAM_RETIRED');
    const after = JSON.stringify(await cloud.compute(window), (_, value) =>
      typeof value === 'bigint' ? String(value) : value,
    );
    expect(after).toBe(before);
  });

  it('has its shares brought to the owners that lack them', async () => {
    cloud = await startSmallCloud({ shape: { nodes: [2, 2, 2], acceptors: 3, replicas: 2 } });
    const reading = cloud.reading(await cloud.openWindow(), '4');
    const [first, second] = reading.owners(0) as [NodeId, NodeId];
    await cloud.stop(second);
    await reading.upload(0, first);
    await retireAt(first);
    await cloud.start(second);
    expect(await retiredAt(second)).toBe(true);
    await cloud.clock.advance(10_000);
    expect(cloud.rowsAt(second, 'values')).toHaveLength(1);
    expect(isSome(cloud.handle(first).status().thinPartitions)).toBe(false);
  });

  it('opens no further window, not even through a node that did not hear of it', async () => {
    cloud = await startSmallCloud();
    const [a, b, c] = cloud.nodeIds as [NodeId, NodeId, NodeId];
    await retireAt(a);
    await retireAt(b);
    const window = windowId(START_MS);
    const terms = { stream: cloud.stream.hash, window, notBefore: window, latest: window + 1 };
    await expectCode(cloud.order(a, operations.OPEN_WINDOW, terms), 'STREAM_RETIRED');
    expect(await retiredAt(c)).toBe(false);
    await expect(cloud.clock.until(cloud.order(c, operations.OPEN_WINDOW, terms))).rejects.toMatchObject({
      code: expect.stringMatching(/^(STREAM_RETIRED|INCOMPLETE)$/),
    });
    const { windows } = await cloud.ask(c, operations.READ_STREAM, { stream: cloud.stream.hash });
    expect(windows).toEqual([]);
  });

  it('is passed on from node to node, and to one that was away before it serves', async () => {
    cloud = await startSmallCloud();
    const [a, b, c] = cloud.nodeIds as [NodeId, NodeId, NodeId];
    await cloud.stop(c);
    await retireAt(a);
    for (let i = 0; i < 40 && !(await retiredAt(b)); i++) await cloud.clock.advance(1_000);
    expect(await retiredAt(b)).toBe(true);
    await cloud.start(c);
    expect(await retiredAt(c)).toBe(true);
  });

  it('is ended by its operator only, and must be known', async () => {
    cloud = await startSmallCloud();
    const [a] = cloud.nodeIds as [NodeId];
    const put = (document: string) => cloud.order(a, operations.RETIRE_STREAM, { document });
    const forged = await signRetirement(cloud.stream.hash, fixedKey('domain a').signer);
    await expectCode(put(forged), 'SIGNATURE_INVALID');
    await expectCode(put(await statement(streamHash('cd'.repeat(32)))), 'UNKNOWN_STREAM');
    await expectCode(
      cloud.ask(a, operations.RETIRE_STREAM, { document: await statement() }),
      'UNAUTHENTICATED',
    );
    expect(await retiredAt(a)).toBe(false);
  });

  it('that was not found is looked for once, and ended when it comes', async () => {
    cloud = await startSmallCloud({ shape: { nodes: [1, 1] } });
    const [a] = cloud.nodeIds as [NodeId];
    const { stream, ring } = cloud;
    const document = await statement();
    let here = false;
    let searches = 0;
    const kept: unknown[] = [];
    const retirements = await openRetirements({
      journal: { stage: (rows: unknown) => kept.push(rows), synced: async () => {} },
      tables: { peekMany: async () => [], put: () => null },
      streams: {
        list: () => [],
        findHere: () => (here ? stream : undefined),
        async find() {
          searches += 1;
          if (here) return stream;
          throw new EngineError('UNKNOWN_STREAM', 'refused by this domain');
        },
      },
      rings: { newest: () => ring },
      verifier: testVerifier,
      callPeer: async () => ({ documents: [document] }),
      log: { error: () => {} },
    } as unknown as RetirementsComponents);
    for (let asked = 0; asked < 3; asked++) await retirements.fetch(a);
    expect({ searches, kept }).toEqual({ searches: 1, kept: [] });
    here = true;
    await retirements.fetch(a);
    expect(retirements.isRetired(stream.hash)).toBe(true);
  });

  it('stays retired where its statement does not open any more, until another node hands it out', async () => {
    cloud = await startSmallCloud();
    const [a] = cloud.nodeIds as [NodeId];
    const window = await cloud.openWindow();
    for (const node of cloud.nodeIds) await retireAt(node);
    await cloud.stop(a);
    const [row] = cloud
      .store(a)
      .rows('meta')
      .filter(([key]) => key[0] === 'T'.charCodeAt(0) && key.length === 33);
    if (row === undefined) throw new Error('expected the row of the statement');
    const [key, value] = row;
    await cloud
      .store(a)
      .commit([
        { kind: 'put', table: 'meta', key, value: value.map((byte, i) => (i === 40 ? byte ^ 1 : byte)) },
      ]);
    await cloud.start(a);
    expect(await retiredAt(a)).toBe(true);
    await expectCode(cloud.reading(window, '1').commit(), 'STREAM_RETIRED');
  });
});
