import { describe, expect, it, test } from 'vitest';
import type { SensorPorts, UploadFailure, UploadProgress } from '../../sensor-client/index.ts';
import { createSensor } from '../../sensor-client/index.ts';
import { FAILURES_KEPT_MAX, UNOPENED_MS } from '../../sensor-client/limits.ts';
import { EngineError, toHex } from '../../src/foundation/index.ts';
import { entriesOf, entryOfName, operations } from '../../src/protocol/index.ts';
import { fixedSensor } from '../support/fixed-sensor.ts';
import { sensorScene, WINDOW } from '../support/sensor-scene.ts';

test('readings that are under way together share their requests', async () => {
  const { clock, nodes, sensor } = await sensorScene();
  const summary = await clock.until(
    (await sensor()).uploadMany(Array.from({ length: 100 }, (_, i) => i / 2)),
  );
  expect(summary).toMatchObject({ taken: 100, committed: 100, failed: 0, undecided: 0, failures: [] });
  expect([...nodes.flags.values()].filter((outcome) => outcome === 'TRUE')).toHaveLength(100);
  // 4 requests for a lone reading; a flush of 64 and one of the rest are two partitions.
  expect(nodes.sent.length).toBeLessThan(40);
});

test('a flush is sealed once for every domain, and asks each of the three acceptors itself, in one partition', async () => {
  const { bundle, clock, nodes, ports, stream } = await sensorScene({
    shape: { nodes: [2, 2, 2], acceptors: 3 },
  });
  const sealed: number[] = [];
  const sealing: SensorPorts['sealing'] = {
    ...ports.sealing,
    seal(key, nonce, bound, text) {
      sealed.push(text.length);
      return ports.sealing.seal(key, nonce, bound, text);
    },
  };
  const sensor = await createSensor(
    { bundle, stream: stream.hash, policy: { allowDevelopment: true } },
    { ...ports, sealing },
  );
  const readings = Array.from({ length: 50 }, (_, i) => i / 2);
  const { committed } = await clock.until(sensor.uploadMany(readings, { window: WINDOW }));
  expect(committed).toBe(50);
  const uploads = nodes.sent.filter(({ operation }) => operation === 'UPLOAD');
  const accepts = nodes.sent.filter(({ operation }) => operation === 'ACCEPT');
  expect(nodes.sent.filter(({ operation }) => operation === 'SET' || operation === 'GET')).toEqual([]);
  const requests = [
    ...uploads.map(({ body }) => operations.UPLOAD.request.decode(body)),
    ...accepts.map(({ body }) => operations.ACCEPT.request.decode(body)),
  ];
  expect(requests.map(({ packets }) => packets.map((packet) => packet.readings.length))).toEqual(
    new Array(6).fill([50]),
  );
  expect(new Set(requests.map(({ partition }) => partition)).size).toBe(1);
  expect(new Set(accepts.map(({ node }) => node)).size).toBe(3);
  // Three elements of 16 bytes of each reading, for three domains.
  expect(sealed).toEqual([2_400, 2_400, 2_400]);
});

test('no more readings are taken from the source than may be under way', async () => {
  const { clock, sensor } = await sensorScene();
  let taken = 0;
  let ended = 0;
  function* source() {
    for (let i = 0; i < 50; i++) {
      taken += 1;
      expect(taken - ended).toBeLessThanOrEqual(5);
      yield i;
    }
  }
  const progress: UploadProgress[] = [];
  const work = (await sensor()).uploadMany(source(), {
    concurrency: 5,
    onProgress(now) {
      ended = now.committed + now.failed;
      progress.push(now);
    },
  });
  expect((await clock.until(work)).committed).toBe(50);
  expect(progress.at(-1)).toEqual({ taken: 50, committed: 50, failed: 0 });
});

test('a bad reading fails alone and is told by its index', async () => {
  const { clock, sensor } = await sensorScene();
  async function* source() {
    yield 1;
    yield 1.25;
    yield 'warm';
    yield 4;
  }
  const failures: UploadFailure[] = [];
  const summary = await clock.until(
    (await sensor()).uploadMany(source(), { onFailure: (failure) => failures.push(failure) }),
  );
  expect(summary).toMatchObject({ taken: 4, committed: 2, failed: 2 });
  expect(summary.failuresByCode).toEqual({ READING_TOO_PRECISE: 1, READING_NOT_A_NUMBER: 1 });
  expect(failures.map(({ index, code }) => [index, code]).sort()).toEqual([
    [1, 'READING_TOO_PRECISE'],
    [2, 'READING_NOT_A_NUMBER'],
  ]);
});

test('failures beyond what the summary lists are still counted and told', async () => {
  const { clock, sensor } = await sensorScene();
  let told = 0;
  const readings = Array.from({ length: FAILURES_KEPT_MAX + 7 }, () => Number.NaN);
  const summary = await clock.until(
    (await sensor()).uploadMany(readings, { onFailure: () => told++, concurrency: 1_000 }),
  );
  expect(summary.failures).toHaveLength(FAILURES_KEPT_MAX);
  expect([summary.failed, summary.failuresByCode.READING_NOT_A_NUMBER, told]).toEqual([
    readings.length,
    readings.length,
    readings.length,
  ]);
});

test('a full window refuses only the readings that do not fit', async () => {
  let room = 10;
  const { clock, sensor } = await sensorScene({
    fate: ({ operation, body }) => {
      if (operation !== 'UPLOAD') return 'arrives';
      const { index, packets } = operations.UPLOAD.request.decode(body);
      if (index !== 0) return 'arrives';
      const wanted = packets.flatMap(entriesOf).length;
      if (wanted > room) return new EngineError('WINDOW_FULL', 'full');
      room -= wanted;
      return 'arrives';
    },
  });
  const summary = await clock.until((await sensor()).uploadMany(Array.from({ length: 30 }, (_, i) => i)));
  expect(summary).toMatchObject({ committed: 10, failed: 20, failuresByCode: { WINDOW_FULL: 20 } });
});

test('an abort ends the upload with a summary of what is known', async () => {
  const caller = new AbortController();
  const { clock, nodes, sensor } = await sensorScene({
    fate: ({ operation }) => (operation === 'ACCEPT' ? 'reply lost' : 'arrives'),
  });
  async function* endless() {
    for (let i = 0; i < 3; i++) yield i;
    await new Promise(() => {});
  }
  const work = (await sensor()).uploadMany(endless(), { signal: caller.signal });
  await clock.advance(500);
  caller.abort();
  expect(await clock.until(work)).toMatchObject({ taken: 3, failed: 3, undecided: 3 });
  expect([...nodes.flags.values()]).toEqual(['TRUE', 'TRUE', 'TRUE']);
});

test('a source that fails is heard after what was under way has ended', async () => {
  const { clock, nodes, sensor } = await sensorScene();
  function* source() {
    yield 1;
    throw new RangeError('the file ended early');
  }
  await expect(clock.until((await sensor()).uploadMany(source()))).rejects.toThrow('the file ended early');
  expect([...nodes.flags.values()]).toEqual(['TRUE']);
});

test('a gateway uploads for many sensors under their own ids', async () => {
  const { clock, nodes, sensor } = await sensorScene();
  const sensors = [0, 1, 2].map((number) => fixedSensor(`${number}`));
  const keysOf = (index: number) => sensors[index % 2]?.keys ?? fixedSensor('none').keys;
  await clock.until((await sensor()).uploadMany([1, 2, 3], { keysOf, window: WINDOW }));
  const ids = [0, 1, 0].map((index) => toHex(sensors[index]?.sensorId ?? new Uint8Array(0)));
  expect([...nodes.flags.keys()].map((name) => toHex(entryOfName(name).sensorId)).sort()).toEqual(ids.sort());
  const uploads = nodes.sent.filter(({ operation }) => operation === 'UPLOAD');
  expect(uploads).toHaveLength(3);
  // One request to each domain, in it one packet of each sensor.
  for (const { body } of uploads) expect(operations.UPLOAD.request.decode(body).packets).toHaveLength(2);
});

test('readings of two groups share no request', async () => {
  const { clock, nodes, sensor } = await sensorScene({ stream: { groups: ['north', 'south'] } });
  const labels = ['north', 'south', 'north'];
  const many = { groupOf: (index: number) => labels[index] ?? '', window: WINDOW };
  const own = await sensor({ policy: { allowDevelopment: true, allowGroups: true } });
  await clock.until(own.uploadMany([1, 2, 3], many));
  const created = nodes.sent
    .filter(({ operation }) => operation === 'UPLOAD')
    .map(({ body }) => operations.UPLOAD.request.decode(body))
    .filter(({ index }) => index === 0);
  expect(
    created.map(({ context, packets }) => [context.group, packets.flatMap(entriesOf).length]).sort(),
  ).toEqual([
    [1, 2],
    [2, 1],
  ]);
});

test('without an open window nothing is uploaded', async () => {
  const none = await sensorScene({ windows: [] });
  await expect(none.clock.until((await none.sensor()).uploadMany([1]))).rejects.toMatchObject({
    code: 'WINDOW_NOT_OPEN',
  });
});

describe('readings of a window that nobody opened', () => {
  /** Uploads within 30 s into a window that begins so much later, and is opened after so long if at all; hears after how long. */
  async function uploaded(beginsInMs: number, openedAfterMs?: number) {
    const windows: number[] = [];
    const { clock, nodes, sensor } = await sensorScene({ windows });
    const from = clock.now();
    const window = WINDOW + beginsInMs;
    const own = await sensor({ window });
    const all = own.uploadMany([1, 2], { deadlineMs: 30_000 });
    if (openedAfterMs !== undefined) {
      await clock.advance(openedAfterMs);
      windows.push(window);
    }
    const summary = await clock.until(all);
    return { summary, nodes, afterMs: clock.now() - from };
  }

  it('are told so when every domain has said it for a while', async () => {
    const { summary, nodes, afterMs } = await uploaded(0);
    expect(summary.failuresByCode).toEqual({ WINDOW_NOT_OPEN: 2 });
    for (const { message, details } of summary.failures) {
      expect(message).toContain(`got ${WINDOW}, which every domain says is not open`);
      expect(details.flagKey).toBeDefined();
    }
    expect(afterMs).toBeGreaterThanOrEqual(UNOPENED_MS);
    expect(afterMs).toBeLessThan(UNOPENED_MS + 2_000);
    expect(nodes.flags.size).toBe(0);
  });

  it('are committed where it is opened meanwhile', async () => {
    expect((await uploaded(0, UNOPENED_MS - 1_000)).summary.committed).toBe(2);
    expect((await uploaded(15_000, 16_000)).summary.committed).toBe(2);
  });

  it('wait for its start where that is within their deadline, and not where it is later', async () => {
    const soon = await uploaded(20_000);
    expect(soon.summary.failuresByCode).toEqual({ WINDOW_NOT_OPEN: 2 });
    expect(soon.afterMs).toBeGreaterThanOrEqual(20_000 + UNOPENED_MS);
    const later = await uploaded(40_000);
    expect(later.afterMs).toBeLessThan(UNOPENED_MS + 2_000);
  });
});

test('keys that cannot be had are the failure of their reading, also while its window is looked for', async () => {
  let documents = 0;
  const { clock, sensor } = await sensorScene({
    fate: ({ operation }) => (operation === 'READ_STREAM' && ++documents === 2 ? 'request lost' : 'arrives'),
  });
  const own = await sensor();
  const summary = await clock.until(
    own.uploadMany([1, 2], {
      atOf: (index) => WINDOW + index,
      keysOf: () => Promise.reject(new EngineError('INVALID_ARGUMENT', 'expected a key of the device')),
    }),
  );
  expect(summary).toMatchObject({ committed: 0, failuresByCode: { INVALID_ARGUMENT: 2 } });
});
