import type { Sensor } from '../../../sensor-client/sensor.ts';
import { PARTITIONS } from '../../../src/ring/index.ts';
import { benchReadings } from '../bench-readings.ts';
import type { ClusterScene } from '../cluster-scene.ts';
import type { Comparison, RowHead, Sample } from '../comparison.ts';
import type { GatedScene } from '../gated-scene.ts';
import { uploadCoalesced, uploadRate } from '../upload-rate.ts';

/** What sealing and computing 10^6 readings may take in all nodes together, milliseconds. */
const SEAL_MS_ALLOWED = 150;

export interface ScaleSize {
  readonly readingsPerSensor: number;
  readonly inFlight: number;
  /** Nodes of the large cluster for one of the small. */
  readonly factor: number;
}

/** What a reading costs in a larger cluster that has as many more readings in flight. */
export function scaleRow(small: ClusterScene, large: ClusterScene, size: ScaleSize): Comparison {
  const cpuPerReading = (scene: ClusterScene, fleet: number) => async (): Promise<Sample> => {
    const sensors = await scene.fleet(fleet);
    const texts = benchReadings(size.readingsPerSensor * fleet);
    const { cpuMicros = Number.NaN, exact } = await uploadRate(scene, texts, (window) =>
      uploadCoalesced(sensors, texts, window, size.inFlight),
    );
    return { amount: cpuMicros, exact };
  };
  return {
    name: 'scale',
    unit: 'microseconds of CPU per reading',
    peerName: '3 domains x 2 nodes, one SDK',
    target: '<= 1.2',
    note: `3 domains x ${2 * size.factor} nodes and ${size.factor} SDKs, ${size.inFlight} readings in flight in each; all processes together`,
    ours: cpuPerReading(large, size.factor),
    peer: cpuPerReading(small, 1),
  };
}

export interface DomainsSize {
  readonly readings: number;
  readonly inFlight: number;
  /** Of the cluster with more of them. */
  readonly domains: number;
}

/** What a reading costs where its shares go to more domains. */
export function domainsRow(few: ClusterScene, many: ClusterScene, size: DomainsSize): Comparison {
  const texts = benchReadings(size.readings);
  const cpuPerReading = (scene: ClusterScene) => async (): Promise<Sample> => {
    const { cpuMicros = Number.NaN, exact } = await uploadRate(scene, texts, (window) =>
      uploadCoalesced([scene.sensor], texts, window, size.inFlight),
    );
    return { amount: cpuMicros, exact };
  };
  return {
    name: 'domains',
    unit: 'microseconds of CPU per reading',
    peerName: '3 domains x 2 nodes',
    target: 'recorded',
    note: `${size.domains} domains x 2 nodes, ${size.inFlight} readings in flight in one SDK on both sides; all processes together`,
    ours: cpuPerReading(many),
    peer: cpuPerReading(few),
  };
}

export interface SealSize {
  readonly many: number;
  readonly few: number;
  readonly inFlight: number;
}

/** Who uploads into a window of which stream, and how many readings of each are under way; the scene's own where none is named. */
interface Uploads {
  readonly sensors: readonly Sensor[];
  readonly inFlight: number;
  readonly of?: GatedScene;
}

/** What sealing and computing a window costs, from the seal to the result, once so many readings are in it. */
const sealCost =
  (scene: ClusterScene, uploads: () => Promise<Uploads>) =>
  (readings: number) =>
  async (): Promise<Sample> => {
    const texts = benchReadings(readings);
    const { sensors, inFlight, of } = await uploads();
    const window = await (of ?? scene).openWindow();
    await uploadCoalesced(sensors, texts, window, inFlight);
    const { exact, cpuMicros } = await scene.conclude(window, texts, of);
    return { amount: cpuMicros / 1_000, exact };
  };

export function sealRow(scene: ClusterScene, size: SealSize): Comparison {
  const cost = sealCost(scene, async () => ({ sensors: [scene.sensor], inFlight: size.inFlight }));
  return {
    ...headOf('seal-compute', size),
    note: `${size.many} readings, in about ${partitionsFilled(size.many / size.inFlight)} partitions; 10^6 may take 150 ms`,
    ...bothOf(cost, size),
  };
}

export interface WideSealSize {
  readonly readings: number;
  readonly sensors: number;
  /** Of each sensor. */
  readonly inFlight: number;
}

/** The same of a window with readings in every partition, as lone sensors fill it, against what 10^6 may take. */
export function wideSealRow(scene: ClusterScene, size: WideSealSize): Comparison {
  const cost = sealCost(scene, async () => ({
    sensors: await scene.fleet(size.sensors),
    inFlight: size.inFlight,
  }));
  return {
    name: 'seal-compute-wide',
    unit: 'milliseconds of CPU in all nodes',
    peerName: 'what 10^6 readings may take',
    target: '<= 1',
    note: `${size.readings} readings of ${size.sensors} SDKs with ${size.inFlight} in flight each, in about ${partitionsFilled(size.readings / size.inFlight)} of ${PARTITIONS} partitions`,
    ours: cost(size.readings),
    // A tenth fills two thirds of the partitions, and small flushes take their time.
    warmUp: cost(Math.ceil(size.readings / 10)),
    peer: async () => ({ amount: SEAL_MS_ALLOWED, exact: true }),
  };
}

/** How many partitions that many flushes fill, as expected: each draws one. */
export function partitionsFilled(flushes: number): number {
  return Math.round(PARTITIONS * (1 - (1 - 1 / PARTITIONS) ** flushes));
}

/** The same of a stream whose readings are not public, so that every domain counts the sensors first. */
export function gatedSealRow(scene: ClusterScene, size: SealSize): Comparison {
  const cost = sealCost(scene, async () => {
    const of = await scene.gated();
    return { sensors: of.sensors, inFlight: size.inFlight, of };
  });
  const note = `${size.many} readings of 16 sensors that are not public`;
  return { ...headOf('seal-compute-gated', size), note, ...bothOf(cost, size) };
}

function headOf(name: string, { few }: SealSize): Omit<RowHead, 'note'> {
  const unit = 'milliseconds of CPU in all nodes';
  return { name, unit, peerName: `the same with ${few} readings`, target: '<= 2' };
}

function bothOf(
  cost: (readings: number) => () => Promise<Sample>,
  { many, few }: SealSize,
): Pick<Comparison, 'ours' | 'peer'> {
  return { ours: cost(many), peer: cost(few) };
}
