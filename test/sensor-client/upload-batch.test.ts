import { afterEach, describe, expect, it } from 'vitest';
import type { Sensor } from '../../sensor-client/index.ts';
import { createSensor, createSensorKeys } from '../../sensor-client/index.ts';
import { batchMax } from '../../sensor-client/upload-batch.ts';
import { encodeElements, fieldElement } from '../../src/arithmetic/index.ts';
import { concat } from '../../src/foundation/index.ts';
import { cryptoRandomBytes, nodeSealing } from '../../src/platform/index.ts';
import type { FlagEntry } from '../../src/protocol/index.ts';
import { limits, operations } from '../../src/protocol/index.ts';
import type { StreamPayload } from '../../src/protocol/stream-document.ts';
import type { WindowId } from '../../src/ring/index.ts';
import type { Reading } from '../../src/sharing/index.ts';
import { addVectors } from '../../src/sharing/index.ts';
import { testVerifier } from '../support/development-ring.ts';
import { expectExact } from '../support/exact-result.ts';
import { fc, test } from '../support/property.ts';
import { bundleOf } from '../support/sensor-scene.ts';
import type { Overheard, SmallCloudOptions } from '../support/small-cloud.ts';
import { type SmallCloud, startSmallCloud } from '../support/small-cloud.ts';

let cloud: SmallCloud | undefined;
const open: Sensor[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((sensor) => sensor.close()));
  await cloud?.close();
  cloud = undefined;
});

async function start(
  stream: Partial<StreamPayload> = {},
  options: SmallCloudOptions = {},
): Promise<SmallCloud> {
  cloud = await startSmallCloud({ stream: { countMode: 'batch', ...stream }, ...options });
  return cloud;
}

/** A gateway with keys of its own. */
async function gateway(of: SmallCloud, window: WindowId): Promise<Sensor> {
  const ports = {
    clock: of.clock,
    randomBytes: cryptoRandomBytes,
    verifier: testVerifier,
    sealing: nodeSealing,
    connect: () => of.transport,
  };
  const sensor = await createSensor(
    {
      bundle: bundleOf(of.ring),
      stream: of.stream.hash,
      window,
      keys: await createSensorKeys(),
      policy: { allowDevelopment: true, allowBatches: true, allowSeeds: true },
      relay: false,
    },
    ports,
  );
  open.push(sensor);
  return sensor;
}

const readingsFrom = (first: number, count: number) =>
  Array.from({ length: count }, (_, i) => ((((first + i) * 37) % 1_000) / 10 - 40).toFixed(1));

describe('a batch', () => {
  it.each([
    ['random shares', false],
    ['seeds', true],
  ])('is one flag with its count, and its readings are in the result, with %s', async (_, seeds) => {
    const heard: Overheard[] = [];
    const of = await start({ seeds }, { overhear: (message) => heard.push(message) });
    const window = await of.openWindow();
    const sensor = await gateway(of, window);
    const batches = [readingsFrom(0, 100), readingsFrom(100, 1), readingsFrom(101, 7)];
    for (const batch of batches) {
      const { count, flagKey } = await of.clock.until(sensor.uploadBatch(batch));
      expect(count).toBe(batch.length);
      expect(flagKey.split('.').at(-1)).toBe(String(batch.length));
    }
    await of.clock.until(sensor.upload('59.9'));
    const all = [...batches.flat(), '59.9'];
    const result = expectExact(await of.compute(window), all);
    expect(result).toMatchObject({ readings: 109, committed: 109, excluded: 0 });
    const uploads = heard.filter(({ path }) => path === operations.UPLOAD.path);
    expect(uploads).toHaveLength(4 * 3);
    const bytes = uploads.map(({ request }) => request.length);
    // Three elements of 16 bytes for each of a hundred readings, or a seed at all domains but the last.
    expect(bytes.filter((size) => size > 4_800)).toHaveLength(seeds ? 1 : 3);
  });

  it('IDEMPOTENT: sent again is the same batch, and vectors of another sum under its flag are a conflict', async () => {
    const of = await start();
    const window = await of.openWindow();
    const flag: FlagEntry = { ...of.reading(window, '1').entry, count: 2 };
    const batch = of.reading(window, '1', { entry: flag });
    const [one, two, three] = [1, 2, 3].map((x) =>
      encodeElements([1, x, x * x].map((n) => fieldElement(BigInt(n)))),
    );
    const answerTo = async (...vectors: Uint8Array[]) => {
      const share = concat(Uint8Array.of(0, 0, 0, vectors.length), ...vectors);
      const request = await batch.uploadRequest(0, { rows: [{ entry: flag, share }] });
      return JSON.stringify(await of.ask(batch.owner(0), operations.UPLOAD, request));
    };
    expect(await answerTo(one!, two!)).toContain('STORED');
    expect(await answerTo(one!, two!)).toContain('STORED');
    expect(await answerTo(one!, three!)).toContain('CONFLICT');
    // A node keeps the sum: in another order, or added up by the sensor, the readings are the same.
    expect(await answerTo(two!, one!)).toContain('STORED');
    expect(await answerTo(addVectors(concat(one!, two!), 3))).toContain('STORED');
  });

  it('that has a refused reading is refused as a whole, before anything is sent', async () => {
    const heard: Overheard[] = [];
    const of = await start({}, { overhear: (message) => heard.push(message) });
    const sensor = await gateway(of, await of.openWindow());
    const upload = sensor.uploadBatch(['1', '2.55', '3']);
    await expect(of.clock.until(upload)).rejects.toMatchObject({
      code: 'READING_TOO_PRECISE',
      details: { index: 1 },
    });
    expect(heard.filter(({ path }) => path === operations.UPLOAD.path)).toEqual([]);
  });

  it('is refused where the stream takes none, or where it is empty or too large', async () => {
    const single = await start({ countMode: 'single' });
    const sensor = await gateway(single, await single.openWindow());
    await expect(single.clock.until(sensor.uploadBatch(['1']))).rejects.toMatchObject({
      code: 'STREAM_REFUSED',
    });
    await single.close();
    const of = await start();
    const other = await gateway(of, await of.openWindow());
    for (const readings of [[], new Array<Reading>(limits.BATCH_READINGS_MAX + 1).fill('1')]) {
      await expect(of.clock.until(other.uploadBatch(readings))).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        message: `expected 1 to 4096 readings in a batch, got ${readings.length}`,
      });
    }
  });

  it('counts all its readings towards the most of a window', async () => {
    const of = await start({ maxReadings: 10, maxExcluded: 0 });
    const window = await of.openWindow();
    const sensor = await gateway(of, window);
    await of.clock.until(sensor.uploadBatch(readingsFrom(0, 10)));
    const upload = sensor.uploadBatch(readingsFrom(10, 11), { deadlineMs: 5_000 });
    await expect(of.clock.until(upload)).rejects.toMatchObject({ code: 'WINDOW_FULL' });
  });

  it('GATE: is one sensor, however many readings a gateway sends', async () => {
    const of = await start({ publicData: false, minSensors: 10 });
    const window = await of.openWindow();
    const sensor = await gateway(of, window);
    for (let i = 0; i < 3; i++) await of.clock.until(sensor.uploadBatch(readingsFrom(i * 50, 50)));
    expect(await of.compute(window)).toMatchObject({ kind: 'withheld' });
  });

  it('GATE: of enough gateways is released', async () => {
    const of = await start({ publicData: false, minSensors: 10 });
    const window = await of.openWindow();
    for (let i = 0; i < 10; i++) {
      const sensor = await gateway(of, window);
      await of.clock.until(sensor.uploadBatch(readingsFrom(i * 20, 20)));
    }
    const result = expectExact(await of.compute(window), readingsFrom(0, 200));
    expect(result).toMatchObject({ readings: 200, committed: 200 });
  });

  it('of many readings leaves out those that are refused, and commits the others', async () => {
    const of = await start({ seeds: true });
    const window = await of.openWindow();
    const sensor = await gateway(of, window);
    const readings = readingsFrom(0, 95);
    const spoilt = readings.map((reading, i) => (i % 40 === 7 ? 'x' : reading));
    const failures: (readonly [number, number])[] = [];
    const summary = await of.clock.until(
      sensor.uploadMany(spoilt, {
        batch: 20,
        onFailure: ({ index, count }) => failures.push([index, count]),
      }),
    );
    expect(summary).toMatchObject({
      taken: 95,
      committed: 92,
      failed: 3,
      failuresByCode: { READING_NOT_A_NUMBER: 3 },
    });
    expect(failures.sort(([a], [b]) => a - b)).toEqual([7, 47, 87].map((index) => [index, 1]));
    expectExact(
      await of.compute(window),
      readings.filter((_, i) => i % 40 !== 7),
    );
  });

  it.each([
    ['random shares', false],
    ['seeds', true],
  ])('shares one packet with the others under way, each of its own size, with %s', async (_, seeds) => {
    const packets: number[] = [];
    const of = await start(
      { seeds },
      {
        overhear({ from, path, request }) {
          if (from !== undefined || path !== operations.UPLOAD.path) return;
          for (const { readings } of operations.UPLOAD.request.decode(request).packets) {
            packets.push(readings.length);
          }
        },
      },
    );
    const window = await of.openWindow();
    const sensor = await gateway(of, window);
    const readings = readingsFrom(0, 95);
    const { committed } = await of.clock.until(sensor.uploadMany(readings, { batch: 20, concurrency: 5 }));
    expect(committed).toBe(95);
    expect(packets).toEqual([5, 5, 5]);
    expectExact(await of.compute(window), readings);
  });

  it('that fails counts all its readings', async () => {
    const of = await start({ maxReadings: 15, maxExcluded: 0 });
    const sensor = await gateway(of, await of.openWindow());
    const summary = await of.clock.until(
      sensor.uploadMany(readingsFrom(0, 37), { batch: 20, deadlineMs: 5_000 }),
    );
    expect(summary).toMatchObject({
      taken: 37,
      committed: 0,
      failed: 37,
      failuresByCode: { WINDOW_FULL: 37 },
    });
  });

  it('goes with no option for single readings', async () => {
    const of = await start();
    const sensor = await gateway(of, await of.openWindow());
    for (const options of [
      { batch: 0 },
      { batch: 2.5 },
      { batch: 5, atOf: () => 1 },
      { batch: 5, groupOf: () => 'a' },
    ]) {
      await expect(of.clock.until(sensor.uploadMany(['1'], options))).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
      });
    }
  });

  test.prop(
    [
      fc.record({ seeds: fc.boolean(), acceptors: fc.constantFrom(1, 3) }),
      fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 5 }),
    ],
    { numRuns: 8 },
  )(
    'EXACT: batches of any sizes add to the statistics of all their readings',
    async ({ seeds, acceptors }, sizes) => {
      const own = await startSmallCloud({
        stream: { countMode: 'batch', seeds },
        shape: { nodes: [2, 2, 2], replicas: 2, acceptors: acceptors === 1 ? 1 : 3 },
      });
      const window = await own.openWindow();
      const sensor = await gateway(own, window);
      const batches = sizes.map((size, i) => readingsFrom(i * 60, size));
      await own.clock.until(Promise.all(batches.map((batch) => sensor.uploadBatch(batch))));
      const outcome = await own.compute(window);
      await sensor.close();
      await own.close();
      expectExact(outcome, batches.flat());
    },
  );
});

test('the largest batch of any stream fits into one request', () => {
  for (const elements of [1, 3, 31, 32, 33, 1_024]) {
    const most = batchMax({ elements: new Array(elements).fill({ kind: 'count' }) } as never);
    expect(most * elements * 16 + 1_024).toBeLessThanOrEqual(limits.SENSOR_BODY_BYTES_MAX);
    expect(most).toBeGreaterThan(100);
  }
});
