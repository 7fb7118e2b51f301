import { benchReadings } from '../bench-readings.ts';
import type { ClusterScene } from '../cluster-scene.ts';
import type { Comparison, RowHead, Sample } from '../comparison.ts';
import { uploadCoalesced, uploadRate } from '../upload-rate.ts';

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

export interface SealSize {
  readonly many: number;
  readonly few: number;
  readonly inFlight: number;
}

/** What sealing and computing a window costs, from the seal to the result. */
export function sealRow(scene: ClusterScene, size: SealSize): Comparison {
  const cost = (readings: number) => async (): Promise<Sample> => {
    const texts = benchReadings(readings);
    const window = await scene.openWindow();
    await uploadCoalesced([scene.sensor], texts, window, size.inFlight);
    const { exact, cpuMicros } = await scene.conclude(window, texts);
    return { amount: cpuMicros / 1_000, exact };
  };
  return {
    ...headOf('seal-compute', size),
    note: `${size.many} readings; 10^6 may take 150 ms`,
    ...bothOf(cost, size),
  };
}

/** The same of a stream whose readings are not public, so that every domain counts the sensors first. */
export function gatedSealRow(scene: ClusterScene, size: SealSize): Comparison {
  const cost = (readings: number) => async (): Promise<Sample> => {
    const texts = benchReadings(readings);
    const gated = await scene.gated();
    const window = await gated.openWindow();
    await uploadCoalesced(gated.sensors, texts, window, size.inFlight);
    const { exact, cpuMicros } = await scene.conclude(window, texts, gated);
    return { amount: cpuMicros / 1_000, exact };
  };
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
