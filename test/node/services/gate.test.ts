import { afterEach, describe, expect, it, vi } from 'vitest';
import { createRings } from '../../../node/engine/rings.ts';
import { createGate } from '../../../node/services/gate.ts';
import type { Standing } from '../../../node/services/roster.ts';
import { EngineError, fromBase64Url, fromUtf8, labelledHash } from '../../../src/foundation/index.ts';
import { cryptoRandomBytes } from '../../../src/platform/index.ts';
import type { FlagEntry, SensorId } from '../../../src/protocol/index.ts';
import {
  entryName,
  exclusionCodec,
  operations,
  readingId,
  releasedRowCodec,
} from '../../../src/protocol/index.ts';
import type { NodeId, StoreId, WindowId } from '../../../src/ring/index.ts';
import { domainId, extendHistory, ringHistory, windowId } from '../../../src/ring/index.ts';
import { expectCode } from '../../support/bad-input.ts';
import { developmentRing } from '../../support/development-ring.ts';
import { createTestAuthority, createTestSensor } from '../../support/enrolment.ts';
import { expectExact } from '../../support/exact-result.ts';
import { freshSensor } from '../../support/fixed-sensor.ts';
import { imposeSettlement, imposeSlot } from '../../support/imposed-slots.ts';
import { grown, lost, nextRing } from '../../support/next-ring.ts';
import type { RawReading } from '../../support/raw-reading.ts';
import { type SmallCloud, START_MS, startSmallCloud } from '../../support/small-cloud.ts';
import { flipBit } from '../../support/tampering.ts';

const PRIVATE = { publicData: false, minSensors: 10 } as const;

let cloud: SmallCloud | undefined;

afterEach(async () => {
  await cloud?.close();
  cloud = undefined;
});

const newSensor = (): SensorId => freshSensor().sensorId;
const entryOf = (sensor: SensorId): FlagEntry => ({
  readingId: readingId(cryptoRandomBytes(16)),
  sensorId: sensor,
  count: 1,
});

async function rowOf(of: SmallCloud, node: NodeId, window: WindowId) {
  const question = { stream: of.stream.hash, window, group: 0 };
  const answer = await of.clock.until(of.order(node, operations.COMPUTE, question));
  if (answer.status !== 'ROW') throw new Error(`expected a row, got ${answer.reason}`);
  return releasedRowCodec.decode(fromBase64Url(answer.row));
}

/** Commits one reading of each of so many new sensors. */
async function commitOf(of: SmallCloud, window: WindowId, sensors: number): Promise<RawReading[]> {
  const readings = Array.from({ length: sensors }, (_, i) =>
    of.reading(window, String(i), { entry: entryOf(newSensor()) }),
  );
  for (const reading of readings) await reading.commit();
  return readings;
}

const plain = (sensors: number) => Array.from({ length: sensors }, (_, i) => String(i));
const WITHHELD = { verdict: 'WITHHELD', readings: 0, flags: 0, excluded: 0 } as const;

describe('a domain', () => {
  it('counts distinct sensors and not readings, and tells no number of what it withholds', async () => {
    cloud = await startSmallCloud({ stream: PRIVATE });
    const window = await cloud.openWindow();
    const readings = await commitOf(cloud, window, 9);
    for (const { entry } of readings) {
      await cloud.reading(window, '50', { entry: entryOf(entry.sensorId) }).commit();
    }
    for (const node of cloud.nodeIds) {
      const row = await rowOf(cloud, node, window);
      expect(row).toMatchObject({ ...WITHHELD, reason: 'TOO_FEW_SENSORS' });
      expect(row.elements).toHaveLength(0);
    }
    expect(await cloud.compute(window)).toMatchObject({ kind: 'withheld' });
  });

  it('releases a window that its sensors are enough for', async () => {
    cloud = await startSmallCloud({ stream: PRIVATE });
    const window = await cloud.openWindow();
    await commitOf(cloud, window, 10);
    expectExact(await cloud.compute(window), plain(10));
  });

  it('keeps to the number of its own settings, and so withholds alone', async () => {
    cloud = await startSmallCloud({ stream: PRIVATE, floors: { b: 11 } });
    const window = await cloud.openWindow();
    await commitOf(cloud, window, 10);
    const [a, b, c] = cloud.nodeIds as [NodeId, NodeId, NodeId];
    expect(await rowOf(cloud, a, window)).toMatchObject({ verdict: 'RELEASED', readings: 10 });
    expect(await rowOf(cloud, b, window)).toMatchObject({ ...WITHHELD, reason: 'TOO_FEW_SENSORS' });
    expect(await rowOf(cloud, c, window)).toMatchObject({ verdict: 'RELEASED' });
    expect(await cloud.compute(window)).toMatchObject({
      kind: 'withheld',
      reason: 'domain b: TOO_FEW_SENSORS',
    });
  });

  it('withholds where too many sensors sent a share that was never counted', async () => {
    cloud = await startSmallCloud({ stream: PRIVATE });
    const window = await cloud.openWindow();
    await commitOf(cloud, window, 12);
    for (let i = 0; i < 2; i++) {
      const unset = cloud.reading(window, '1', { entry: entryOf(newSensor()) });
      for (const index of [0, 1, 2]) await unset.upload(index);
    }
    const [node] = cloud.nodeIds as [NodeId];
    expect(await rowOf(cloud, node, window)).toMatchObject({ ...WITHHELD, reason: 'TOO_FEW_COMMITTED' });
  });

  it('asks all its nodes, and waits for one that may hold the share of another sensor', async () => {
    cloud = await startSmallCloud({
      stream: PRIVATE,
      shape: { nodes: [2, 2, 2], replicas: 2, acceptors: 3 },
    });
    const window = await cloud.openWindow();
    await commitOf(cloud, window, 12);
    const [a1, a2] = cloud.nodeIds as [NodeId, NodeId];
    // Two shares lie at one node of domain a only, as they do while the other is away.
    await cloud.stop(a2);
    for (let i = 0; i < 2; i++) {
      await cloud.clock.until(cloud.reading(window, '1', { entry: entryOf(newSensor()) }).upload(0, a1));
    }
    const question = { stream: cloud.stream.hash, window, group: 0 };
    const waiting = await cloud.clock.until(cloud.order(a1, operations.COMPUTE, question));
    expect(waiting.status).toBe('INCOMPLETE');
    await cloud.start(a2);
    expect(await rowOf(cloud, a2, window)).toMatchObject({ ...WITHHELD, reason: 'TOO_FEW_COMMITTED' });
  });

  it('releases while one of three nodes is away, whose shares others hold too', async () => {
    cloud = await startSmallCloud({
      stream: PRIVATE,
      shape: { nodes: [3, 3, 3], replicas: 2, acceptors: 3 },
    });
    const window = await cloud.openWindow();
    await commitOf(cloud, window, 12);
    const [a1, a2] = cloud.nodeIds as [NodeId, NodeId];
    await cloud.stop(a2);
    expect(await rowOf(cloud, a1, window)).toMatchObject({ verdict: 'RELEASED', readings: 12 });
  });

  it('counts what came while one node was away, when the node that took it is away itself', async () => {
    cloud = await startSmallCloud({
      stream: PRIVATE,
      shape: { nodes: [3, 3, 3], replicas: 2, acceptors: 3 },
    });
    const window = await cloud.openWindow();
    await commitOf(cloud, window, 12);
    const unset = [1, 2].map(() => (cloud as SmallCloud).reading(window, '1', { group: 5 }));
    const [first] = unset as [RawReading];
    const taken = first.owner(0);
    const [away, third] = cloud.nodeIds.slice(0, 3).filter((node) => node !== taken) as [NodeId, NodeId];
    await cloud.stop(away);
    for (const one of unset) await one.upload(0, taken);
    await cloud.start(away);
    await cloud.stop(taken);
    expect(await rowOf(cloud, third, window)).toMatchObject({ ...WITHHELD, reason: 'TOO_FEW_COMMITTED' });
  });

  it('counts the rows of a window that its node had forgotten', async () => {
    cloud = await startSmallCloud({
      stream: PRIVATE,
      shape: { nodes: [3, 1, 1], replicas: 2, acceptors: 3 },
    });
    const window = await cloud.openWindow();
    await commitOf(cloud, window, 12);
    const [node] = cloud.nodeIds as [NodeId];
    await cloud.stop(node);
    const rows = cloud.store(node).rows('windows');
    flipBit(
      cloud.store(node),
      'windows',
      rows.findIndex(([key]) => fromUtf8(key.slice(-7)) === 'D/terms'),
    );
    await cloud.start(node);
    expect(await rowOf(cloud, node, window)).toMatchObject({ verdict: 'RELEASED', readings: 12 });
  });

  it('decides once: what was withheld stays so, at every node and after a restart', async () => {
    cloud = await startSmallCloud({ stream: PRIVATE, shape: { nodes: [2, 2], acceptors: 3 } });
    const window = await cloud.openWindow();
    await commitOf(cloud, window, 9);
    const [a1, a2] = cloud.nodeIds as [NodeId, NodeId];
    const row = await rowOf(cloud, a1, window);
    await expectCode(cloud.reading(window, '1').notice(), 'WINDOW_SEALED');
    await cloud.restart();
    expect(await rowOf(cloud, a2, window)).toEqual(row);
    const { windows } = await cloud.ask(a2, operations.READ_STREAM, { stream: cloud.stream.hash });
    expect(windows.map(({ state }) => state)).toEqual(['WITHHELD']);
  });
});

describe('a store that took the place of a lost one', () => {
  /** Readings of twelve sensors, whose domain a has lost one of its two stores while the other one was away. */
  async function sceneOf(enrolledAfterMs: number) {
    const by = createTestAuthority();
    const own = await startSmallCloud({
      stream: { ...PRIVATE, enrolment: 'required' },
      shape: { nodes: [2, 2, 2], replicas: 2, acceptors: 3 },
      enrolment: { enrolmentAuthorities: [by.publicKey], allowOpenEnrolment: false },
    });
    cloud = own;
    const [a1, a2, b1] = own.nodeIds as [NodeId, NodeId, NodeId];
    const window = await own.openWindow({ window: windowId(START_MS + 1_000) });
    const sensors = Array.from({ length: 12 }, createTestSensor);
    await own.clock.advance(enrolledAfterMs);
    // In two batches, of which a later one may be all that is late.
    for (const enrol of [sensors.slice(0, 6), sensors.slice(6)]) {
      await own.ask(a2, operations.PUT_ROSTER, { document: await by.next({ enrol }) });
    }
    await own.clock.advance(2_000);
    for (const [place, { id }] of sensors.entries()) {
      await own.reading(window, String(place), { entry: entryOf(id) }).commit();
    }
    for (const node of [a2, a1]) await own.stop(node);
    const ring = await nextRing(own.ring, lost(domainId('a'), 0, 'f'.repeat(32)), START_MS + 600_000);
    await own.clock.until(own.order(b1, operations.PUBLISH_RING, { ring: ring.jws }));
    const replaced = await own.begin(domainId('a'), a1, ring.jws);
    await own.clock.until(replaced.serving);
    const question = { stream: own.stream.hash, window, group: 0 };
    const alone = await own.clock.until(own.order(a1, operations.COMPUTE, question));
    expect(alone).toMatchObject({ status: 'INCOMPLETE' });
    await own.start(a2);
    return { own, window, a1 };
  }

  it('takes over when its domain accepted a sensor from the node that was away meanwhile', async () => {
    const { own, window, a1 } = await sceneOf(0);
    expect(await rowOf(own, a1, window)).toMatchObject({ verdict: 'RELEASED', readings: 12 });
    expectExact(await own.compute(window), plain(12));
  });

  it('counts no sensor that came later all the same', async () => {
    const { own, window, a1 } = await sceneOf(1_001);
    expect(await rowOf(own, a1, window)).toMatchObject({ ...WITHHELD, reason: 'TOO_FEW_SENSORS' });
  });
});

it('a node that missed when its domain accepted sensors hears of them before it counts too few', async () => {
  const by = createTestAuthority();
  const own = await startSmallCloud({
    stream: { ...PRIVATE, enrolment: 'required' },
    shape: { nodes: [2, 1, 1], replicas: 2, acceptors: 3 },
    enrolment: { enrolmentAuthorities: [by.publicKey], allowOpenEnrolment: false },
  });
  cloud = own;
  const [a1, a2, ...others] = own.nodeIds as [NodeId, NodeId, ...NodeId[]];
  // What it asks others of the roster takes a minute.
  let slow = true;
  for (const node of [a2, ...others]) {
    const router = own.handle(node).peerRouter;
    const handle = router.handle.bind(router);
    vi.spyOn(router, 'handle').mockImplementation(async (caller, request, signal) => {
      const asked = caller.kind === 'peer' && caller.node === a1;
      if (slow && asked && request.path === operations.ROSTER_BATCH.path) await own.clock.sleep(60_000);
      return handle(caller, request, signal);
    });
  }
  const window = await own.openWindow({ window: windowId(START_MS + 1_000) });
  const sensors = Array.from({ length: 12 }, createTestSensor);
  await own.ask(a2, operations.PUT_ROSTER, {
    document: await by.next({ enrol: sensors }),
  });
  await own.clock.advance(2_000);
  for (const [place, { id }] of sensors.entries()) {
    const reading = own.reading(window, String(place), { entry: entryOf(id) });
    await reading.upload(0, a2);
    for (const index of [1, 2]) await reading.upload(index);
    await reading.set(reading.acceptors.find((node) => others.includes(node)));
  }
  const row = await rowOf(own, a1, window);
  slow = false;
  await own.clock.advance(60_000);
  expect(row).toMatchObject({ verdict: 'RELEASED', readings: 12 });
});

describe('a coordinator of colluding domains that proposes what it likes', () => {
  async function sceneOf(sensors: number) {
    cloud = await startSmallCloud({ stream: PRIVATE, shape: { nodes: [1, 1, 1], acceptors: 3 } });
    const window = await cloud.openWindow();
    const readings = await commitOf(cloud, window, sensors);
    const honest = cloud.nodeIds[2] as NodeId;
    return { cloud, window, honest, entries: readings.map(({ entry }) => entry) };
  }

  it('gets nothing from an honest domain for one reading alone', async () => {
    const { cloud, window, honest, entries } = await sceneOf(20);
    await imposeSettlement(cloud, window, entries.slice(0, 1));
    expect(await rowOf(cloud, honest, window)).toMatchObject({ ...WITHHELD, reason: 'TOO_FEW_SENSORS' });
  });

  it('gets nothing for the minimum, where many more sent their share', async () => {
    const { cloud, window, honest, entries } = await sceneOf(20);
    await imposeSettlement(cloud, window, entries.slice(0, 17));
    expect(await rowOf(cloud, honest, window)).toMatchObject({ ...WITHHELD, reason: 'TOO_FEW_COMMITTED' });
  });

  it('gets nothing for all readings but those that it excludes again', async () => {
    const { cloud, window, honest, entries } = await sceneOf(20);
    const settlement = await imposeSettlement(cloud, window, entries);
    const excluded = entries.slice(1).toSorted((a, b) => (entryName(a) < entryName(b) ? -1 : 1));
    const exclusion = { settlement: labelledHash('settlement', settlement), excluded, readings: 1 };
    await imposeSlot(cloud, window, 'exclusion', exclusionCodec.encode(exclusion));
    expect(await rowOf(cloud, honest, window)).toMatchObject({ ...WITHHELD, reason: 'TOO_FEW_SENSORS' });
  });

  it('gets no second answer for a second set', async () => {
    const { cloud, window, honest, entries } = await sceneOf(20);
    const row = await rowOf(cloud, honest, window);
    expect(row).toMatchObject({ verdict: 'RELEASED', readings: 20 });
    await imposeSettlement(cloud, window, entries.slice(0, 19));
    await cloud.restart();
    expect(await rowOf(cloud, honest, window)).toEqual(row);
  });
});

describe('the sensors that count', () => {
  const WINDOW = START_MS as WindowId;

  /** The verdict of a domain whose two nodes both tell of the same sensors in T, of which `standings` says what the domain knows. */
  async function verdict(standings: (place: number) => Standing, count = 12) {
    cloud = await startSmallCloud({ stream: PRIVATE, shape: { nodes: [2, 1, 1] } });
    const sensors = Array.from({ length: count }, newSensor);
    const [node] = cloud.nodeIds as [NodeId];
    const storeIds = cloud.ring.domains.flatMap(({ nodes }) => nodes.map((found) => found.storeId));
    const rings = createRings({
      history: ringHistory(cloud.ring),
      self: { nodeId: node, domain: domainId('a'), storeId: storeIds[0] as StoreId },
    });
    const gate = createGate({
      rings,
      roster: { find: (_, sensor) => standings(sensors.indexOf(sensor)) },
      rosterSpread: { date: async () => {}, fetch: async () => {} },
      self: { nodeId: node, domain: domainId('a') },
      minSensorsFloor: 8,
      callPeer: async () =>
        ({ sensors: sensors.map((sensor) => ({ sensor, included: true })), next: null }) as never,
    });
    const stream = { ...cloud.stream, enrolment: 'required' } as const;
    const record = { stream, scope: { stream: stream.hash, window: WINDOW, group: 0 }, exclusion: null };
    const held = { kind: 'held', standing: [], missing: [], scattered: [], nodes: [node] } as const;
    return gate.check(record as never, held);
  }

  const accepted = (acceptedAt: number): Standing => ({
    kind: 'accepted',
    publicKey: new Uint8Array(65),
    acceptedAt,
    batch: { authority: 'authority', sequence: 1 },
  });

  it('are those that the domain had accepted when the window began', async () => {
    expect(await verdict(() => accepted(WINDOW))).toBeNull();
  });

  it('counts a sensor once, whatever number of nodes tell of it', async () => {
    expect(await verdict(() => accepted(WINDOW), 9)).toBe('TOO_FEW_SENSORS');
  });

  it('are not those that came when the first readings were there', async () => {
    expect(await verdict((place) => accepted(place < 9 ? WINDOW : WINDOW + 1))).toBe('TOO_FEW_SENSORS');
  });

  it('are not those whom the domain does not know or has revoked', async () => {
    expect(await verdict((place) => (place < 9 ? accepted(0) : { kind: 'unknown' }))).toBe('TOO_FEW_SENSORS');
    await cloud?.close();
    expect(await verdict((place) => (place < 9 ? accepted(0) : { kind: 'revoked' }))).toBe('TOO_FEW_SENSORS');
  });
});

describe('nodes of the domain that do not answer', () => {
  /** Of five nodes, each share on two; nodes that joined since have none of the window. */
  async function checkWithout(silent: readonly string[], joined: number) {
    let ring = await developmentRing({ nodes: [5, 1], replicas: 2 });
    let history = ringHistory(ring);
    const [self = expect.fail('no node')] = ring.domains[0]?.nodes ?? [];
    for (let i = 1; i <= joined; i++) {
      ring = await nextRing(ring, grown(domainId('a')), START_MS + i);
      history = extendHistory(history, ring);
    }
    const sensors = Array.from({ length: 20 }, newSensor);
    const gate = createGate({
      rings: createRings({
        history,
        self: { nodeId: self.id, domain: domainId('a'), storeId: self.storeId },
      }),
      roster: { find: () => ({ kind: 'unknown' }) },
      rosterSpread: { date: async () => {}, fetch: async () => {} },
      self: { nodeId: self.id, domain: domainId('a') },
      minSensorsFloor: 8,
      async callPeer(node) {
        if (silent.includes(node)) throw new EngineError('UNREACHABLE', 'away');
        return { sensors: sensors.map((sensor) => ({ sensor, included: true })), next: null } as never;
      },
    });
    const { domains } = ring;
    const stream = { domains, publicData: false, enrolment: 'open', minSensors: 8, minCommittedPercent: 90 };
    const record = { stream, scope: { stream: 'stream', window: START_MS, group: 0 }, exclusion: null };
    return gate.check(record as never, {
      kind: 'held',
      standing: [],
      missing: [],
      scattered: [],
      nodes: [self.id],
    });
  }

  it('are at most as many as leave a copy of every share, whatever nodes have joined since', async () => {
    for (const joined of [0, 2]) {
      expect(await checkWithout(['a2'], joined)).toBeNull();
      await expectCode(checkWithout(['a2', 'a3'], joined), 'UNREACHABLE');
    }
  });
});
