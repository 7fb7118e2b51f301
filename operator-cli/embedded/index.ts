export { plainStatistics } from './plain-statistics.ts';
export type { DemoOptions, DemoReport } from './run-demo.ts';
export { runDemo } from './run-demo.ts';
export type { EmbeddedCluster, EmbeddedClusterOptions } from './start-cluster.ts';
export { startEmbeddedCluster } from './start-cluster.ts';
