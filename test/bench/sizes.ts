import { fileURLToPath } from 'node:url';

/** How much work one run of each row is. */
export interface BenchSizes {
  readonly splitReadings: number;
  readonly prio3Readings: number;
  readonly loneReadings: number;
  readonly loneInFlight: number;
  readonly loneManyReadings: number;
  readonly loneManyInFlight: number;
  /** Lone readings of a warm-up run of a row of them. */
  readonly loneWarmUpReadings: number;
  readonly coalescedReadings: number;
  readonly coalescedInFlight: number;
  readonly manyInFlight: number;
  /** Of the plain endpoint and PostgreSQL. */
  readonly plainReadings: number;
  readonly batchReadings: number;
  readonly batchesInFlight: number;
  readonly jiffReadings: number;
  /** Runs of both sides of a row that are not counted. */
  readonly warmUpRuns: number;
  /** Readings before the first measurement of a cluster: cold programs show half their speed. */
  readonly warmUpReadings: number;
  /** Nodes of the large cluster for one of the small. */
  readonly scaleFactor: number;
  readonly sealMany: number;
  readonly sealFew: number;
  readonly memoryReadings: number;
  /** Whether every node is a process of its own. */
  readonly processes: boolean;
  /** Arguments of the demo, where it is not to run over its default data. */
  readonly demoArguments: readonly string[];
}

export const FULL_SIZES: BenchSizes = {
  splitReadings: 50_000,
  prio3Readings: 100,
  loneReadings: 1_024,
  loneInFlight: 32,
  loneManyReadings: 8_192,
  loneManyInFlight: 512,
  loneWarmUpReadings: 16_384,
  coalescedReadings: 16_384,
  coalescedInFlight: 512,
  manyInFlight: 2_048,
  plainReadings: 16_384,
  batchReadings: 128_000,
  batchesInFlight: 8,
  jiffReadings: 900,
  warmUpRuns: 1,
  warmUpReadings: 30_000,
  scaleFactor: 4,
  sealMany: 1_000_000,
  sealFew: 10_000,
  memoryReadings: 1_000_000,
  processes: true,
  demoArguments: [],
};

/** Small enough for a build: shows that every row still runs and is exact, and judges nothing. */
export const QUICK_SIZES: BenchSizes = {
  splitReadings: 2_000,
  prio3Readings: 5,
  loneReadings: 32,
  loneInFlight: 8,
  loneManyReadings: 64,
  loneManyInFlight: 32,
  loneWarmUpReadings: 32,
  coalescedReadings: 512,
  coalescedInFlight: 256,
  manyInFlight: 512,
  plainReadings: 512,
  batchReadings: 4_000,
  batchesInFlight: 4,
  jiffReadings: 45,
  warmUpRuns: 0,
  warmUpReadings: 128,
  scaleFactor: 2,
  sealMany: 1_024,
  sealFew: 128,
  memoryReadings: 1_024,
  processes: true,
  demoArguments: ['--csv', fileURLToPath(new URL('few-readings.csv', import.meta.url))],
};
