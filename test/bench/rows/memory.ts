import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { benchReadings } from '../bench-readings.ts';
import type { ClusterScene } from '../cluster-scene.ts';
import type { BenchRow } from '../comparison.ts';
import { InexactSumError } from '../comparison.ts';
import { uploadCoalesced } from '../upload-rate.ts';

const MEBIBYTE = 1_048_576;
const MILLION = 1_000_000;
/** What may be kept per node for 10^6 readings of an open window, MiB. */
const ALLOWED = 64;
const NODES = 6;

export interface MemorySize {
  readonly readings: number;
  readonly inFlight: number;
}

/**
 * Memory that is still in use after garbage collection, with a window full of committed readings and with an empty
 * one. All nodes and the sensor share this process, so the figure is the growth divided by the nodes.
 */
export async function memoryRow(scene: ClusterScene, size: MemorySize): Promise<BenchRow> {
  const texts = benchReadings(size.readings);
  const empty = await scene.openWindow();
  // Pools and caches grow to their size here; what they need belongs to no reading.
  const few = texts.slice(0, size.inFlight);
  await uploadCoalesced([scene.sensor], few, empty, size.inFlight);
  const window = await scene.openWindow();
  const before = usedBytes();
  await uploadCoalesced([scene.sensor], texts, window, size.inFlight);
  const grown = (usedBytes() - before) / NODES / MEBIBYTE;
  const ends = [await scene.conclude(window, texts), await scene.conclude(empty, few)];
  if (!ends.every(({ exact }) => exact)) throw new InexactSumError('memory: expected exact sums, got others');
  const ours = (grown * MILLION) / size.readings;
  return {
    name: 'memory',
    ours,
    peer: ALLOWED,
    peerName: 'what an open window may take',
    unit: 'MiB per node for 10^6 committed readings',
    ratio: ours / ALLOWED,
    target: '<= 1',
    pairs: 1,
    note: `${size.readings} readings through the whole cluster, growth of what is in use after garbage collection; what LevelDB keeps is bounded by its own buffers and not in it`,
  };
}

function usedBytes(): number {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  for (let round = 0; round < 3; round++) if (typeof collect === 'function') collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
