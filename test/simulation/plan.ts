import type { RingShape } from '../support/simulated-ring.ts';
import { NAMED_READINGS_MAX } from '../support/simulated-ring.ts';
import type { PlannedFault } from './faults.ts';
import { erasureFaultsOf, faultsOf } from './faults.ts';
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
import { type PlannedRingChange, ringChangesOf, withRenewals } from './ring-worlds.ts';
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
  readonly flagTimeoutMs: number;
  readonly sensors: number;
  /** Length of the windows, which then open by themselves; absent where the operator opens them. */
  readonly fixedMs?: number;
  readonly windows: readonly PlannedWindow[];
  /** Labels of the stream. */
  readonly groups?: readonly string[];
  /** Which domains of the ring the stream has, in the order of its shares; absent for all, in the ring's order. */
  readonly domains?: readonly number[];
  /** Absent where the readings are public. */
  readonly gate?: PlannedGate;
  /** Absent where anybody may upload. */
  readonly roster?: readonly PlannedBatch[];
  /** Whether shares are seeds, where the stream takes batches; absent for single readings. */
  readonly batches?: { readonly seeds: boolean };
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

/** Those with three acceptors come more often: only there a lost store leaves windows a result. */
const SHAPES: readonly RingShape[] = [
  { domains: 2, nodesPerDomain: 1, acceptors: 1, replicas: 1 },
  { domains: 2, nodesPerDomain: 2, acceptors: 1, replicas: 1 },
  { domains: 3, nodesPerDomain: 1, acceptors: 1, replicas: 1 },
  { domains: 3, nodesPerDomain: 2, acceptors: 1, replicas: 1 },
  { domains: 2, nodesPerDomain: 2, acceptors: 3, replicas: 2 },
  { domains: 3, nodesPerDomain: 1, acceptors: 3, replicas: 1 },
  MIDDLE,
  MIDDLE,
  MIDDLE,
  LARGE,
  LARGE,
  LARGE,
  LARGE,
  LARGE,
];

/** How many of the worlds with a gate have enrolled sensors. */
const ENROLLED_SHARE = 0.8;
/** How many worlds have labels; every label is sealed and released for itself, which takes its time. */
const GROUPED_SHARE = 0.25;
/** How many worlds change their ring. */
const CHANGING_SHARE = 0.3;
/** How many worlds have gateways, whose readings come in batches. */
const BATCH_SHARE = 0.3;
/** How many of the worlds with public readings have sums of more than x; cells of others need many sensors. */
const MOMENTS_SHARE = 0.5;
/** How many worlds erase windows within the run. */
const ERASING_SHARE = 0.35;
/** Longer than the grace of a fixed window, which would else be erased before it is sealed. */
const RETENTION_MS = [15_000, 30_000, 90_000];
/** How many worlds have a stream that may leave readings out. */
const EXCLUDING_SHARE = 0.4;
/** How many of these have domains that keep one copy of a share. */
const THIN_SHARE = 0.4;
/** A lost store takes no majority with it, only the shares that no other has. */
const THIN: RingShape = { ...LARGE, replicas: 1 };
/** How many worlds have a stream that only some of the ring's domains have, or in another order. */
const SOME_DOMAINS_SHARE = 0.2;
/** How many of the worlds whose clocks are off have clocks that are off by so many times as much, half a minute. */
const FAR_OFF_SHARE = 0.2;
const FAR_OFF = 10;
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
  const ringChanges = withRenewals(random.fork('renewals'), placements, ring);
  const grown = placements.filter(({ kind }) => kind === 'grow').length;
  const nodes = ring.domains * ring.nodesPerDomain + grown;
  const spans =
    fixedMs === undefined
      ? windowsOf(
          random.fork('windows'),
          enrolled ? ENROLLED_MS : 0,
          retentionMs === undefined ? 200_000 : 20_000,
        )
      : fixedWindowsOf(random.fork('fixed windows'), fixedMs, enrolled ? 1 : 0);
  const domains = domainsOf(random.fork('domains'), ring);
  const groups = random.fork('groups').chance(GROUPED_SHARE) ? LABELS : [];
  const placed = placements.reduce((all, { placementMs }) => withPlaced(all, placementMs, fixedMs), spans);
  const windows = groups.length === 0 ? placed : placed.flatMap((span) => labelled(span, groups));
  const batching = random.fork('batches');
  const batches = batching.chance(BATCH_SHARE) ? { seeds: batching.chance(0.5) } : undefined;
  const skewed = random.fork('skews').chance(FAR_OFF_SHARE) ? FAR_OFF : 1;
  const moments = gate === undefined && random.fork('moments').chance(MOMENTS_SHARE);
  const ends = windows.map((window) => erasedAt({ fixedMs }, retentionMs ?? 0, window));
  return {
    seed,
    shape: ring,
    network: {
      loss: on('loss') ? random.pick([0.02, 0.1, 0.25]) : 0,
      duplication: on('duplication') ? random.pick([0.05, 0.3]) : 0,
      delayMs: on('delay') ? random.pick([50, 400, 2_000]) : 10,
      stall: on('stall') ? random.pick([0.01, 0.1]) : 0,
      stallMs: 30_000,
    },
    disk: { commitMs: random.pick([2, 20, 200, 1_000]), readMs: random.pick([0.2, 5]) },
    skewsMs: Array.from({ length: nodes }, () => (on('skew') ? skewed * random.between(-3_000, 3_000) : 0)),
    flagTimeoutMs: random.pick([2_000, 10_000, 30_000]),
    sensors,
    ...(fixedMs === undefined ? {} : { fixedMs }),
    windows,
    ...(groups.length === 0 ? {} : { groups }),
    ...(domains === undefined ? {} : { domains }),
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
      batches === undefined,
    ),
    faults: [
      ...faultsOf(random, ring, nodes, sensors, victim),
      ...(maxExcluded === 0 ? [] : lostSharesOf(excluding, ring, windows)),
      ...(retentionMs === undefined ? [] : erasureFaultsOf(erasing, nodes, ends)),
    ],
    quietMs: SAFETY_MS,
  };
}

/** Where two domains have too few nodes for three votes, a stream has all. */
function domainsOf(random: Random, { domains, nodesPerDomain }: RingShape): readonly number[] | undefined {
  if (!random.chance(SOME_DOMAINS_SHARE)) return undefined;
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
