import { afterEach, expect, test } from 'vitest';
import type { Sensor, SensorOptions } from '../../sensor-client/index.ts';
import { createSensor, createSensorKeys } from '../../sensor-client/index.ts';
import { EngineError } from '../../src/foundation/index.ts';
import { cryptoRandomBytes, nodeSealing } from '../../src/platform/index.ts';
import { operations } from '../../src/protocol/index.ts';
import type { StreamPayload } from '../../src/protocol/stream-document.ts';
import { testVerifier } from '../support/development-ring.ts';
import { expectExact } from '../support/exact-result.ts';
import { bundleOf, sensorScene } from '../support/sensor-scene.ts';
import { type SmallCloud, startSmallCloud } from '../support/small-cloud.ts';

const INTERVAL_MS = 10_000;
const POLICY = { allowDevelopment: true, allowBatches: true, allowSeeds: true };

let cloud: SmallCloud | undefined;
let sensor: Sensor | undefined;
/** Counts of the flags whose shares the first domain has seen, in order. */
const counts: number[] = [];
/** Bytes of its packets' shares, sealed. */
const sizes: number[] = [];

afterEach(async () => {
  await sensor?.close().catch(() => undefined);
  await cloud?.close();
  sensor = undefined;
  cloud = undefined;
  counts.length = 0;
  sizes.length = 0;
});

async function scene(stream: Partial<StreamPayload> = {}, options: Partial<SensorOptions> = {}) {
  const of = await startSmallCloud({
    stream: { countMode: 'batch', ...stream },
    overhear: ({ path, request }) => {
      if (path !== operations.UPLOAD.path) return;
      const { index, packets } = operations.UPLOAD.request.decode(request);
      if (index !== 0) return;
      counts.push(...packets.flatMap(({ readings }) => readings.map(({ count }) => count)));
      sizes.push(...packets.map(({ sealed }) => sealed.length));
    },
  });
  cloud = of;
  const own = await createSensor(
    {
      bundle: bundleOf(of.ring),
      stream: of.stream.hash,
      keys: await createSensorKeys(),
      policy: POLICY,
      recording: { intervalMs: INTERVAL_MS },
      ...options,
    },
    {
      clock: of.clock,
      randomBytes: cryptoRandomBytes,
      verifier: testVerifier,
      sealing: nodeSealing,
      connect: () => of.transport,
    },
  );
  sensor = own;
  return { of, own };
}

const readingsFrom = (first: number, count: number) =>
  Array.from({ length: count }, (_, i) => ((((first + i) * 37) % 1_000) / 10 - 40).toFixed(1));

async function record(of: SmallCloud, own: Sensor, readings: readonly string[], window?: number) {
  for (const reading of readings) {
    await of.clock.until(own.record(reading, window === undefined ? {} : { window }));
  }
}

async function failureOf(of: SmallCloud, work: Promise<unknown>): Promise<EngineError> {
  return of.clock.until(
    work.then(
      () => Promise.reject(new Error('expected a failure')),
      (error: EngineError) => error,
    ),
  );
}

test.each([false, true])(
  'recorded readings are uploaded as one vector under one flag per interval, and the rest at the close (seeds %s)',
  async (seeds) => {
    const { of, own } = await scene({ seeds });
    const window = await of.openWindow();
    await record(of, own, readingsFrom(0, 100), window);
    expect(counts).toEqual([]);
    await of.clock.advance(INTERVAL_MS);
    await of.clock.until(own.flush());
    expect(counts).toEqual([100]);
    await record(of, own, readingsFrom(100, 7), window);
    await record(of, own, ['59.9'], window);
    await of.clock.until(own.close());
    expect(counts).toEqual([100, 8]);
    // The number of vectors, one of three elements or a seed, and the tag: the same for any number of readings.
    expect(sizes).toEqual(new Array(2).fill(4 + (seeds ? 32 : 48) + 16));
    const result = expectExact(await of.compute(window), [...readingsFrom(0, 107), '59.9']);
    expect(result).toMatchObject({ readings: 108, committed: 108 });
  },
);

test('a record holds readings of one window', async () => {
  const { of, own } = await scene();
  const windows = [await of.openWindow(), await of.openWindow()];
  for (let i = 0; i < 6; i++) await record(of, own, readingsFrom(10 * i, 10), windows[i % 2]);
  await of.clock.until(own.flush());
  expect(counts).toEqual([30, 30]);
  for (const [i, window] of windows.entries()) {
    expectExact(
      await of.compute(window),
      [i, i + 2, i + 4].flatMap((k) => readingsFrom(10 * k, 10)),
    );
  }
});

test('what no node takes is kept, told with its number, and sent once nodes are back', async () => {
  const told: EngineError[] = [];
  const { of, own } = await scene(
    {},
    { recording: { intervalMs: INTERVAL_MS, onUnsent: (error) => told.push(error) } },
  );
  const window = await of.openWindow();
  await record(of, own, readingsFrom(0, 20), window);
  const [node] = of.nodeIds;
  await of.stop(node!);
  const failure = await failureOf(of, own.flush());
  expect(failure).toMatchObject({
    code: 'RECORDS_UNSENT',
    details: { readings: 20, kept: 20, undecided: 0, lost: 0, lastFailure: 'DEADLINE_EXCEEDED' },
  });
  await record(of, own, readingsFrom(20, 5), window);
  await of.start(node!);
  await of.clock.until(own.flush());
  expectExact(await of.compute(window), readingsFrom(0, 25));
  expect(told.every(({ code }) => code === 'RECORDS_UNSENT')).toBe(true);
});

test('readings of a window that was sealed meanwhile are told as lost, once', async () => {
  const { of, own } = await scene();
  const window = await of.openWindow();
  await record(of, own, readingsFrom(0, 3), window);
  await of.clock.until(of.operator.seal(of.stream, window, { waitMs: 10_000 }));
  const failure = await failureOf(of, own.flush());
  expect(failure).toMatchObject({ code: 'RECORDS_UNSENT', details: { readings: 3, kept: 0, lost: 3 } });
  await of.clock.until(own.flush());
});

test('a refused reading is added to nothing, and a stream without batches takes none', async () => {
  const { of, own } = await scene();
  const window = await of.openWindow();
  await record(of, own, ['1'], window);
  await expect(of.clock.until(own.record('1.55', { window }))).rejects.toMatchObject({
    code: 'READING_TOO_PRECISE',
  });
  await of.clock.until(own.close());
  expect(counts).toEqual([1]);
  await expect(own.record('1', { window })).rejects.toMatchObject({ code: 'READING_ABORTED' });
  await of.close();
  const other = await scene({ countMode: 'single' });
  await expect(other.of.clock.until(other.own.record('1', { window }))).rejects.toMatchObject({
    code: 'STREAM_REFUSED',
  });
});

test('a record whose SET is not answered is undecided, is not sent again, and is done once its flag is known', async () => {
  let silent = true;
  const own = await sensorScene({
    stream: { countMode: 'batch' },
    fate: ({ operation }) =>
      silent && (operation === 'SET' || operation === 'GET') ? 'reply lost' : 'arrives',
  });
  const gateway = await own.sensor({ policy: POLICY, recording: { intervalMs: INTERVAL_MS } });
  await own.clock.until(gateway.record('1'));
  await own.clock.until(gateway.record('2'));
  const failure = await own.clock.until(gateway.flush().catch((error: EngineError) => error));
  expect(failure).toMatchObject({
    code: 'RECORDS_UNSENT',
    details: { readings: 2, kept: 0, undecided: 2, lost: 0 },
  });
  const uploads = own.nodes.sent.filter(({ operation }) => operation === 'UPLOAD').length;
  silent = false;
  await own.clock.until(gateway.flush());
  expect(own.nodes.sent.filter(({ operation }) => operation === 'UPLOAD')).toHaveLength(uploads);
  await own.clock.until(gateway.close());
});

test('a record of which nobody can tell any more, since its window is erased, is told once as undecided', async () => {
  let erased = false;
  const own = await sensorScene({
    stream: { countMode: 'batch' },
    fate({ operation }) {
      if (operation !== 'SET' && operation !== 'GET') return 'arrives';
      return erased ? new EngineError('WINDOW_ERASED', 'the window was erased') : 'reply lost';
    },
  });
  const gateway = await own.sensor({ policy: POLICY, recording: { intervalMs: INTERVAL_MS } });
  await own.clock.until(gateway.record('1'));
  const flush = () => own.clock.until(gateway.flush().catch((error: EngineError) => error));
  expect(await flush()).toMatchObject({ details: { readings: 1, undecided: 1 } });
  erased = true;
  expect(await flush()).toMatchObject({ code: 'RECORDS_UNSENT', details: { readings: 1, undecided: 1 } });
  expect(await flush()).toBeUndefined();
});

test('a reading that turns out to be in no result is told once, also where two ask for it at the same time', async () => {
  const told: EngineError[] = [];
  let answers = false;
  const own = await sensorScene({
    stream: { countMode: 'batch' },
    shape: { nodes: [2, 2, 2], acceptors: 3 },
    fate: ({ operation }) =>
      !answers && (operation === 'SET' || operation === 'GET') ? 'request lost' : 'arrives',
  });
  const gateway = await own.sensor({
    policy: POLICY,
    recording: { intervalMs: INTERVAL_MS, onUnsent: (error) => told.push(error) },
  });
  await own.clock.until(gateway.record('1'));
  const first = await own.clock.until(gateway.flush().catch((error: EngineError) => error));
  expect(first).toMatchObject({ details: { readings: 1, undecided: 1 } });
  own.nodes.expireFlags();
  answers = true;
  const flushes = [gateway.flush(), gateway.flush()].map((flush) =>
    flush.catch((error: EngineError) => error),
  );
  const errors = await own.clock.until(Promise.all(flushes));
  const lost = errors.map((error) => (error instanceof EngineError ? Number(error.details.lost) : 0));
  expect(lost.reduce((sum, one) => sum + one, 0)).toBe(1);
  await own.clock.until(gateway.close());
});

test('a record is sent before its window ends, also where it begins in the interval of another', async () => {
  const LENGTH_MS = 60_000;
  const start = Math.ceil(1_700_000_000_000 / LENGTH_MS) * LENGTH_MS;
  const sentAt: (readonly [window: number, at: number])[] = [];
  const own = await sensorScene({
    stream: { countMode: 'batch', window: { kind: 'fixed', durationMs: LENGTH_MS } },
    windows: [start, start + LENGTH_MS],
    arrives({ operation, body }) {
      if (operation !== 'UPLOAD') return;
      sentAt.push([operations.UPLOAD.request.decode(body).context.window, own.clock.now()]);
    },
  });
  const gateway = await own.sensor({ policy: POLICY, recording: { intervalMs: LENGTH_MS } });
  await own.clock.advance(start + LENGTH_MS - 5_000 - own.clock.now());
  // The next window's first reading has a whole interval; this window's has five seconds.
  await own.clock.until(gateway.record('1', { window: start + LENGTH_MS }));
  await own.clock.until(gateway.record('2'));
  await own.clock.advance(5_000);
  expect(sentAt.filter(([window]) => window === start).length).toBeGreaterThan(0);
  expect(sentAt.filter(([window, at]) => at > window + LENGTH_MS)).toEqual([]);
  await own.clock.until(gateway.close());
});

test('what is recorded is sent in time, also while nobody says what became of a flag before', async () => {
  let lost: readonly string[] = ['SET', 'GET'];
  const own = await sensorScene({
    stream: { countMode: 'batch' },
    fate: ({ operation }) => (lost.includes(operation) ? 'request lost' : 'arrives'),
  });
  const gateway = await own.sensor({ policy: POLICY, recording: { intervalMs: INTERVAL_MS } });
  const counted = () =>
    own.nodes.sent.flatMap(({ operation, body }) => {
      if (operation !== 'UPLOAD') return [];
      const { packets } = operations.UPLOAD.request.decode(body);
      return packets.flatMap(({ readings }) => readings.map(({ count }) => count));
    });
  await own.clock.until(gateway.record('1'));
  await own.clock.advance(INTERVAL_MS + 61_000);
  expect(new Set(counted())).toEqual(new Set([1]));
  lost = ['GET'];
  await own.clock.until(gateway.record('2'));
  await own.clock.until(gateway.record('3'));
  await own.clock.advance(INTERVAL_MS);
  expect(new Set(counted())).toEqual(new Set([1, 2]));
  lost = [];
  const left = await own.clock.until(gateway.close().catch((error: EngineError) => error));
  expect(left).toMatchObject({ details: { readings: 1, kept: 0, undecided: 1, lost: 0 } });
});
