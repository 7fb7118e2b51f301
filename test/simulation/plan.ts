import type { RingShape } from '../support/simulated-ring.ts';
import { NAMED_READINGS_MAX } from '../support/simulated-ring.ts';
import type { DiskSite } from './disk.ts';
import { createRandom, type Random } from './kernel/index.ts';
import type { NetworkSettings, NetworkSite } from './network-types.ts';

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
  | { readonly kind: 'seal'; readonly atMs: number; readonly window: number }
  | { readonly kind: 'compute'; readonly atMs: number; readonly window: number };

export type PlannedFault =
  /** The process ends at an instant, whatever it is doing. */
  | { readonly kind: 'crash'; readonly atMs: number; readonly node: number; readonly downMs: number }
  /** The process stops in order, as a service manager asks it to. */
  | { readonly kind: 'stop'; readonly atMs: number; readonly node: number; readonly downMs: number }
  /** The process ends the next time it passes the site. */
  | {
      readonly kind: 'crash at site';
      readonly atMs: number;
      readonly node: number;
      readonly site: DiskSite | NetworkSite;
      readonly downMs: number;
    }
  /** The sensor ends around one of its requests: before it leaves, or once it is on its way. */
  | {
      readonly kind: 'sensor death';
      readonly sensor: number;
      readonly request: number;
      readonly sent: boolean;
    }
  /** Two places stop hearing each other, in one direction or both. */
  | {
      readonly kind: 'cut';
      readonly atMs: number;
      readonly from: number;
      readonly to: number;
      readonly both: boolean;
      readonly forMs: number;
    }
  /** The process stands still and goes on as if no time had passed. */
  | { readonly kind: 'pause'; readonly atMs: number; readonly node: number; readonly forMs: number }
  | StorageFault;

export type StorageFault =
  /** While the node is down, one bit of a random row flips. */
  | {
      readonly kind: 'bit flip';
      readonly atMs: number;
      readonly node: number;
      readonly table: 'flags' | 'values';
      readonly downMs: number;
    }
  /** While the node is down, its data folder becomes what it was at `copyAtMs`; without that, it is lost. */
  | {
      readonly kind: 'lost folder';
      readonly copyAtMs?: number;
      readonly atMs: number;
      readonly node: number;
      readonly downMs: number;
    }
  /** The disk refuses the next commit. */
  | { readonly kind: 'disk error'; readonly atMs: number; readonly node: number }
  /** The disk takes no commit for a while. */
  | { readonly kind: 'full disk'; readonly atMs: number; readonly node: number; readonly forMs: number };

export interface PlannedWindow {
  readonly openMs: number;
  /** Before this no acceptor may freeze the window. */
  readonly notBeforeMs: number;
  /** At this the acceptors seal it themselves. */
  readonly latestMs: number;
}

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
  readonly windows: readonly PlannedWindow[];
  readonly operations: readonly PlannedOperation[];
  readonly faults: readonly PlannedFault[];
  /** When faults end and everything must come to a result. */
  readonly quietMs: number;
}

const SHAPES: readonly RingShape[] = [
  { domains: 2, nodesPerDomain: 1, acceptors: 1, replicas: 1 },
  { domains: 2, nodesPerDomain: 2, acceptors: 1, replicas: 1 },
  { domains: 3, nodesPerDomain: 1, acceptors: 1, replicas: 1 },
  { domains: 3, nodesPerDomain: 2, acceptors: 1, replicas: 1 },
  { domains: 2, nodesPerDomain: 2, acceptors: 3, replicas: 2 },
  { domains: 3, nodesPerDomain: 1, acceptors: 3, replicas: 1 },
  { domains: 3, nodesPerDomain: 2, acceptors: 3, replicas: 2 },
  { domains: 3, nodesPerDomain: 3, acceptors: 3, replicas: 2 },
];

const SITES: readonly (DiskSite | NetworkSite)[] = [
  'commit pending',
  'commit durable',
  'request arrived',
  'reply ready',
];

/** Length of the part of a run in which things go wrong, ms. */
const SAFETY_MS = 90_000;

/**
 * The plan of a seed. Every class of faults is off in half of the seeds (swarm testing): a class that is
 * always on hides what only shows without it.
 */
export function planOf(seed: number, shape?: RingShape): Plan {
  const random = createRandom(`plan ${seed}`);
  const on = (label: string) => random.fork(`swarm ${label}`).chance(0.5);
  const ring = shape ?? random.pick(SHAPES);
  const nodes = ring.domains * ring.nodesPerDomain;
  const sensors = random.between(1, 12);
  const windows = windowsOf(random.fork('windows'));
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
    skewsMs: Array.from({ length: nodes }, () => (on('skew') ? random.between(-3_000, 3_000) : 0)),
    flagTimeoutMs: random.pick([2_000, 10_000, 30_000]),
    sensors,
    windows,
    operations: operationsOf(random.fork('operations'), sensors, windows),
    faults: [
      ...(on('crashes') ? crashesOf(random.fork('crashes'), nodes) : []),
      ...(on('stops') ? stopsOf(random.fork('stops'), nodes) : []),
      ...(on('crashes at sites') ? siteCrashesOf(random.fork('sites'), nodes) : []),
      ...(on('sensor deaths') ? deathsOf(random.fork('deaths'), sensors, ring.domains) : []),
      ...(on('cuts') ? cutsOf(random.fork('cuts'), nodes, sensors) : []),
      ...(on('pauses') ? pausesOf(random.fork('pauses'), nodes) : []),
      ...(on('bad values') ? bitFlipsOf(random.fork('bad values'), nodes, 'values') : []),
      ...(on('bad flags') ? bitFlipsOf(random.fork('bad flags'), nodes, 'flags') : []),
      ...(on('lost folder') ? lostFolderOf(random.fork('lost folder'), nodes) : []),
      ...(on('disk errors') ? diskErrorsOf(random.fork('disk errors'), nodes) : []),
      ...(on('full disks') ? fullDisksOf(random.fork('full disks'), nodes) : []),
    ],
    quietMs: SAFETY_MS,
  };
}

function windowsOf(random: Random): PlannedWindow[] {
  let openMs = 0;
  return Array.from({ length: random.between(1, 2) }, () => {
    const notBeforeMs = openMs + random.pick([5_000, 30_000, 60_000]);
    const latestMs = notBeforeMs + random.between(5_000, 200_000);
    const window = { openMs, notBeforeMs, latestMs };
    openMs = notBeforeMs + random.between(0, 10_000);
    return window;
  });
}

function operationsOf(
  random: Random,
  sensors: number,
  windows: readonly PlannedWindow[],
): PlannedOperation[] {
  const operations: PlannedOperation[] = [];
  const readings = random.between(1, NAMED_READINGS_MAX);
  const spread = random.pick([0.1, 0.8, 1.5]);
  for (let exponent = 0; exponent < readings; exponent++) {
    const window = random.between(0, windows.length - 1);
    const { openMs, notBeforeMs } = windows[window] ?? { openMs: 0, notBeforeMs: 0 };
    const atMs = openMs + random.between(0, Math.floor(spread * (notBeforeMs - openMs)));
    operations.push({ kind: 'upload', atMs, sensor: random.between(0, sensors - 1), window, exponent });
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

function crashesOf(random: Random, nodes: number): PlannedFault[] {
  return Array.from({ length: random.between(1, 6) }, () => ({
    kind: 'crash' as const,
    atMs: random.between(0, SAFETY_MS),
    node: random.between(0, nodes - 1),
    downMs: random.pick([100, 3_000, 30_000]),
  }));
}

function stopsOf(random: Random, nodes: number): PlannedFault[] {
  return Array.from({ length: random.between(1, 3) }, () => ({
    kind: 'stop' as const,
    atMs: random.between(0, SAFETY_MS),
    node: random.between(0, nodes - 1),
    downMs: random.pick([100, 5_000]),
  }));
}

function siteCrashesOf(random: Random, nodes: number): PlannedFault[] {
  return Array.from({ length: random.between(1, 8) }, () => ({
    kind: 'crash at site' as const,
    atMs: random.between(0, SAFETY_MS),
    node: random.between(0, nodes - 1),
    site: random.pick(SITES),
    downMs: random.pick([100, 3_000, 20_000]),
  }));
}

/** A sensor needs CREATE, one UPLOAD per domain and SET for a reading; most die within their first few. */
function deathsOf(random: Random, sensors: number, domains: number): PlannedFault[] {
  const faults: PlannedFault[] = [];
  for (let sensor = 0; sensor < sensors; sensor++) {
    if (!random.chance(0.4)) continue;
    const request = random.between(1, 3 * (domains + 2));
    faults.push({ kind: 'sensor death', sensor, request, sent: random.chance(0.5) });
  }
  return faults;
}

/** Places are numbered nodes first, then sensors, then the operator. */
function cutsOf(random: Random, nodes: number, sensors: number): PlannedFault[] {
  return Array.from({ length: random.between(1, 5) }, () => ({
    kind: 'cut' as const,
    atMs: random.between(0, SAFETY_MS),
    from: random.between(0, nodes - 1),
    to: random.between(0, nodes + sensors),
    both: random.chance(0.5),
    forMs: random.between(500, 40_000),
  }));
}

function pausesOf(random: Random, nodes: number): PlannedFault[] {
  return Array.from({ length: random.between(1, 4) }, () => ({
    kind: 'pause' as const,
    atMs: random.between(0, SAFETY_MS),
    node: random.between(0, nodes - 1),
    forMs: random.pick([300, 4_000, 40_000]),
  }));
}

function bitFlipsOf(random: Random, nodes: number, table: 'flags' | 'values'): PlannedFault[] {
  return Array.from({ length: random.between(1, table === 'values' ? 4 : 2) }, () => ({
    kind: 'bit flip' as const,
    atMs: random.between(0, SAFETY_MS),
    node: random.between(0, nodes - 1),
    table,
    downMs: random.pick([100, 3_000]),
  }));
}

/** One in a run: of a second one nobody could say whether those who remember the first are still there. */
function lostFolderOf(random: Random, nodes: number): PlannedFault[] {
  const atMs = random.between(5_000, SAFETY_MS);
  const fault = {
    kind: 'lost folder' as const,
    atMs,
    node: random.between(0, nodes - 1),
    downMs: random.pick([100, 3_000, 20_000]),
  };
  return [random.chance(0.3) ? fault : { ...fault, copyAtMs: random.between(1_000, atMs) }];
}

function diskErrorsOf(random: Random, nodes: number): PlannedFault[] {
  return Array.from({ length: random.between(1, 4) }, () => ({
    kind: 'disk error' as const,
    atMs: random.between(0, SAFETY_MS),
    node: random.between(0, nodes - 1),
  }));
}

function fullDisksOf(random: Random, nodes: number): PlannedFault[] {
  return Array.from({ length: random.between(1, 2) }, () => ({
    kind: 'full disk' as const,
    atMs: random.between(0, SAFETY_MS),
    node: random.between(0, nodes - 1),
    forMs: random.pick([1_000, 20_000]),
  }));
}
