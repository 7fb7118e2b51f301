export { simulatedClock } from './clock.ts';
export type { Kernel, Life } from './kernel.ts';
export { createKernel, endLife, SimulationStalled, START_MS, startLife } from './kernel.ts';
export type { Random } from './random.ts';
export { createRandom } from './random.ts';
export { forbidRealWorld } from './real-world.ts';
