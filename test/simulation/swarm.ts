import type { Random } from './kernel/index.ts';

/** Length of the part of a run in which things go wrong, ms. */
export const SAFETY_MS = 90_000;

/** Whether a class of faults is on in a seed; one class says nothing about another. */
export function isOn(random: Random, label: string): boolean {
  return random.fork(`swarm ${label}`).chance(0.5);
}
