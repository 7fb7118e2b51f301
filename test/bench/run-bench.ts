import type { BenchRow, Comparison } from './comparison.ts';
import { checkRow, measure, skippedRow } from './comparison.ts';
import { bestConnections } from './peers/best-connections.ts';
import { hasPostgres } from './peers/postgres.ts';
import { createResources, type Resources } from './resources.ts';
import { coalescedRow, loneRelayRow, loneRow } from './rows/against-plain.ts';
import { nodesAgainstPrio3Row, splitAgainstPrio3Row } from './rows/against-prio3.ts';
import { jiffRow, postgresHead, postgresRow } from './rows/against-systems.ts';
import { type BatchRow, batchBytesRow, batchRow } from './rows/batches.ts';
import { commitCoalescedRow } from './rows/commit-coalesced.ts';
import { commitLoneRow } from './rows/commit-lone.ts';
import { demoRow } from './rows/demo.ts';
import { domainsRow, gatedSealRow, scaleRow, sealRow, wideSealRow } from './rows/growth.ts';
import { memoryRow } from './rows/memory.ts';
import { splitRow } from './rows/split.ts';
import type { BenchSizes } from './sizes.ts';

export interface BenchOptions {
  readonly pairs: number;
  readonly sizes: BenchSizes;
  /** Only the row of this name. */
  readonly only?: string;
  /** Hears of every row before it runs. */
  readonly onRow?: (name: string) => void;
  /** Hears of every row when it is measured. */
  readonly onMeasured?: (row: BenchRow) => void;
}

interface Bench {
  readonly pairs: number;
  readonly sizes: BenchSizes;
  readonly resources: Resources;
}

type RowMaker = (bench: Bench) => Promise<BenchRow>;

const compared =
  (make: (bench: Bench) => Comparison | Promise<Comparison>): RowMaker =>
  async (bench) =>
    measure(await make(bench), bench.pairs, bench.sizes.warmUpRuns);

/** On clusters of its own: what other rows left in memory would hide what it looks for, and warm nodes cost less than new ones. */
const apart =
  (row: RowMaker): RowMaker =>
  async (bench) => {
    const resources = createResources(bench.sizes);
    try {
      return await row({ ...bench, resources });
    } finally {
      await resources.close();
    }
  };

const batchesRow =
  (make: typeof batchRow, row: Pick<BatchRow, 'name' | 'target' | 'seeds' | 'batch' | 'kept'>): RowMaker =>
  async (bench) => {
    const { sizes, resources } = bench;
    const size = {
      ...row,
      readings: sizes.batchReadings,
      inFlight: sizes.batchesInFlight,
      plainInFlight: sizes.plainBatchesInFlight,
      warmUpRequests: sizes.batchWarmUpRequests,
    };
    const comparison = make(await resources.small(), await resources.plain(), size);
    return measure(comparison, bench.pairs, sizes.warmUpRuns);
  };

const loneWarmUp = ({ loneWarmUpReadings, loneInFlight }: BenchSizes) => {
  return { readings: loneWarmUpReadings, inFlight: 4 * loneInFlight };
};

const ROWS: Readonly<Record<string, RowMaker>> = {
  split: compared(({ sizes }) => splitRow({ readings: sizes.splitReadings })),
  'client-cpu': compared(({ sizes }) => splitAgainstPrio3Row(sizes.splitReadings, sizes.prio3Readings)),
  'lone-direct-32': compared(async ({ sizes, resources }) =>
    loneRow(await resources.small(), await resources.plain(), {
      name: 'lone-direct-32',
      target: '>= 0.12',
      readings: sizes.loneReadings,
      plainReadings: sizes.plainReadings,
      inFlight: sizes.loneInFlight,
      warmUp: loneWarmUp(sizes),
    }),
  ),
  'lone-relay-32': compared(async ({ sizes, resources }) =>
    loneRelayRow(await resources.small(), await resources.plain(), {
      name: 'lone-relay-32',
      target: '>= 0.20',
      readings: sizes.loneReadings,
      plainReadings: sizes.plainReadings,
      inFlight: sizes.loneInFlight,
      warmUp: loneWarmUp(sizes),
    }),
  ),
  'lone-relay-512': compared(async ({ sizes, resources }) => {
    const plain = await resources.plain();
    return loneRelayRow(await resources.small(), plain, {
      name: 'lone-relay-512',
      target: '>= 0.40',
      readings: sizes.loneManyReadings,
      plainReadings: sizes.plainReadings,
      inFlight: sizes.loneManyInFlight,
      warmUp: loneWarmUp(sizes),
      connections: await bestConnections(plain, {
        numbers: sizes.plainConnections,
        readings: sizes.plainTrialReadings,
        turns: sizes.plainTrialTurns,
        inFlight: sizes.loneManyInFlight,
      }),
    });
  }),
  'coalesced-512': compared(async ({ sizes, resources }) =>
    coalescedRow(await resources.small(), await resources.plain(), {
      name: 'coalesced-512',
      target: '>= 2.5',
      readings: sizes.coalescedReadings,
      plainReadings: sizes.plainReadings,
      inFlight: sizes.coalescedInFlight,
    }),
  ),
  'coalesced-2048': compared(async ({ sizes, resources }) =>
    coalescedRow(await resources.small(), await resources.plain(), {
      name: 'coalesced-2048',
      target: '>= 4.5',
      readings: sizes.coalescedReadings,
      plainReadings: sizes.plainReadings,
      inFlight: sizes.manyInFlight,
    }),
  ),
  'batch-1000': batchesRow(batchRow, {
    name: 'batch-1000',
    target: '>= 1.2',
    seeds: false,
    batch: 1_000,
    kept: 'each reading',
  }),
  'batch-4000-seeds': batchesRow(batchRow, {
    name: 'batch-4000-seeds',
    target: '>= 0.8',
    seeds: true,
    batch: 4_000,
    kept: 'the body',
  }),
  'bytes-batch-seeds': batchesRow(batchBytesRow, {
    name: 'bytes-batch-seeds',
    target: '<= 1.3',
    seeds: true,
    batch: 4_000,
    kept: 'the body',
  }),
  'bytes-batch': batchesRow(batchBytesRow, {
    name: 'bytes-batch',
    target: '<= 3.6',
    seeds: false,
    batch: 1_000,
    kept: 'the body',
  }),
  'node-cpu': compared(async ({ sizes, resources }) =>
    nodesAgainstPrio3Row(await resources.small(), {
      readings: sizes.coalescedReadings,
      prio3Readings: sizes.prio3Readings,
      inFlight: sizes.manyInFlight,
    }),
  ),
  jiff: compared(async ({ sizes, resources }) =>
    jiffRow(await resources.small(), await resources.jiff(), {
      readings: sizes.coalescedReadings,
      peerReadings: sizes.jiffReadings,
      inFlight: sizes.manyInFlight,
    }),
  ),
  postgres: async ({ pairs, sizes, resources }) => {
    const size = {
      readings: sizes.coalescedReadings,
      peerReadings: sizes.plainReadings,
      inFlight: sizes.coalescedInFlight,
    };
    if (!hasPostgres()) return skippedRow(postgresHead(size), 'the Debian package postgresql-15 is not here');
    const comparison = postgresRow(await resources.small(), await resources.postgres(), size);
    return measure(comparison, pairs, sizes.warmUpRuns);
  },
  'commit-lone': compared(async ({ sizes, resources }) =>
    commitLoneRow(await resources.small(), { readings: sizes.loneReadings, inFlight: sizes.loneInFlight }),
  ),
  'commit-coalesced': compared(async ({ sizes, resources }) =>
    commitCoalescedRow(await resources.small(), {
      readings: sizes.coalescedReadings,
      inFlight: sizes.coalescedInFlight,
    }),
  ),
  scale: apart(
    compared(async ({ sizes, resources }) =>
      scaleRow(await resources.small(), await resources.large(), {
        readingsPerSensor: sizes.scaleReadings,
        inFlight: sizes.coalescedInFlight,
        factor: sizes.scaleFactor,
      }),
    ),
  ),
  domains: apart(
    compared(async ({ sizes, resources }) =>
      domainsRow(await resources.small(), await resources.domains(), {
        readings: sizes.coalescedReadings,
        inFlight: sizes.coalescedInFlight,
        domains: sizes.manyDomains,
      }),
    ),
  ),
  'seal-compute': compared(async ({ sizes, resources }) =>
    sealRow(await resources.small(), {
      many: sizes.sealMany,
      few: sizes.sealFew,
      inFlight: sizes.manyInFlight,
    }),
  ),
  'seal-compute-wide': compared(async ({ sizes, resources }) =>
    wideSealRow(await resources.small(), {
      readings: sizes.sealMany,
      sensors: sizes.sealWideFleet,
      inFlight: sizes.sealWideInFlight,
    }),
  ),
  'seal-compute-gated': compared(async ({ sizes, resources }) =>
    gatedSealRow(await resources.small(), {
      many: sizes.gatedMany,
      few: sizes.gatedFew,
      inFlight: sizes.coalescedInFlight,
    }),
  ),
  memory: apart(async ({ sizes, resources }) =>
    memoryRow(await resources.small(), {
      readings: sizes.memoryReadings,
      settleMs: sizes.memorySettleMs,
      inFlight: sizes.manyInFlight,
    }),
  ),
  demo: ({ sizes }) => demoRow(sizes.demoArguments),
};

/** Names that `only` may have. */
export const ROW_NAMES: readonly string[] = Object.keys(ROWS);

/**
 * Measures the rows one after another.
 * @throws InexactSumError when a run's sums were not exact; no figure of such a benchmark means anything
 */
export async function runBench(options: BenchOptions): Promise<BenchRow[]> {
  const resources = createResources(options.sizes);
  const bench: Bench = { ...options, resources };
  const rows: BenchRow[] = [];
  try {
    for (const [name, measureRow] of Object.entries(ROWS)) {
      if (options.only !== undefined && options.only !== name) continue;
      options.onRow?.(name);
      const row = checkRow(await measureRow(bench), name);
      options.onMeasured?.(row);
      rows.push(row);
    }
  } finally {
    await resources.close();
  }
  return rows;
}
