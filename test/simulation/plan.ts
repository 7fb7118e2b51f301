import type { RingShape } from '../support/simulated-ring.ts';
import { NAMED_READINGS_MAX } from '../support/simulated-ring.ts';
import type { PlannedFault } from './faults.ts';
import { absencesOf, erasureFaultsOf, faultsOf } from './faults.ts';
import { createRandom, type Random } from './kernel/index.ts';
import type { NetworkSettings } from './network-types.ts';
import {
  erasedAt,
  fixedWindowsOf,
  labelled,
  type PlannedWindow,
  windowsOf,
  withPlaced,
} from './planned-windows.ts';
import type { PlannedBatch, PlannedGate } from './private-worlds.ts';
import { ENROLLED_MS, GATED_SENSORS_MIN, gateOf, rosterOf } from './private-worlds.ts';
import { type PlannedRingChange, ringChangesOf, withRenewals, withResealing } from './ring-worlds.ts';
import { lostSharesOf, victimOf } from './storage-faults.ts';
import { isOn, SAFETY_MS } from './swarm.ts';
import { gathered } from './together.ts';

/** Times in a plan are milliseconds after the start of the simulation. */
export type PlannedOperation =
  | {
      readonly kind: 'upload';
      readonly atMs: number;
      readonly sensor: number;
      readonly window: number;
      /** The reading is 4 to this power. */
      readonly exponent: number;
    }
  | {
      readonly kind: 'flush';
      readonly atMs: number;
      readonly sensor: number;
      readonly window: number;
      /** Readings that the sensor's program hands over at once. */
      readonly exponents: readonly number[];
      /** Whether the sensor is a gateway, and the readings are of as many sensors as there are, beginning with itself. */
      readonly gateway: boolean;
    }
  | { readonly kind: 'seal'; readonly atMs: number; readonly window: number }
  | { readonly kind: 'compute'; readonly atMs: number; readonly window: number };

/** One run as plain data: taking any operation or fault out leaves a plan that runs. */
export interface Plan {
  readonly seed: number;
  readonly shape: RingShape;
  readonly network: NetworkSettings;
  readonly disk: { readonly commitMs: number; readonly readMs: number };
  /** Per node how far its clock is off, ms. */
  readonly skewsMs: readonly number[];
  /** The same once the faults have ended; absent where clocks stay as they are. */
  readonly healedSkewsMs?: readonly number[];
  readonly flagTimeoutMs: number;
  readonly sensors: number;
  /** Length of the windows, which then open by themselves; absent where the operator opens them. */
  readonly fixedMs?: number;
  readonly windows: readonly PlannedWindow[];
  /** Labels of the stream. */
  readonly groups?: readonly string[];
  /** Which domains of the ring the stream has, in the order of its shares; absent for all, in the ring's order. */
  readonly domains?: readonly number[];
  /** A second stream of the ring, the same but for its domains; absent where there is one. */
  readonly beside?: { readonly domains: readonly number[] };
  /** Absent where the readings are public. */
  readonly gate?: PlannedGate;
  /** Absent where anybody may upload. */
  readonly roster?: readonly PlannedBatch[];
  /**
   * Whether shares are seeds, where the stream takes batches, and whether its gateways add up what they are handed together; absent
   * for single readings.
   */
  readonly batches?: { readonly seeds: boolean; readonly recorded?: true };
  /** Whether readings have further fields, with products of these and a histogram; absent where they have x alone. */
  readonly moments?: boolean;
  /** Committed readings of a window that may be left out because a domain has lost its share; absent for none. */
  readonly maxExcluded?: number;
  /** From a window's end to its erasure; absent where nothing is erased within the run. */
  readonly retentionMs?: number;
  readonly ringChanges?: readonly PlannedRingChange[];
  readonly operations: readonly PlannedOperation[];
  readonly faults: readonly PlannedFault[];
  /** When faults end and everything must come to a result. */
  readonly quietMs: number;
}

const MIDDLE: RingShape = { domains: 3, nodesPerDomain: 2, acceptors: 3, replicas: 2 };
const LARGE: RingShape = { domains: 3, nodesPerDomain: 3, acceptors: 3, replicas: 2 };

const often = (shape: RingShape, times: number): readonly RingShape[] =>
  Array.from({ length: times }, () => shape);

/** Those with three acceptors come more often: only there a lost store leaves windows a result. */
const SHAPES: readonly RingShape[] = [
  { domains: 2, nodesPerDomain: 1, acceptors: 1, replicas: 1 },
  { domains: 2, nodesPerDomain: 2, acceptors: 1, replicas: 1 },
  { domains: 3, nodesPerDomain: 1, acceptors: 1, replicas: 1 },
  { domains: 3, nodesPerDomain: 2, acceptors: 1, replicas: 1 },
  { domains: 2, nodesPerDomain: 2, acceptors: 3, replicas: 2 },
  { domains: 3, nodesPerDomain: 1, acceptors: 3, replicas: 1 },
  ...often(MIDDLE, 5),
  ...often(LARGE, 8),
];

/** How many of the worlds with a gate have enrolled sensors. */
const ENROLLED_SHARE = 0.8;
/** How many worlds have labels; every label is sealed and released for itself, which takes its time. */
const GROUPED_SHARE = 0.25;
/** How many worlds change their ring. */
const CHANGING_SHARE = 0.3;
/** How many worlds have gateways, whose readings come in batches. */
const BATCH_SHARE = 0.3;
/** In how many of these gateways add up what they are handed together. */
const RECORDED_SHARE = 0.5;
/** How many of the worlds with public readings have sums of more than x; cells of others need many sensors. */
const MOMENTS_SHARE = 0.5;
/** How many worlds erase windows within the run. */
const ERASING_SHARE = 0.35;
/** Longer than the grace of a fixed window, which would else be erased before it is sealed. */
const RETENTION_MS = [15_000, 30_000, 90_000];
/** How many worlds have a stream that may leave readings out. */
const EXCLUDING_SHARE = 0.5;
/** How many of these have domains that keep one copy of a share. */
const THIN_SHARE = 0.4;
/** A lost store takes no majority with it, only the shares that no other has. */
const THIN: RingShape = { ...LARGE, replicas: 1 };
/** How many worlds have a stream that only some of the ring's domains have, or in another order. */
const SOME_DOMAINS_SHARE = 0.2;
/** How many of the worlds whose clocks are off have clocks that are off by so many times as much, half a minute. */
const FAR_OFF_SHARE = 0.2;
const FAR_OFF = 10;
/** How many worlds have a second stream, with windows of its own that are open beside those of the first. */
const BESIDE_SHARE = 0.2;
/** How many worlds have clocks that are off by minutes until the faults end. */
const ASTRAY_SHARE = 0.15;
const ASTRAY_MS = [60_000, 600_000] as const;
const LABELS = ['north', 'south'];
/** Whole parts of the instant at which simulations begin, which is a start of windows therefore. */
const FIXED_MS = [20_000, 30_000, 60_000];

/**
 * The plan of a seed. Every class of faults is off in half of the seeds (swarm testing): a class that is
 * always on hides what only shows without it.
 */
export function planOf(seed: number, shape?: RingShape): Plan {
  const random = createRandom(`plan ${seed}`);
  const on = (label: string) => isOn(random, label);
  const usual = shape ?? random.pick(SHAPES);
  const excluding = random.fork('exclusions');
  const maxExcluded = excluding.chance(EXCLUDING_SHARE) ? excluding.pick([2, NAMED_READINGS_MAX]) : 0;
  const ring = shape === undefined && maxExcluded > 0 && excluding.chance(THIN_SHARE) ? THIN : usual;
  const victim = victimOf(random, ring);
  const gate = on('gate') ? gateOf(random.fork('gate')) : undefined;
  const enrolled = gate !== undefined && random.fork('roster').chance(ENROLLED_SHARE);
  const sensors = Math.max(random.between(1, 12), gate === undefined ? 1 : GATED_SENSORS_MIN);
  const fixedMs = on('fixed windows') ? random.fork('fixed windows').pick(FIXED_MS) : undefined;
  const erasing = random.fork('erasure');
  const retentionMs = erasing.chance(ERASING_SHARE) ? erasing.pick(RETENTION_MS) : undefined;
  const changing = random.fork('ring');
  const placements =
    changing.chance(CHANGING_SHARE) && fixedMs !== Math.max(...FIXED_MS)
      ? ringChangesOf(changing, ring, fixedMs, victim)
      : [];
  const renewing = withRenewals(random.fork('renewals'), placements, ring);
  const ringChanges = withResealing(random.fork('sealing keys'), renewing, ring);
  const grown = placements.filter(({ kind }) => kind === 'grow').length;
  const nodes = ring.domains * ring.nodesPerDomain + grown;
  const manualOf = (fork: Random) =>
    windowsOf(fork, enrolled ? ENROLLED_MS : 0, retentionMs === undefined ? 200_000 : 20_000);
  const spans =
    fixedMs === undefined
      ? manualOf(random.fork('windows'))
      : fixedWindowsOf(random.fork('fixed windows'), fixedMs, enrolled ? 1 : 0);
  const choosing = random.fork('domains');
  const domains = choosing.chance(SOME_DOMAINS_SHARE) ? someDomains(choosing, ring) : undefined;
  const second = random.fork('second stream');
  const beside = second.chance(BESIDE_SHARE) ? { domains: someDomains(second, ring) } : undefined;
  // Windows of the two that begin together have one id.
  const theirs = fixedMs !== undefined || second.chance(0.5) ? spans : manualOf(second);
  const groups = random.fork('groups').chance(GROUPED_SHARE) ? LABELS : [];
  const placedOf = (all: readonly PlannedWindow[]) => {
    const placed = placements.reduce((some, { placementMs }) => withPlaced(some, placementMs, fixedMs), all);
    return groups.length === 0 ? placed : placed.flatMap((span) => labelled(span, groups));
  };
  const windows = [
    ...placedOf(spans),
    ...(beside === undefined ? [] : placedOf(theirs).map((window) => ({ ...window, stream: 1 }))),
  ];
  const batching = random.fork('batches');
  const batches = batching.chance(BATCH_SHARE) ? batchesOf(batching) : undefined;
  const skewed = random.fork('skews').chance(FAR_OFF_SHARE) ? FAR_OFF : 1;
  const moments = gate === undefined && random.fork('moments').chance(MOMENTS_SHARE);
  const ends = windows.map((window) => erasedAt({ fixedMs }, retentionMs ?? 0, window));
  // What is drawn here comes in one order, from the one stream that is nobody's own.
  const network = {
    loss: on('loss') ? random.pick([0.02, 0.1, 0.25]) : 0,
    duplication: on('duplication') ? random.pick([0.05, 0.3]) : 0,
    delayMs: on('delay') ? random.pick([50, 400, 2_000]) : 10,
    stall: on('stall') ? random.pick([0.01, 0.1]) : 0,
    stallMs: 30_000,
  };
  const disk = { commitMs: random.pick([2, 20, 200, 1_000]), readMs: random.pick([0.2, 5]) };
  const near = Array.from({ length: nodes }, () => (on('skew') ? skewed * random.between(-3_000, 3_000) : 0));
  return {
    seed,
    shape: ring,
    network,
    disk,
    ...clocksOf(random.fork('astray clocks'), near),
    flagTimeoutMs: random.pick([2_000, 10_000, 30_000]),
    sensors,
    ...(fixedMs === undefined ? {} : { fixedMs }),
    windows,
    ...(groups.length === 0 ? {} : { groups }),
    ...(domains === undefined ? {} : { domains }),
    ...(beside === undefined ? {} : { beside }),
    ...(gate === undefined ? {} : { gate }),
    ...(enrolled ? { roster: rosterOf(random.fork('roster'), sensors) } : {}),
    ...(batches === undefined ? {} : { batches }),
    ...(moments ? { moments } : {}),
    ...(maxExcluded === 0 ? {} : { maxExcluded }),
    ...(retentionMs === undefined ? {} : { retentionMs }),
    ...(ringChanges.length === 0 ? {} : { ringChanges }),
    operations: gathered(
      random.fork('flushes'),
      operationsOf(random.fork('operations'), crowdsOf(random, windows, sensors), windows),
      batches,
    ),
    faults: [
      ...faultsOf(random, ring, nodes, sensors, victim),
      ...(on('absences') ? absencesOf(random.fork('absences'), ring, windows) : []),
      ...(maxExcluded === 0 ? [] : lostSharesOf(excluding, ring, windows)),
      ...(retentionMs === undefined ? [] : erasureFaultsOf(erasing, nodes, ends)),
    ],
    quietMs: SAFETY_MS,
  };
}

function batchesOf(random: Random): NonNullable<Plan['batches']> {
  const seeds = random.chance(0.5);
  return random.chance(RECORDED_SHARE) ? { seeds, recorded: true } : { seeds };
}

/** One clock is off by minutes, or every one, ahead or behind; in the end somebody sets them right. */
function clocksOf(random: Random, near: readonly number[]): Pick<Plan, 'skewsMs' | 'healedSkewsMs'> {
  if (!random.chance(ASTRAY_SHARE)) return { skewsMs: near };
  const victim = random.chance(0.7) ? random.between(0, near.length - 1) : undefined;
  const astray = near.map((skewMs, place) => {
    const offMs = random.pick([-1, 1]) * random.between(...ASTRAY_MS);
    return victim === undefined || victim === place ? offMs : skewMs;
  });
  return { skewsMs: astray, healedSkewsMs: near };
}

/** Where two domains have too few nodes for three votes, a stream has all. */
function someDomains(random: Random, { domains, nodesPerDomain }: RingShape): readonly number[] {
  const all = Array.from({ length: domains }, (_, domain) => domain);
  const first = all.splice(random.between(0, domains - 1), 1);
  const others = random.chance(0.5) ? all : all.reverse();
  return [...first, ...others].slice(0, nodesPerDomain > 1 ? 2 : domains);
}

/** Per window how many sensors have readings for it: in a world with a gate sometimes too few. */
function crowdsOf(random: Random, windows: readonly PlannedWindow[], sensors: number): readonly number[] {
  const fork = random.fork('crowds');
  const small = isOn(random, 'gate') && isOn(random, 'crowds');
  return windows.map(() => (small && fork.chance(0.5) ? fork.between(1, 3) : sensors));
}

function operationsOf(
  random: Random,
  crowds: readonly number[],
  windows: readonly PlannedWindow[],
): PlannedOperation[] {
  const operations: PlannedOperation[] = [];
  const readings = random.between(1, NAMED_READINGS_MAX);
  const spread = random.pick([0.1, 0.8, 1.5]);
  for (let exponent = 0; exponent < readings; exponent++) {
    const window = random.between(0, windows.length - 1);
    const { openMs, notBeforeMs } = windows[window] ?? { openMs: 0, notBeforeMs: 0 };
    const atMs = openMs + random.between(0, Math.floor(spread * (notBeforeMs - openMs)));
    const sensor = random.between(0, (crowds[window] ?? 1) - 1);
    operations.push({ kind: 'upload', atMs, sensor, window, exponent });
  }
  windows.forEach(({ openMs, notBeforeMs }, window) => {
    for (let i = random.between(0, 2); i > 0; i--) {
      operations.push({ kind: 'seal', atMs: notBeforeMs + random.between(-2_000, 40_000), window });
    }
    for (let i = random.between(0, 3); i > 0; i--) {
      operations.push({ kind: 'compute', atMs: openMs + random.between(0, SAFETY_MS), window });
    }
  });
  return operations.map((operation) => ({ ...operation, atMs: Math.max(0, operation.atMs) }));
}
