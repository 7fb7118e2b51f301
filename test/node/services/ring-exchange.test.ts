import { afterEach, describe, expect, it } from 'vitest';
import type { Sensor } from '../../../sensor-client/index.ts';
import { createSensor } from '../../../sensor-client/index.ts';
import { PARTITION_MS } from '../../../sensor-client/limits.ts';
import { cryptoRandomBytes, nodeSealing } from '../../../src/platform/index.ts';
import { operations } from '../../../src/protocol/index.ts';
import type { Published } from '../../../src/protocol/ring-messages.ts';
import type { NodeId, RingDocument, SectionPayload, WindowId } from '../../../src/ring/index.ts';
import { createPlacement, domainId, nodeId, windowId } from '../../../src/ring/index.ts';
import { expectCode } from '../../support/bad-input.ts';
import { testVerifier } from '../../support/development-ring.ts';
import { expectExact } from '../../support/exact-result.ts';
import { grown, lost, nextRing } from '../../support/next-ring.ts';
import { isPending, releaseAll } from '../../support/pending.ts';
import { bundleOf } from '../../support/sensor-scene.ts';
import { type SmallCloud, START_MS, startSmallCloud } from '../../support/small-cloud.ts';

const SHAPE = { nodes: [2, 2, 2], acceptors: 3, replicas: 2 } as const;
const [A, B] = [domainId('a'), domainId('b')];
/** Longer than several rounds of a node's care. */
const CARE_MS = 20_000;
/** When new placements begin here: no window of the tests is open then yet. */
const BEGINS = START_MS + 60_000;

let cloud: SmallCloud;

afterEach(() => cloud.close());

const nodeOf = (place: number): NodeId => cloud.nodeIds[place] ?? nodeId('none');

function publish(ring: RingDocument, node: NodeId = nodeOf(0)): Promise<Published> {
  return cloud.clock.until(cloud.order(node, operations.PUBLISH_RING, { ring: ring.jws }));
}

function openSensor(ring: RingDocument = cloud.ring): Promise<Sensor> {
  const { clock, stream, transport } = cloud;
  const ports = {
    clock,
    randomBytes: cryptoRandomBytes,
    verifier: testVerifier,
    sealing: nodeSealing,
    connect: () => transport,
  };
  const policy = { allowDevelopment: true };
  return createSensor({ bundle: bundleOf(ring), stream: stream.hash, policy }, ports);
}

async function uploadAll(sensor: Sensor, window: WindowId, readings: readonly string[]): Promise<void> {
  for (const reading of readings) await cloud.clock.until(sensor.upload(reading, { window }));
}

const readingsFrom = (first: number, count: number) =>
  Array.from({ length: count }, (_, i) => String((first + i) / 2));

const renamed = (section: SectionPayload): SectionPayload => ({ ...section, operatorName: 'Another name' });

describe('a ring document that moves nothing', () => {
  it('is taken by all nodes at once, and by one that was away when it starts', async () => {
    cloud = await startSmallCloud({ shape: SHAPE });
    const window = await cloud.openWindow();
    const sensor = await openSensor();
    await uploadAll(sensor, window, ['1']);
    const away = nodeOf(3);
    await cloud.stop(away);
    const second = await nextRing(cloud.ring, renamed);
    const published = await publish(second);
    expect(published).toMatchObject({ epoch: 2, nodes: 6, stored: 5, inForce: true });
    expect(published.missing).toEqual([{ node: away, code: 'UNREACHABLE', message: expect.any(String) }]);
    const third = await nextRing(second, (section) => ({
      ...section,
      provider: `Cloud 2 ${section.domain}`,
    }));
    await publish(third);
    await uploadAll(sensor, window, ['2']);
    expect((await cloud.start(away)).ring().epoch).toBe(3);
    await uploadAll(sensor, window, ['3']);
    expectExact(await cloud.compute(window), ['1', '2', '3']);
    await sensor.close();
  });

  it('comes to a node that missed it with the first message of another node', async () => {
    cloud = await startSmallCloud({ shape: SHAPE });
    const second = await nextRing(cloud.ring, renamed);
    const offer = { epoch: second.epoch, hash: second.hash, rings: [second.jws] };
    await cloud.askAs(nodeOf(1), nodeOf(0), operations.OFFER_RING, offer);
    expect(cloud.nodeIds.map((node) => cloud.handle(node).ring().epoch)).toEqual([2, 1, 1, 1, 1, 1]);
    const window = await cloud.openWindow();
    const sensor = await openSensor();
    await uploadAll(sensor, window, readingsFrom(1, 12));
    await cloud.clock.advance(CARE_MS);
    expect(cloud.nodeIds.map((node) => cloud.handle(node).ring().epoch)).toEqual([2, 2, 2, 2, 2, 2]);
    expectExact(await cloud.compute(window), readingsFrom(1, 12));
    await sensor.close();
  });

  it('stops admission where a second one of its epoch exists', async () => {
    cloud = await startSmallCloud({ shape: SHAPE });
    const window = await cloud.openWindow();
    await publish(await nextRing(cloud.ring, renamed));
    const other = await nextRing(cloud.ring, (section) => ({ ...section, operatorName: 'Third name' }));
    await expectCode(publish(other, nodeOf(1)), 'RING_CONFLICT');
    let reading = cloud.reading(window, '1');
    while (reading.acceptor !== nodeOf(1)) reading = cloud.reading(window, '1');
    await expectCode(reading.notice(), 'RING_CONFLICT');
  });
});

describe('a ring document that changes placement', () => {
  it('leaves open windows where they are and lets a node that joins take its part of later ones', async () => {
    cloud = await startSmallCloud({ shape: SHAPE });
    const sensor = await openSensor();
    const before = await cloud.openWindow();
    await uploadAll(sensor, before, readingsFrom(1, 10));
    const second = await nextRing(cloud.ring, grown(A), BEGINS);
    expect(await publish(second)).toMatchObject({ epoch: 2, nodes: 7, stored: 6, inForce: true });
    const joined = await cloud.begin(A, nodeId('a3'), second.jws);
    await cloud.clock.until(joined.serving);
    await uploadAll(sensor, before, readingsFrom(11, 10));
    await cloud.clock.advance(BEGINS - cloud.clock.now());
    const after = await cloud.openWindow({ window: windowId(BEGINS) });
    // Readings of one moment share a partition, and the new node is an owner of some only.
    for (const reading of readingsFrom(1, 40)) {
      await uploadAll(sensor, after, [reading]);
      await cloud.clock.advance(PARTITION_MS);
    }
    await uploadAll(sensor, before, readingsFrom(21, 10));
    const rows = cloud.store(nodeId('a3')).rows('values');
    expect(rows.length).toBeGreaterThan(0);
    // The start of the window stands behind the stream's 32 bytes.
    const windows = rows.map(([key]) => Number(new DataView(key.buffer, key.byteOffset).getBigUint64(32)));
    expect(new Set(windows)).toEqual(new Set([BEGINS]));
    expectExact(await cloud.compute(before), readingsFrom(1, 30));
    expectExact(await cloud.compute(after), readingsFrom(1, 40));
    await sensor.close();
  });

  it('opens none of its windows until a majority everywhere has promised', async () => {
    cloud = await startSmallCloud({ shape: SHAPE });
    const before = await cloud.openWindow();
    const second = await nextRing(cloud.ring, grown(A), BEGINS);
    const away = [nodeOf(2), nodeOf(4)];
    for (const node of away) await cloud.stop(node);
    const published = await publish(second);
    expect(published).toMatchObject({ inForce: false, stored: 4 });
    expect(published.missing.map(({ node }) => node)).toEqual(['a3', nodeOf(2), nodeOf(4)]);
    const window = windowId(BEGINS);
    await expectCode(cloud.openWindow({ window }), 'PLACEMENT_PENDING');
    for (const node of away) await cloud.start(node);
    await cloud.clock.advance(CARE_MS);
    const inForce = await publish(second);
    expect(inForce).toMatchObject({ inForce: true, stored: 6 });
    expect(inForce.missing.map(({ node }) => node)).toEqual(['a3']);
    await cloud.openWindow({ window });
    const sensor = await openSensor(second);
    await uploadAll(sensor, before, ['1', '2']);
    await uploadAll(sensor, window, ['3', '4']);
    expectExact(await cloud.compute(before), ['1', '2']);
    expectExact(await cloud.compute(window), ['3', '4']);
    await sensor.close();
  });

  it('is put in force also where all clocks were set back meanwhile', async () => {
    cloud = await startSmallCloud({ shape: SHAPE });
    const second = await nextRing(cloud.ring, grown(A), BEGINS);
    const away = [nodeOf(2), nodeOf(4)];
    for (const node of away) await cloud.stop(node);
    expect(await publish(second)).toMatchObject({ inForce: false });
    // Every node has asked the others by then.
    await cloud.clock.advance(CARE_MS);
    cloud.clock.setBack(3_600_000);
    for (const node of away) await cloud.start(node);
    await cloud.clock.advance(CARE_MS);
    await cloud.openWindow({ window: windowId(BEGINS) });
  });

  it('opens its windows also at a node that was away and hears of a later one at the same time', async () => {
    cloud = await startSmallCloud({ shape: SHAPE });
    const away = nodeOf(2);
    await cloud.stop(away);
    const second = await nextRing(cloud.ring, grown(A), BEGINS);
    expect(await publish(second)).toMatchObject({ inForce: true });
    await (await cloud.begin(A, nodeId('a3'), second.jws)).serving;
    const third = await nextRing(second, grown(B), BEGINS + 60_000);
    expect(await publish(third)).toMatchObject({ inForce: true });
    await cloud.start(away);
    await cloud.clock.advance(CARE_MS);
    for (const window of [BEGINS, BEGINS + 60_000].map(windowId)) {
      const terms = { stream: cloud.stream.hash, window, notBefore: window, latest: window + 60_000 };
      const opened = cloud.clock.until(cloud.order(away, operations.OPEN_WINDOW, terms));
      expect(await opened).toEqual({ done: true });
    }
  });

  it('is refused where it begins in the past, or not after a window that is open', async () => {
    cloud = await startSmallCloud({ shape: SHAPE });
    await expectCode(publish(await nextRing(cloud.ring, grown(A), START_MS)), 'RING_REFUSED');
    await cloud.openWindow({ window: windowId(BEGINS + 5) });
    await expectCode(publish(await nextRing(cloud.ring, grown(A), BEGINS)), 'RING_REFUSED');
    expect(cloud.handle(nodeOf(0)).ring().epoch).toBe(1);
  });

  it('is replaced by another of its epoch where it was refused and its beginning has passed', async () => {
    cloud = await startSmallCloud({ shape: SHAPE });
    await expectCode(publish(await nextRing(cloud.ring, grown(A), START_MS)), 'RING_REFUSED');
    const another = await nextRing(cloud.ring, grown(A), BEGINS);
    expect(await publish(another, nodeOf(1))).toMatchObject({ epoch: another.epoch });
    expect(cloud.handle(nodeOf(0)).ring().hash).toBe(another.hash);
  });

  it('stops nothing where it was refused and arrives once more behind the one that took its place', async () => {
    cloud = await startSmallCloud({ shape: SHAPE });
    const refused = await nextRing(cloud.ring, grown(A), START_MS);
    await publish(await nextRing(cloud.ring, grown(A), BEGINS));
    await expectCode(publish(refused), 'RING_REFUSED');
    const window = await cloud.openWindow();
    const sensor = await openSensor();
    await uploadAll(sensor, window, ['1']);
    expectExact(await cloud.compute(window), ['1']);
    await sensor.close();
  });

  it('stops admission where another of its epoch exists and both could be taken', async () => {
    cloud = await startSmallCloud({ shape: SHAPE });
    await publish(await nextRing(cloud.ring, grown(A), BEGINS));
    await expectCode(publish(await nextRing(cloud.ring, grown(A), BEGINS + 1)), 'RING_CONFLICT');
  });

  it('gets no promise from a node that has voted in one of its windows, now or after a restart', async () => {
    cloud = await startSmallCloud({ shape: SHAPE });
    const second = await nextRing(cloud.ring, grown(A), BEGINS);
    await cloud.openWindow({ window: windowId(BEGINS) });
    const offer = { epoch: second.epoch, hash: second.hash, rings: [second.jws] };
    const ask = () => cloud.askAs(nodeOf(1), nodeOf(0), operations.OFFER_RING, offer);
    expect(await ask()).toMatchObject({ epoch: 2, unpromised: [2], inForce: 1 });
    const published = await publish(second);
    expect(published.inForce).toBe(false);
    expect(published.missing).toContainEqual({
      node: nodeOf(0),
      code: 'PLACEMENT_PENDING',
      message: expect.stringContaining('promises nothing'),
    });
    const question = { stream: cloud.stream.hash, window: windowId(BEGINS), group: 0 };
    const compute = () => cloud.clock.until(cloud.order(nodeOf(0), operations.COMPUTE, question));
    const because = "the placement of epoch 2, which is the window's, is not in force";
    expect(await compute()).toMatchObject({
      status: 'INCOMPLETE',
      reason: expect.stringContaining(because),
    });
    await cloud.stop(nodeOf(0));
    await cloud.start(nodeOf(0));
    expect(await ask()).toMatchObject({ epoch: 2, unpromised: [2], inForce: 1 });
  });

  it('is promised for good by a node that refuses its windows under the old placement from then on', async () => {
    cloud = await startSmallCloud({ shape: SHAPE });
    const second = await nextRing(cloud.ring, grown(A), BEGINS);
    const offer = { epoch: second.epoch, hash: second.hash, rings: [second.jws] };
    const state = await cloud.askAs(nodeOf(1), nodeOf(0), operations.OFFER_RING, offer);
    expect(state).toMatchObject({ epoch: 2, unpromised: [] });
    const { stream } = cloud;
    const context = {
      epoch: second.epoch,
      placementEpoch: cloud.ring.epoch,
      stream: stream.hash,
      window: windowId(BEGINS),
      group: 0,
    };
    const vote = {
      context,
      decision: 'terms',
      kind: 'prepare',
      ballot: { counter: 1, proposer: 9 },
      value: null,
    } as const;
    await expectCode(cloud.askAs(nodeOf(1), nodeOf(0), operations.SYNOD, vote), 'STALE_EPOCH');
  });
});

describe('a store that is gone', () => {
  it('leaves its node votes in later windows only, and old windows settle without it', async () => {
    cloud = await startSmallCloud({ shape: { ...SHAPE, nodes: [3, 3, 3] } });
    const sensor = await openSensor();
    const before = await cloud.openWindow();
    await uploadAll(sensor, before, readingsFrom(1, 20));
    await cloud.clock.advance(CARE_MS);
    const node = nodeOf(0);
    await cloud.stop(node);
    const second = await nextRing(cloud.ring, lost(A, 0, 'f'.repeat(32)), BEGINS);
    expect(await publish(second, nodeOf(1))).toMatchObject({ inForce: true, stored: 8 });
    const again = await cloud.begin(A, node, second.jws);
    await cloud.clock.until(again.serving);
    await uploadAll(sensor, before, readingsFrom(21, 20));
    const reading = cloud.reading(before, '1');
    const context = { ...reading.flagsRequest.context, epoch: second.epoch };
    await expectCode(reading.accept(node, { context, receipts: [] }), 'STORE_IN_DOUBT');
    await cloud.clock.advance(BEGINS - cloud.clock.now());
    const after = await cloud.openWindow({ window: windowId(BEGINS) });
    await uploadAll(sensor, after, readingsFrom(1, 20));
    // Of three stores in the domain two remain, a majority of its ledger: the release waits for nobody.
    expectExact(await cloud.compute(before), readingsFrom(1, 40));
    expectExact(await cloud.compute(after), readingsFrom(1, 20));
    await sensor.close();
  });

  it('gets its rows again from the domain, in whose windows it had votes', async () => {
    cloud = await startSmallCloud({ shape: SHAPE });
    const sensor = await openSensor();
    const window = await cloud.openWindow();
    await uploadAll(sensor, window, readingsFrom(1, 20));
    await cloud.clock.advance(CARE_MS);
    const [node, other] = [nodeOf(0), nodeOf(1)];
    const held = cloud.rowsAt(other, 'values').length;
    await cloud.stop(node);
    const second = await nextRing(cloud.ring, lost(A, 0, 'f'.repeat(32)), BEGINS);
    await publish(second, other);
    const handle = await cloud.begin(A, node, second.jws);
    await cloud.clock.until(handle.serving);
    expect(handle.readiness().reasons.join()).toMatch(/^repair: \d+ windows or partitions to be fetched$/);
    await cloud.clock.advance(CARE_MS);
    expect(cloud.rowsAt(node, 'values')).toHaveLength(held);
    expect(handle.readiness()).toEqual({ ready: true, reasons: [] });
    expectExact(await cloud.compute(window), readingsFrom(1, 20));
    await sensor.close();
  });

  it('keeps the release of a domain of two nodes waiting until its loss is declared', async () => {
    cloud = await startSmallCloud({ shape: SHAPE });
    const sensor = await openSensor();
    const window = await cloud.openWindow();
    await uploadAll(sensor, window, readingsFrom(1, 10));
    // A node that was silent when the cloud started got its copies later, but got them.
    await cloud.clock.advance(CARE_MS);
    await cloud.stop(nodeOf(2));
    expect(await cloud.compute(window)).toMatchObject({ kind: 'incomplete' });
    const second = await nextRing(cloud.ring, lost(B, 0));
    expect(await publish(second)).toMatchObject({ inForce: true });
    expectExact(await cloud.compute(window), readingsFrom(1, 10));
    await sensor.close();
  });

  it('never votes again where its disk turns up after all', async () => {
    cloud = await startSmallCloud({ shape: SHAPE });
    await cloud.stop(nodeOf(2));
    await publish(await nextRing(cloud.ring, lost(B, 0)));
    const handle = await cloud.start(nodeOf(2));
    expect(handle.readiness().reasons.join()).toMatch(/declared it lost/);
    expect(createPlacement(cloud.ring).node(nodeOf(2)).domain).toBe(B);
  });
});

it('a node that stops waits for none that it offers documents to', async () => {
  cloud = await startSmallCloud({ shape: SHAPE });
  const [stopping, hanging] = [nodeOf(0), nodeOf(5)];
  const second = await nextRing(cloud.ring, renamed);
  // What it is asked to write it does not answer.
  cloud.store(hanging).hold();
  const published = cloud.order(stopping, operations.PUBLISH_RING, { ring: second.jws });
  published.catch(() => {});
  await cloud.clock.advance(CARE_MS);
  const stopped = cloud.stop(stopping);
  const waits = await isPending(stopped);
  await releaseAll(cloud.store(hanging));
  await stopped;
  expect(waits).toBe(false);
});
