import type { Random } from './kernel/index.ts';

/** What a domain asks for before it releases anything. */
export interface PlannedGate {
  readonly minSensors: number;
  readonly minCommittedPercent: number;
  /** Each domain's own least number of sensors, whatever the stream says. */
  readonly floor: number;
}

/** One batch of the enrolment authority's log, sensors by their number. */
export interface PlannedBatch {
  readonly atMs: number;
  readonly enrol: readonly number[];
  readonly revoke: readonly number[];
}

/** Fewer sensors would be withheld in every window. */
export const GATED_SENSORS_MIN = 4;
/** Windows of a world with a gate begin no earlier, ms: whom a domain knows by then counts. */
export const ENROLLED_MS = 10_000;
/** Batches that come too late for some window, at most. */
const LATE_BATCHES_MAX = 3;
/** Until then batches come, ms. */
const LATE_MS = 70_000;

export function gateOf(random: Random): PlannedGate {
  return {
    minSensors: random.pick([2, 3, 4]),
    minCommittedPercent: random.pick([1, 60, 90]),
    floor: random.pick([2, 3, 5]),
  };
}

/** Most sensors are enrolled in time; others late, some never, and some do not stay. */
export function rosterOf(random: Random, sensors: number): readonly PlannedBatch[] {
  const early = { atMs: random.between(0, 2_000), enrol: [] as number[], revoke: [] as number[] };
  const late = Array.from({ length: random.between(1, LATE_BATCHES_MAX) }, () => ({
    atMs: random.between(ENROLLED_MS, LATE_MS),
    enrol: [] as number[],
    revoke: [] as number[],
  })).sort((a, b) => a.atMs - b.atMs);
  const batches = [early, ...late];
  for (let sensor = 0; sensor < sensors; sensor++) {
    if (random.chance(0.05)) continue;
    const enrolled = random.chance(0.75) ? 0 : random.between(1, late.length);
    batches[enrolled]?.enrol.push(sensor);
    const revoked = random.between(enrolled + 1, batches.length + 5);
    batches[revoked]?.revoke.push(sensor);
  }
  // An authority signs no batch that says nothing.
  return batches.filter(({ enrol, revoke }) => enrol.length + revoke.length > 0);
}
