import { afterEach, describe, expect, it, vi } from 'vitest';
import { UPLOAD_TIMEOUT_MS } from '../../../node/engine/peers.ts';
import type { SensorId } from '../../../src/protocol/index.ts';
import { operations, readingId } from '../../../src/protocol/index.ts';
import type { NodeId } from '../../../src/ring/index.ts';
import { expectCode } from '../../support/bad-input.ts';
import { createTestAuthority, createTestSensor } from '../../support/enrolment.ts';
import { isPending } from '../../support/pending.ts';
import { diskText, type SmallCloud, START_MS, startSmallCloud } from '../../support/small-cloud.ts';

const MINUTE_MS = 60_000;
let cloud: SmallCloud;
afterEach(() => cloud.close());

const authority = () => createTestAuthority();
type Authority = ReturnType<typeof authority>;

async function enrolledCloud(by: Authority, nodes: readonly number[] = [2, 1, 1]): Promise<SmallCloud> {
  cloud = await startSmallCloud({
    shape: { nodes },
    stream: { enrolment: 'required' },
    enrolment: { enrolmentAuthorities: [by.publicKey], allowOpenEnrolment: false },
  });
  return cloud;
}

const put = (node: NodeId, document: string) => cloud.ask(node, operations.PUT_ROSTER, { document });
/** The next batch of an authority's log, brought to one node. */
const enrol = async (by: Authority, changes: Parameters<Authority['next']>[0]) =>
  put('a1' as NodeId, await by.next(changes));
const standing = (node: NodeId, sensor: SensorId) => cloud.handle(node).roster.find(cloud.stream, sensor);
const standings = (sensor: SensorId) => cloud.nodeIds.map((node) => standing(node, sensor).kind);
/** Lets messages travel; nothing in it waits for the clock. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await cloud.clock.advance(0);
}

describe('the roster of sensors', () => {
  it('accepts an enrolled sensor at every node, with its key and the time of acceptance', async () => {
    const by = authority();
    await enrolledCloud(by);
    const sensor = createTestSensor();
    await cloud.clock.advance(MINUTE_MS);
    const head = await enrol(by, { enrol: [sensor] });
    expect(head).toEqual({ authority: by.publicKey, sequence: 1 });
    await settle();
    expect(standings(sensor.id)).toEqual(['accepted', 'accepted', 'accepted', 'accepted']);
    expect(standing('c1' as NodeId, sensor.id)).toEqual({
      kind: 'accepted',
      publicKey: sensor.publicKey,
      acceptedAt: START_MS + MINUTE_MS,
      batch: head,
    });
  });

  it('revokes a sensor at every node as soon as one hears of it, and for ever', async () => {
    const by = authority();
    await enrolledCloud(by);
    const sensor = createTestSensor();
    await enrol(by, { enrol: [sensor] });
    await settle();
    await put('b1' as NodeId, await by.next({ revoke: [sensor.id] }));
    await settle();
    expect(new Set(standings(sensor.id))).toEqual(new Set(['revoked']));
    await put('c1' as NodeId, await by.next({ enrol: [sensor] }));
    await settle();
    expect(new Set(standings(sensor.id))).toEqual(new Set(['revoked']));
  });

  it('is still there after a restart, with the first time of acceptance', async () => {
    const by = authority();
    await enrolledCloud(by);
    const [sensor, gone] = [createTestSensor(), createTestSensor()];
    await enrol(by, { enrol: [sensor, gone] });
    await enrol(by, { revoke: [gone.id] });
    const before = standing('a1' as NodeId, sensor.id);
    await cloud.clock.advance(MINUTE_MS);
    await cloud.restart();
    expect(standing('a1' as NodeId, sensor.id)).toEqual(before);
    expect(new Set(standings(gone.id))).toEqual(new Set(['revoked']));
  });

  it('is fetched by a node that was away before it serves, with the time its own domain knows', async () => {
    const by = authority();
    await enrolledCloud(by);
    const [sensor, gone] = [createTestSensor(), createTestSensor()];
    await enrol(by, { enrol: [gone] });
    await settle();
    for (const node of ['a2', 'c1'] as NodeId[]) await cloud.stop(node);
    await enrol(by, { enrol: [sensor], revoke: [gone.id] });
    await cloud.clock.advance(MINUTE_MS);
    for (const node of ['a2', 'c1'] as NodeId[]) {
      await cloud.start(node);
      expect(standing(node, gone.id).kind).toBe('revoked');
    }
    // a2 has the word of a1; c1, alone in its domain, can only say when it heard of it itself.
    expect(standing('a2' as NodeId, sensor.id)).toMatchObject({ acceptedAt: START_MS });
    expect(standing('c1' as NodeId, sensor.id)).toMatchObject({ acceptedAt: START_MS + MINUTE_MS });
  });

  it('refuses what does not follow, and says which batch it expects', async () => {
    const by = authority();
    await enrolledCloud(by);
    const first = await by.next({ enrol: [createTestSensor()] });
    const second = await by.next({ enrol: [createTestSensor()] });
    const gap = await expectCode(put('a1' as NodeId, second), 'ROSTER_GAP');
    expect(gap.details.expected).toBe(1);
    await put('a1' as NodeId, first);
    const other = await by.sign({ sequence: 2, previous: 'f'.repeat(64), revoke: ['0'.repeat(32)] });
    await expectCode(put('a1' as NodeId, other), 'ROSTER_REFUSED');
    await put('a1' as NodeId, second);
    expect(await put('a1' as NodeId, first)).toMatchObject({ sequence: 2 });
  });

  it('refuses a second batch of one number', async () => {
    const by = authority();
    await enrolledCloud(by);
    await enrol(by, { enrol: [createTestSensor()] });
    const fork = await by.sign({ sequence: 1, previous: null, revoke: ['0'.repeat(32)] });
    await expectCode(put('a1' as NodeId, fork), 'ROSTER_REFUSED');
  });

  it('refuses an authority that the domain does not trust, and keeps nothing of it', async () => {
    await enrolledCloud(authority());
    const before = diskText(cloud.store('a1' as NodeId));
    const stranger = createTestAuthority('stranger');
    await expectCode(
      put('a1' as NodeId, await stranger.next({ enrol: [createTestSensor()] })),
      'ROSTER_REFUSED',
    );
    expect(diskText(cloud.store('a1' as NodeId))).toBe(before);
  });

  it('takes a sensor for the streams of its batch only', async () => {
    const by = authority();
    await enrolledCloud(by);
    const [here, elsewhere] = [createTestSensor(), createTestSensor()];
    await enrol(by, { enrol: [here], streams: [cloud.stream.hash] });
    await enrol(by, { enrol: [elsewhere], streams: ['0'.repeat(64)] });
    expect(standing('a1' as NodeId, here.id).kind).toBe('accepted');
    expect(standing('a1' as NodeId, elsewhere.id).kind).toBe('unknown');
  });
});

describe('a stream of enrolled sensors', () => {
  const readingOf = async (sensor: SensorId) => {
    const window = await cloud.openWindow();
    const id = readingId(new Uint8Array(16));
    return cloud.reading(window, '21.5', { entry: { readingId: id, sensorId: sensor, count: 1 } });
  };

  /** A reading of the one sensor that the authority has enrolled. */
  async function enrolledReading() {
    const by = authority();
    await enrolledCloud(by);
    const sensor = createTestSensor();
    await enrol(by, { enrol: [sensor] });
    await settle();
    return { by, sensor, reading: await readingOf(sensor.id) };
  }

  it('takes the readings of an enrolled sensor', async () => {
    const { reading } = await enrolledReading();
    await reading.commit();
    expect(await reading.get()).toEqual({ outcomes: ['TRUE'] });
  });

  it('refuses UPLOAD, SET and ACCEPT of a sensor that nobody enrolled', async () => {
    await enrolledCloud(authority());
    const reading = await readingOf(createTestSensor().id);
    expect(await reading.upload(0)).toEqual({ answers: ['SENSOR_UNKNOWN'] });
    expect(await reading.set()).toEqual({ outcomes: ['SENSOR_UNKNOWN'] });
    expect(await reading.accept()).toEqual({
      packets: [{ answer: 'SENSOR_UNKNOWN', word: null, others: [] }],
    });
    expect(await reading.get()).toEqual({ outcomes: ['UNDECIDED'] });
  });

  it('refuses UPLOAD, SET and ACCEPT of a revoked sensor, and its reading ends as ERROR', async () => {
    const { by, sensor, reading } = await enrolledReading();
    for (const index of [0, 1, 2]) await reading.upload(index);
    await enrol(by, { revoke: [sensor.id] });
    await settle();
    expect(await reading.upload(0)).toEqual({ answers: ['SENSOR_REVOKED'] });
    expect(await reading.set()).toEqual({ outcomes: ['SENSOR_REVOKED'] });
    expect(await reading.accept()).toEqual({
      packets: [{ answer: 'SENSOR_REVOKED', word: null, others: [] }],
    });
    await cloud.clock.advance(MINUTE_MS);
    expect(await reading.get()).toEqual({ outcomes: ['ERROR'] });
  });

  it('stores no share of a sensor that is revoked while its packet is opened', async () => {
    const { sensor, reading } = await enrolledReading();
    const { roster } = cloud.handle(reading.owner(0));
    const accepted = roster.find(cloud.stream, sensor.id);
    const find = vi.spyOn(roster, 'find').mockReturnValue({ kind: 'revoked' }).mockReturnValueOnce(accepted);
    expect(await reading.upload(0)).toEqual({ answers: ['SENSOR_REVOKED'] });
    find.mockRestore();
    expect(cloud.store(reading.owner(0)).rows('values')).toHaveLength(0);
    expect(await reading.upload(0)).toEqual({ answers: ['STORED'] });
  });

  it('is refused by a domain that trusts no enrolment authority', async () => {
    const opening = startSmallCloud({ stream: { enrolment: 'required' } });
    await expectCode(opening, 'STREAM_REFUSED');
    await enrolledCloud(authority());
  });
});

describe('a node that has not heard of an enrolment', () => {
  const [TOLD, DEAF] = ['a1', 'a2'] as [NodeId, NodeId];

  /** A reading of a sensor of which one node of domain a has heard, and the other one not, though it is asked to listen. */
  async function lateReading() {
    const by = authority();
    let deaf = true;
    cloud = await startSmallCloud({
      shape: { nodes: [2, 1, 1] },
      stream: { enrolment: 'required' },
      enrolment: { enrolmentAuthorities: [by.publicKey], allowOpenEnrolment: false },
      lie: ({ from, path }) =>
        deaf && from === DEAF && path === operations.ROSTER_BATCH.path
          ? operations.ROSTER_BATCH.response.encode({ batch: null })
          : undefined,
    });
    const window = await cloud.openWindow();
    const sensor = createTestSensor();
    await enrol(by, { enrol: [sensor] });
    await settle();
    deaf = false;
    expect(standing(DEAF, sensor.id).kind).toBe('unknown');
    const entry = { readingId: readingId(new Uint8Array(16)), sensorId: sensor.id, count: 1 };
    return { sensor, reading: cloud.reading(window, '21.5', { entry }) };
  }

  it('asks its domain before it refuses the sensor, and takes over when that was', async () => {
    const { reading, sensor } = await lateReading();
    expect(await reading.upload(0, DEAF)).toEqual({ answers: ['STORED'] });
    expect(standing(DEAF, sensor.id)).toEqual(standing(TOLD, sensor.id));
  });

  it('says that it cannot tell where the one that has heard of it does not answer', async () => {
    const { reading } = await lateReading();
    await cloud.stop(TOLD);
    expect(await reading.upload(0, DEAF)).toEqual({ answers: ['INCOMPLETE'] });
  });

  it('keeps nobody waiting for one that hangs', async () => {
    const { reading } = await lateReading();
    const hung = vi.spyOn(cloud.handle(TOLD).peerRouter, 'handle').mockReturnValue(new Promise(() => {}));
    const answered = reading.upload(0, DEAF);
    await vi.waitFor(() => expect(hung).toHaveBeenCalled());
    await cloud.clock.advance(UPLOAD_TIMEOUT_MS + 1);
    expect(await isPending(answered)).toBe(false);
    hung.mockRestore();
    expect(await answered).toEqual({ answers: ['INCOMPLETE'] });
  });
});

describe('a stream that anybody may upload to', () => {
  it('is refused by a domain whose settings do not allow it', async () => {
    const by = authority();
    const opening = startSmallCloud({
      enrolment: { enrolmentAuthorities: [by.publicKey], allowOpenEnrolment: false },
    });
    await expectCode(opening, 'STREAM_REFUSED');
    await enrolledCloud(by);
  });
});
