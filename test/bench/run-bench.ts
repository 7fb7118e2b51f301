import { type ClusterScene, openClusterScene } from './cluster-scene.ts';
import type { BenchRow, Comparison } from './comparison.ts';
import { measure } from './comparison.ts';
import { commitCoalescedRow } from './rows/commit-coalesced.ts';
import { commitLoneRow } from './rows/commit-lone.ts';
import { demoRow } from './rows/demo.ts';
import { splitRow } from './rows/split.ts';

/** How much work one run of each row is. */
export interface BenchSizes {
  readonly splitReadings: number;
  readonly loneReadings: number;
  readonly loneInFlight: number;
  readonly coalescedReadings: number;
  readonly coalescedInFlight: number;
  /** Arguments of the demo, where it is not to run over its default data. */
  readonly demoArguments?: readonly string[];
}

export const FULL_SIZES: BenchSizes = {
  splitReadings: 50_000,
  loneReadings: 400,
  loneInFlight: 32,
  coalescedReadings: 4_096,
  coalescedInFlight: 512,
};

export interface BenchOptions {
  readonly pairs: number;
  readonly sizes: BenchSizes;
  /** Only the row of this name. */
  readonly only?: string;
  /** Hears of every row before it runs. */
  readonly onRow?: (name: string) => void;
}

/** A cluster is started once, and only for rows that need one. */
interface Bench {
  readonly pairs: number;
  readonly sizes: BenchSizes;
  scene(): Promise<ClusterScene>;
}

const compare = async (bench: Bench, comparison: Comparison | Promise<Comparison>): Promise<BenchRow> =>
  measure(await comparison, bench.pairs);

const ROWS: Readonly<Record<string, (bench: Bench) => Promise<BenchRow>>> = {
  split: (bench) => compare(bench, splitRow({ readings: bench.sizes.splitReadings })),
  'commit-lone': async (bench) => {
    const size = { readings: bench.sizes.loneReadings, inFlight: bench.sizes.loneInFlight };
    return compare(bench, commitLoneRow(await bench.scene(), size));
  },
  'commit-coalesced': async (bench) => {
    const size = { readings: bench.sizes.coalescedReadings, inFlight: bench.sizes.coalescedInFlight };
    return compare(bench, commitCoalescedRow(await bench.scene(), size));
  },
  demo: ({ sizes }) => demoRow(sizes.demoArguments),
};

/** Names that `only` may have. */
export const ROW_NAMES: readonly string[] = Object.keys(ROWS);

/**
 * Measures the rows one after another.
 * @throws InexactSumError when a run's sums were not exact; no figure of such a benchmark means anything
 */
export async function runBench(options: BenchOptions): Promise<BenchRow[]> {
  let opened: Promise<ClusterScene> | undefined;
  const bench: Bench = {
    ...options,
    scene() {
      opened ??= openClusterScene();
      return opened;
    },
  };
  const rows: BenchRow[] = [];
  try {
    for (const [name, measureRow] of Object.entries(ROWS)) {
      if (options.only !== undefined && options.only !== name) continue;
      options.onRow?.(name);
      rows.push(await measureRow(bench));
    }
  } finally {
    await (await opened)?.close();
  }
  return rows;
}
