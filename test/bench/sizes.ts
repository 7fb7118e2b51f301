import { sourceFile } from '../support/program-files.ts';

/** Readings of one SDK with so many under way. */
export interface CoalescedUpload {
  readonly readings: number;
  readonly inFlight: number;
}

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
  /** Numbers of connections among which the plain endpoint's best is looked for. */
  readonly plainConnections: readonly number[];
  /** Readings over each number of them in one turn. */
  readonly plainTrialReadings: number;
  readonly plainTrialTurns: number;
  readonly batchReadings: number;
  readonly batchesInFlight: number;
  /** The plain endpoint takes more of a processor for each reading with more under way. */
  readonly plainBatchesInFlight: number;
  /** Small batches before a row of batches: a run has few requests, and a program is warm after many. */
  readonly batchWarmUpRequests: number;
  readonly jiffReadings: number;
  /** Runs of both sides of a row that are not counted. */
  readonly warmUpRuns: number;
  /** Coalesced uploads before the first measurement of a cluster. */
  readonly clusterWarmUp: readonly CoalescedUpload[];
  /** Readings before the first measurement of the plain endpoint and of PostgreSQL. */
  readonly plainWarmUpReadings: number;
  readonly jiffWarmUpReadings: number;
  /** Of each SDK, against the large cluster. */
  readonly scaleReadings: number;
  /** Nodes of the large cluster for one of the small. */
  readonly scaleFactor: number;
  /** Of the cluster with more domains. */
  readonly manyDomains: number;
  readonly sealMany: number;
  readonly sealFew: number;
  /** SDKs that fill the window of all partitions, and what each has in flight: small flushes, many partitions. */
  readonly sealWideFleet: number;
  readonly sealWideInFlight: number;
  /** Of all sensors of the stream that is not public together. */
  readonly gatedMany: number;
  readonly gatedFew: number;
  readonly memoryReadings: number;
  /** For how long nodes are left alone before their memory is looked at. */
  readonly memorySettleMs: number;
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
  coalescedReadings: 65_536,
  coalescedInFlight: 512,
  manyInFlight: 2_048,
  plainReadings: 65_536,
  plainConnections: [16, 32, 64, 128, 256, 512],
  plainTrialReadings: 16_384,
  plainTrialTurns: 3,
  batchReadings: 1_024_000,
  batchesInFlight: 32,
  plainBatchesInFlight: 8,
  batchWarmUpRequests: 2_048,
  jiffReadings: 900,
  warmUpRuns: 1,
  // What a program does for a flush it has to do often before it is compiled, so the first flushes are small and many;
  // the rate still grows over the first five hundred large ones.
  clusterWarmUp: [
    { readings: 4_096, inFlight: 32 },
    { readings: 262_144, inFlight: 512 },
  ],
  // As long as the cluster takes for its own.
  plainWarmUpReadings: 196_608,
  jiffWarmUpReadings: 9_000,
  scaleReadings: 16_384,
  scaleFactor: 4,
  manyDomains: 5,
  sealMany: 1_000_000,
  sealFew: 10_000,
  sealWideFleet: 8,
  sealWideInFlight: 96,
  gatedMany: 200_000,
  gatedFew: 10_000,
  memoryReadings: 1_000_000,
  memorySettleMs: 3_000,
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
  plainConnections: [16, 32],
  plainTrialReadings: 256,
  plainTrialTurns: 1,
  batchReadings: 4_000,
  batchesInFlight: 4,
  plainBatchesInFlight: 4,
  batchWarmUpRequests: 4,
  jiffReadings: 45,
  warmUpRuns: 0,
  clusterWarmUp: [{ readings: 128, inFlight: 128 }],
  plainWarmUpReadings: 128,
  jiffWarmUpReadings: 9,
  scaleReadings: 512,
  scaleFactor: 2,
  manyDomains: 5,
  sealMany: 1_024,
  sealFew: 128,
  sealWideFleet: 2,
  sealWideInFlight: 32,
  gatedMany: 1_024,
  gatedFew: 128,
  memoryReadings: 1_024,
  memorySettleMs: 500,
  processes: true,
  demoArguments: ['--csv', sourceFile('test/bench/few-readings.csv')],
};
