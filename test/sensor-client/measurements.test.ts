import { expect, test } from 'vitest';
import { createMeasurements } from '../../sensor-client/index.ts';
import { MEASUREMENTS_MAX } from '../../sensor-client/limits.ts';
import { EngineError } from '../../src/foundation/index.ts';
import { streamHash } from '../../src/ring/index.ts';
import { sensorScene } from '../support/sensor-scene.ts';

const [ONE, OTHER] = [streamHash('1'.repeat(64)), streamHash('2'.repeat(64))];
const done = async () => 'committed';

test('a measurement goes to one stream, once, and nothing of it is sent to another', async () => {
  const measurements = createMeasurements();
  const first = await sensorScene();
  const second = await sensorScene({ stream: { name: 'another' } });
  const sensor = await first.sensor({ measurements });
  const other = await second.sensor({ measurements });
  const measurement = 'meter 7, noon';
  await first.clock.until(sensor.upload(1, { measurement }));
  await expect(second.clock.until(other.upload(1, { measurement }))).rejects.toMatchObject({
    code: 'MEASUREMENT_USED',
    details: { stream: first.stream.hash },
  });
  await expect(first.clock.until(sensor.upload(1, { measurement }))).rejects.toMatchObject({
    code: 'MEASUREMENT_USED',
    message: expect.stringContaining('went to this stream'),
  });
  expect(second.nodes.sent).toEqual([]);
  const summary = await second.clock.until(
    other.uploadMany([1, 2], { measurementOf: (i) => (i === 0 ? measurement : 'meter 7, one') }),
  );
  expect(summary).toMatchObject({ committed: 1, failuresByCode: { MEASUREMENT_USED: 1 } });
});

test.each<[string, unknown, boolean]>([
  ['an ERROR', new EngineError('READING_ERRORED', 'no'), false],
  ['a reading out of bounds', new EngineError('READING_OUT_OF_BOUNDS', 'no'), false],
  ['an end before SET', new EngineError('READING_ABORTED', 'no', { setSent: false }), false],
  ['an end after SET', new EngineError('READING_ABORTED', 'no', { setSent: true }), true],
  ['an unknown outcome', new EngineError('READING_UNDECIDED', 'no'), true],
  ['a fault of the program', new Error('no'), true],
])('after %s it is known whether another upload may be', async (_, failure, kept) => {
  const measurements = createMeasurements();
  const failing = measurements.once('m', ONE, async () => {
    throw failure;
  });
  await expect(failing).rejects.toBe(failure);
  const again = measurements.once('m', OTHER, done);
  if (kept) await expect(again).rejects.toMatchObject({ code: 'MEASUREMENT_USED' });
  else expect(await again).toBe('committed');
});

test('without a name nothing is checked, and only the newest names are remembered', async () => {
  const measurements = createMeasurements();
  expect(await measurements.once(undefined, ONE, done)).toBe('committed');
  expect(await measurements.once(undefined, OTHER, done)).toBe('committed');
  for (let i = 0; i <= MEASUREMENTS_MAX; i++) await measurements.once(`m${i}`, ONE, done);
  expect(await measurements.once('m0', OTHER, done)).toBe('committed');
  await expect(measurements.once('m2', OTHER, done)).rejects.toMatchObject({ code: 'MEASUREMENT_USED' });
});
