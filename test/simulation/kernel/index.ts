export { simulatedClock } from './clock.ts';
export type { Kernel } from './kernel.ts';
export { createKernel, SimulationStalled, START_MS } from './kernel.ts';
export type { Life } from './life.ts';
export { endLife, pauseLife, startLife } from './life.ts';
export type { Random } from './random.ts';
export { createRandom, withFlippedBit } from './random.ts';
export { forbidRealWorld } from './real-world.ts';
