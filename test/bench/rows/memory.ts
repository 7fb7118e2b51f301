import { systemClock } from '../../../src/platform/index.ts';
import { benchReadings } from '../bench-readings.ts';
import type { ClusterScene } from '../cluster-scene.ts';
import type { BenchRow, RowHead } from '../comparison.ts';
import { InexactSumError, skippedRow } from '../comparison.ts';
import type { ResidentSets } from '../node-memory.ts';
import { uploadCoalesced } from '../upload-rate.ts';

const MEBIBYTE = 1_048_576;
const MILLION = 1_000_000;
/** What may be kept per node for 10^6 readings of an open window, MiB. */
const ALLOWED = 64;
/** Of as many readings as are in flight, before the first look. */
const EARLIER_FLUSHES = 32;

export interface MemorySize {
  readonly readings: number;
  readonly inFlight: number;
  /** Nodes rest for so long before their memory is looked at, and not longer: see `memoryRow`. */
  readonly settleMs: number;
}

/**
 * Resident sets of the nodes' processes with an open window full of committed readings and with an empty one. The engine gives
 * the 32 MiB of its young generation back when a process has had nothing to do for 10 to 60 seconds, each at another time, so that
 * both looks come a moment after work of the same kind: all nodes have it then.
 */
export async function memoryRow(scene: ClusterScene, size: MemorySize): Promise<BenchRow> {
  const head = headOf(size);
  if ((await scene.nodeMemory()) === null) {
    return skippedRow(
      head,
      'it needs nodes that are processes of their own, and Linux, which tells their memory',
    );
  }
  const texts = benchReadings(size.readings);
  // Pools, caches and the young generation grow to their size here; what they need belongs to no reading.
  const few = texts.slice(0, EARLIER_FLUSHES * size.inFlight);
  const earlier = await scene.openWindow();
  await uploadCoalesced([scene.sensor], few, earlier, size.inFlight);
  const begun = await scene.conclude(earlier, few);
  const window = await scene.openWindow();
  const empty = await settled(scene, size);
  await uploadCoalesced([scene.sensor], texts, window, size.inFlight);
  const full = await settled(scene, size);
  const ends = [begun, await scene.conclude(window, texts)];
  if (!ends.every(({ exact }) => exact)) throw new InexactSumError('memory: expected exact sums, got others');
  return grownRow(head, empty, full, size.readings);
}

/** The row of what nodes have in memory before and after so many readings. */
export function grownRow(head: RowHead, empty: ResidentSets, full: ResidentSets, readings: number): BenchRow {
  const perNode = (bytes: number) => bytes / full.processes / MEBIBYTE;
  const grown = (kind: 'resident' | 'anonymous') => (perNode(full[kind] - empty[kind]) * MILLION) / readings;
  const ours = grown('resident');
  const ends = `from ${Math.round(perNode(empty.resident))} to ${Math.round(perNode(full.resident))} MiB`;
  const note = `${ends}, ${grown('anonymous').toFixed(1)} MiB of the growth being of no file; ${head.note}`;
  return { ...head, note, ours, peer: ALLOWED, ratio: ours / ALLOWED, pairs: 1 };
}

function headOf({ readings, settleMs }: MemorySize): RowHead {
  return {
    name: 'memory',
    unit: 'MiB per node for 10^6 committed readings',
    peerName: 'what an open window may take more than an empty one',
    target: '<= 1',
    note: `${readings} readings through the whole cluster, growth of the nodes' resident sets, each looked at after ${settleMs / 1_000} s without work; LevelDB's buffers and caches and garbage that is not collected yet are in it`,
  };
}

async function settled(scene: ClusterScene, { settleMs }: MemorySize): Promise<ResidentSets> {
  await systemClock().sleep(settleMs, new AbortController().signal);
  const sets = await scene.nodeMemory();
  if (sets === null) throw new Error('expected the memory of the nodes');
  return sets;
}
