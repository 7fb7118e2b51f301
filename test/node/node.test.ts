import { afterEach, describe, expect, it } from 'vitest';
import { fromUtf8, utf8 } from '../../src/foundation/index.ts';
import type { TableName } from '../../src/ports/index.ts';
import { operations } from '../../src/protocol/index.ts';
import type { NodeId, RingPayload, SectionPayload } from '../../src/ring/index.ts';
import { epoch } from '../../src/ring/index.ts';
import { expectCode } from '../support/bad-input.ts';
import { ringPayload, sectionPayload, signFixedRing, signFixedSection } from '../support/development-ring.ts';
import { type SmallCloud, startSmallCloud } from '../support/small-cloud.ts';

let cloud: SmallCloud;

afterEach(() => cloud.close());

const firstNode = () => cloud.nodeIds[0] as NodeId;

/** A later ring document than the cloud's, changed in one part. */
async function laterRing(
  change: Partial<RingPayload>,
  section: (payload: SectionPayload) => SectionPayload = (payload) => payload,
): Promise<string> {
  const sections = await Promise.all(
    cloud.ring.domains.map(({ domain }) => signFixedSection(section(sectionPayload(domain, 1)))),
  );
  const payload = ringPayload(sections);
  return signFixedRing({ ...payload, epoch: epoch(2), previous: cloud.ring.hash, ...change });
}

const newer = (payload: SectionPayload): SectionPayload => ({ ...payload, version: 2 });

describe('a node that has served under a ring document', () => {
  it('starts under the same one again, and under a next one that moves nothing', async () => {
    cloud = await startSmallCloud();
    await cloud.restart();
    await cloud.stop(firstNode());
    const moved = (payload: SectionPayload): SectionPayload => ({
      ...newer(payload),
      nodes: payload.nodes.map((node) => ({ ...node, url: node.url.replace('7001', '8001') })),
    });
    const handle = await cloud.start(firstNode(), await laterRing({}, moved));
    expect(handle.ring().epoch).toBe(2);
  });

  it('goes on under the newest one it has, whatever older one it is started with', async () => {
    cloud = await startSmallCloud();
    await cloud.stop(firstNode());
    await cloud.start(firstNode(), await laterRing({}));
    await cloud.stop(firstNode());
    const handle = await cloud.start(firstNode());
    expect(handle.ring().epoch).toBe(2);
  });

  it.each<[string, Partial<RingPayload>, (payload: SectionPayload) => SectionPayload]>([
    ['another number of acceptors', { acceptors: 3 }, (payload) => payload],
    ['another start of its placement', { placementFrom: 5 }, (payload) => payload],
    ['another past', { previous: 'ab'.repeat(32) }, (payload) => payload],
    ['more nodes', {}, (payload) => newer(sectionPayload(payload.domain, 2))],
  ])('starts under none with %s', async (_, change, section) => {
    cloud = await startSmallCloud();
    await cloud.stop(firstNode());
    await expectCode(cloud.start(firstNode(), await laterRing(change, section)), 'RING_REFUSED');
  });

  it('starts under no second one of the same epoch', async () => {
    cloud = await startSmallCloud();
    await cloud.stop(firstNode());
    const jws = await laterRing({ epoch: epoch(1), previous: null }, newer);
    await expectCode(cloud.start(firstNode(), jws), 'RING_CONFLICT');
  });
});

describe('a node whose own records were changed on disk', () => {
  /** Flips a bit of the first row of the table that the predicate picks, while the node is stopped. */
  async function spoil(table: TableName, picks: (key: Uint8Array) => boolean): Promise<void> {
    await cloud.stop(firstNode());
    const store = cloud.store(firstNode());
    const [key, value] = store.rows(table).find(([found]) => picks(found)) ?? [];
    if (key === undefined || value === undefined) throw new Error(`expected a row of ${table}`);
    const flipped = value.slice();
    flipped[30] = (flipped[30] ?? 0) ^ 4;
    store.put(table, key, flipped);
  }

  it('starts in doubt when it is the ring document it served under', async () => {
    cloud = await startSmallCloud();
    await spoil('meta', (key) => key[0] === 'E'.charCodeAt(0));
    const { ready, reasons } = (await cloud.start(firstNode())).readiness();
    expect(ready).toBe(false);
    expect(reasons.join()).toContain('a stored ring document does not authenticate');
  });

  it('starts in doubt when it is what it remembers of another store', async () => {
    cloud = await startSmallCloud();
    await cloud.openWindow();
    await spoil('meta', (key) => key[0] === 'S'.charCodeAt(0));
    const { ready, reasons } = (await cloud.start(firstNode())).readiness();
    expect(ready).toBe(false);
    expect(reasons.join()).toContain('what it remembers of another store does not authenticate');
  });

  it('does not vote again when it is the record of a commit', async () => {
    cloud = await startSmallCloud();
    const window = await cloud.openWindow();
    await spoil('meta', (key) => key[0] === 'C'.charCodeAt(0));
    const handle = await cloud.start(firstNode());
    await cloud.clock.advance(1_000);
    expect(handle.readiness().ready).toBe(false);
    let reading = cloud.reading(window, '1');
    while (reading.acceptor !== firstNode()) reading = cloud.reading(window, '1');
    expect(await reading.set()).toEqual({ outcomes: ['UNDECIDED'] });
    await cloud.stop(firstNode());
    const again = await cloud.start(firstNode());
    expect(again.readiness().reasons.join()).toContain('commit record');
  });

  it('starts in doubt when it is a decision about a window', async () => {
    cloud = await startSmallCloud();
    await cloud.openWindow();
    await cloud.stop(firstNode());
    const store = cloud.store(firstNode());
    const row = store.rows('windows').find(([key]) => fromUtf8(key.slice(0, 1)) === 'W');
    if (row === undefined) throw new Error('expected a row of the window');
    store.put('windows', row[0], utf8('something else that is long enough to be a sealed row of a table'));
    const { ready, reasons } = (await cloud.start(firstNode())).readiness();
    expect(ready).toBe(false);
    expect(reasons.join()).toContain('a row of the windows table does not authenticate');
  });
});

describe('a node whose disk refuses a write', () => {
  it('acknowledges nothing any more, says so and asks to be stopped', async () => {
    cloud = await startSmallCloud();
    const window = await cloud.openWindow();
    // Of which nothing is stored yet: a share that is on disk already needs no write to be acknowledged again.
    const reading = cloud.reading(window, '1');
    const node = reading.owner(0);
    const handle = cloud.handle(node);
    expect(handle.readiness()).toEqual({ ready: true, reasons: [] });
    await cloud.store(node).fail();
    await expectCode(reading.upload(0), 'STORE_FAILED');
    await expectCode(reading.upload(0), 'STORE_FAILED');
    expect(await handle.stopped).toMatchObject({ code: 'STORE_FAILED' });
    expect(handle.readiness()).toMatchObject({ ready: false, reasons: [expect.stringMatching(/^stopping/)] });
    expect(handle.status()).toMatchObject({ ready: false });
  });
});

describe('a node', () => {
  it('answers questions that change nothing to everybody', async () => {
    cloud = await startSmallCloud();
    for (const node of cloud.nodeIds) {
      expect(await cloud.ask(node, operations.READ_RING, null)).toEqual({ ring: cloud.ring.jws });
      expect(await cloud.ask(node, operations.LIST_STREAMS, null)).toEqual({
        streams: [{ stream: cloud.stream.hash, name: cloud.stream.name }],
      });
    }
  });

  it('fetches a stream it missed from the others', async () => {
    cloud = await startSmallCloud();
    const away = cloud.nodeIds[2] as NodeId;
    const [key] = cloud
      .store(away)
      .rows('documents')
      .map(([found]) => found);
    if (key === undefined) throw new Error('expected the stored stream');
    await cloud.stop(away);
    await cloud.store(away).commit([{ kind: 'delete', table: 'documents', key }]);
    await cloud.start(away);
    const { document } = await cloud.ask(away, operations.READ_STREAM, { stream: cloud.stream.hash });
    expect(document).toBe(cloud.stream.jws);
    expect(cloud.store(away).rows('documents')).toHaveLength(1);
  });

  it('tells that one node votes where two could not, whatever the ring document asks for', async () => {
    const votersOf = async (nodes: readonly number[]) => {
      cloud = await startSmallCloud({ shape: { nodes, acceptors: 3 } });
      const { acceptors } = cloud.handle(firstNode()).status();
      await cloud.close();
      return acceptors;
    };
    expect(await votersOf([1, 1])).toBe(1);
    expect(await votersOf([2, 1])).toBe(3);
  });

  it('tells its operator what state it is in, and that closing has begun', async () => {
    cloud = await startSmallCloud();
    const node = firstNode();
    const handle = cloud.handle(node);
    expect(handle.status()).toMatchObject({
      node,
      domain: 'a',
      epoch: 1,
      ready: true,
      acceptors: 1,
      streams: 1,
    });
    await handle.close();
    await handle.close();
    expect(handle.readiness()).toEqual({ ready: false, reasons: ['stopping'] });
  });
});
