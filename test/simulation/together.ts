import type { Random } from './kernel/index.ts';
import type { Plan, PlannedOperation } from './plan.ts';

/** How many worlds have readings that come at one moment, of one sensor or of several, and share requests on their way. */
const CROWDED_SHARE = 0.3;
/** From one such moment to the next, ms. */
const CROWD_MS = [500, 3_000, 10_000];
/** How many worlds have sensors that hand over several readings at once. */
const FLUSHING_SHARE = 0.4;
/** Readings of a flush, at most. */
const FLUSH_MAX = 12;

type Upload = Extract<PlannedOperation, { readonly kind: 'upload' }>;

/**
 * The same operations, with readings in some worlds together that would come one by one.
 * @param batches absent where a flag is one reading, which may be of any sensor.
 */
export function gathered(
  random: Random,
  operations: readonly PlannedOperation[],
  batches: Plan['batches'],
): readonly PlannedOperation[] {
  const everyMs = random.chance(CROWDED_SHARE) ? random.pick(CROWD_MS) : 1;
  // Only what is handed over together is recorded.
  const flushing = random.chance(FLUSHING_SHARE) || batches?.recorded === true;
  const uploads = operations
    .filter((one) => one.kind === 'upload')
    .map((one) => ({ ...one, atMs: Math.floor(one.atMs / everyMs) * everyMs }));
  const others = operations.filter(({ kind }) => kind !== 'upload');
  return [...(flushing ? flushesOf(random, uploads, batches === undefined) : uploads), ...others];
}

/** Each flush is as its first reading would be alone. */
function flushesOf(random: Random, uploads: readonly Upload[], single: boolean): PlannedOperation[] {
  const waiting = [...uploads];
  const flushes: PlannedOperation[] = [];
  for (let first = waiting.shift(); first !== undefined; first = waiting.shift()) {
    const { atMs, sensor, window } = first;
    const most = random.between(1, FLUSH_MAX);
    const beside = waiting.filter((one) => one.window === window).slice(0, most - 1);
    for (const one of beside) waiting.splice(waiting.indexOf(one), 1);
    const exponents = [first, ...beside].map(({ exponent }) => exponent);
    const gateway = single && random.chance(0.4);
    flushes.push(most === 1 ? first : { kind: 'flush', atMs, sensor, window, exponents, gateway });
  }
  return flushes;
}
