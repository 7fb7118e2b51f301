import type { Model } from './explore/explorer.ts';

/** One run of the model checker. */
export interface Check {
  readonly name: string;
  /** What the run shows, in one sentence. */
  readonly shows: string;
  /** A correct scope holds; a broken variant must be found as a violation. */
  readonly expects: 'holds' | 'violated';
  /** Beyond so many states the run counts as failed: it has proven nothing. */
  readonly statesMax: number;
  /** Part of the quick set that the tests run. */
  readonly quick: boolean;
  readonly model: () => Model;
}

/** Above the largest scope by half, so that growth is seen before memory runs out. */
export const STATES_MAX = 2_000_000;

export function holds(name: string, shows: string, model: () => Model, quick = false): Check {
  return { name, shows, expects: 'holds', statesMax: STATES_MAX, quick, model };
}

/** A variant with one production function replaced or wrapped by a broken one. */
export function broken(name: string, shows: string, model: () => Model, quick = true): Check {
  return { name, shows, expects: 'violated', statesMax: STATES_MAX, quick, model };
}
