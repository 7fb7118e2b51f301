import type { ReceivedParcel } from '../../sensor-client/flag-calls.ts';
import type { Sensor } from '../../sensor-client/index.ts';
import type { WindowId } from '../../src/ring/index.ts';
import type { ClusterScene } from './cluster-scene.ts';
import type { Sample } from './comparison.ts';
import { inFlight } from './in-flight.ts';
import { timed } from './stopwatch.ts';

/** Nothing is given up because the machine is busy with something else; a slow run shows in its figure, milliseconds. */
export const DEADLINE_MS = 600_000;
/** SETs under way while a run without flags is made checkable. */
const COMMITS_IN_FLIGHT = 64;

export interface UploadSample extends Sample {
  /** Processor time of the nodes, and of the sensor too where they share a process; microseconds per reading. */
  readonly nodeCpuMicros: number;
}

/** Readings of the same window that come before the clock starts; the sums have them too. */
export interface EarlyReadings {
  readonly texts: readonly string[];
  upload(window: WindowId): Promise<unknown>;
}

/**
 * Measures uploads into a window of their own, then seals it and compares its statistics with the plain ones.
 * @param upload gives back the flags it did not set itself.
 */
export async function uploadRate(
  scene: ClusterScene,
  texts: readonly string[],
  upload: (window: WindowId) => Promise<readonly ReceivedParcel[]>,
  early?: EarlyReadings,
): Promise<UploadSample> {
  const window = await scene.openWindow();
  await early?.upload(window);
  let open: readonly ReceivedParcel[] = [];
  const before = await scene.nodeCpuMicros();
  const { wallMicros, cpuMicros } = await timed(async () => {
    open = await upload(window);
  });
  const nodeCpuMicros = (await scene.nodeCpuMicros()) - before;
  await inFlight(open.length, COMMITS_IN_FLIGHT, async (index) => {
    const entry = open[index];
    if (entry !== undefined) await scene.uploader.commit(window, entry);
  });
  const { exact } = await scene.conclude(window, [...(early?.texts ?? []), ...texts]);
  return {
    amount: (texts.length * 1e6) / wallMicros,
    cpuMicros: (cpuMicros + nodeCpuMicros) / texts.length,
    nodeCpuMicros: (scene.processes ? nodeCpuMicros : cpuMicros) / texts.length,
    exact,
  };
}

/** Every sensor of a fleet uploads its readings one after another, in requests of their own. */
export async function uploadLone(
  sensors: readonly Sensor[],
  texts: readonly string[],
  window: WindowId,
): Promise<readonly ReceivedParcel[]> {
  const idle = [...sensors];
  await inFlight(texts.length, sensors.length, async (index) => {
    const sensor = idle.pop();
    if (sensor === undefined) throw new Error('expected a sensor for every reading in flight');
    await sensor.upload(texts[index] ?? '', { window, deadlineMs: DEADLINE_MS });
    idle.push(sensor);
  });
  return [];
}

/** One SDK, or several that divide the readings, with `most` readings of each in flight together. */
export async function uploadCoalesced(
  sensors: readonly Sensor[],
  texts: readonly string[],
  window: WindowId,
  most: number,
): Promise<readonly ReceivedParcel[]> {
  const options = { window, concurrency: most, deadlineMs: DEADLINE_MS };
  await Promise.all(
    sensors.map(async (sensor, i) => {
      const own = texts.filter((_, at) => at % sensors.length === i);
      const { failed } = await sensor.uploadMany(own, options);
      if (failed > 0) throw new Error(`expected every reading to be committed, ${failed} were not`);
    }),
  );
  return [];
}
