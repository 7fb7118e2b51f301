import { fileURLToPath } from 'node:url';

/** How much work one run of each row is. */
export interface BenchSizes {
  readonly splitReadings: number;
  readonly prio3Readings: number;
  readonly loneReadings: number;
  readonly loneInFlight: number;
  readonly loneManyReadings: number;
  readonly loneManyInFlight: number;
  readonly coalescedReadings: number;
  readonly coalescedInFlight: number;
  readonly manyInFlight: number;
  /** Of the plain endpoint and PostgreSQL. */
  readonly plainReadings: number;
  readonly batchReadings: number;
  readonly batchesInFlight: number;
  readonly jiffReadings: number;
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
  coalescedReadings: 16_384,
  coalescedInFlight: 512,
  manyInFlight: 2_048,
  plainReadings: 16_384,
  batchReadings: 128_000,
  batchesInFlight: 8,
  jiffReadings: 900,
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
  splitReadings: 5_000,
  prio3Readings: 10,
  loneReadings: 64,
  loneInFlight: 16,
  loneManyReadings: 128,
  loneManyInFlight: 64,
  coalescedReadings: 1_024,
  coalescedInFlight: 256,
  manyInFlight: 1_024,
  plainReadings: 1_024,
  batchReadings: 8_000,
  batchesInFlight: 4,
  jiffReadings: 90,
  warmUpReadings: 256,
  scaleFactor: 2,
  sealMany: 2_048,
  sealFew: 256,
  memoryReadings: 2_048,
  processes: true,
  demoArguments: ['--csv', fileURLToPath(new URL('few-readings.csv', import.meta.url))],
};
