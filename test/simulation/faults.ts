import type { RingShape } from '../support/simulated-ring.ts';
import type { DiskSite } from './disk.ts';
import type { Random } from './kernel/index.ts';
import type { NetworkSite } from './network-types.ts';
import type { PlannedWindow } from './planned-windows.ts';
import { type StorageFault, storageFaultsOf } from './storage-faults.ts';
import { isOn, SAFETY_MS } from './swarm.ts';

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
      /** After so long the device starts again, with the same name and nothing in its memory; absent for never. */
      readonly backMs?: number;
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
  /** Nothing travels between some nodes and everybody else. */
  | {
      readonly kind: 'partition';
      readonly atMs: number;
      readonly side: readonly number[];
      readonly forMs: number;
    }
  /** Messages of one direction pile up and arrive together when it ends. */
  | {
      readonly kind: 'clog';
      readonly atMs: number;
      readonly from: number;
      readonly to: number;
      readonly forMs: number;
    }
  /** The process stands still and goes on as if no time had passed. */
  | { readonly kind: 'pause'; readonly atMs: number; readonly node: number; readonly forMs: number }
  | StorageFault;

const SITES: readonly (DiskSite | NetworkSite)[] = [
  'commit pending',
  'commit durable',
  'request arrived',
  'reply ready',
];

/**
 * The faults of a seed, apart from those that the network draws for each message.
 * @param nodes how many there will ever be.
 * @param victim whose stores alone may lose votes, if that is so.
 */
export function faultsOf(
  random: Random,
  ring: RingShape,
  nodes: number,
  sensors: number,
  victim: number | undefined,
): readonly PlannedFault[] {
  const faults: PlannedFault[] = [];
  const maybe = (label: string, planned: (fork: Random) => readonly PlannedFault[]) => {
    if (isOn(random, label)) faults.push(...planned(random.fork(label)));
  };
  maybe('crashes', (fork) => crashesOf(fork, nodes));
  maybe('stops', (fork) => stopsOf(fork, nodes));
  maybe('crashes at sites', (fork) => siteCrashesOf(fork, nodes));
  maybe('sensor deaths', (fork) => deathsOf(fork, sensors, ring.domains));
  maybe('cuts', (fork) => cutsOf(fork, nodes, sensors));
  maybe('partitions', (fork) => partitionsOf(fork, ring));
  maybe('clogs', (fork) => clogsOf(fork, nodes, sensors));
  maybe('pauses', (fork) => pausesOf(fork, nodes));
  faults.push(...storageFaultsOf(random, ring, nodes, victim));
  return faults;
}

/** Crashes in the middle of what a node does at the end of a window's retention, and nodes that are away then. */
export function erasureFaultsOf(
  random: Random,
  nodes: number,
  erasedAtMs: readonly number[],
): readonly PlannedFault[] {
  if (random.chance(0.5)) return [];
  return erasedAtMs.flatMap((endMs) => {
    const fault = {
      atMs: endMs - random.between(0, 3_000),
      node: random.between(0, nodes - 1),
      downMs: random.pick([100, 3_000, 20_000]),
    };
    const site = random.pick(SITES.slice(2));
    if (endMs >= SAFETY_MS) return [];
    return [
      random.chance(0.3)
        ? { kind: 'crash' as const, ...fault }
        : { kind: 'crash at site' as const, site, ...fault },
    ];
  });
}

/** All nodes of a domain but one are away while a window's readings come: hints wait there, and are brought around the seal. */
export function absencesOf(
  random: Random,
  { domains, nodesPerDomain }: RingShape,
  windows: readonly PlannedWindow[],
): PlannedFault[] {
  if (nodesPerDomain < 3) return [];
  const { openMs, notBeforeMs, latestMs } = random.pick(windows);
  const backMs = random.pick([notBeforeMs, latestMs]) + random.between(-5_000, 3_000);
  const atMs = openMs + random.between(0, 5_000);
  if (atMs >= Math.min(backMs, SAFETY_MS)) return [];
  const domain = random.between(0, domains - 1);
  const stays = random.between(0, nodesPerDomain - 1);
  return Array.from({ length: nodesPerDomain }, (_, number) => number)
    .filter((number) => number !== stays)
    .map((number) => ({
      kind: 'crash',
      atMs,
      node: domain * nodesPerDomain + number,
      downMs: backMs - atMs + random.between(0, 1_000),
    }));
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

/** A sensor needs one UPLOAD per domain and SET for a reading; most die within their first few. */
function deathsOf(random: Random, sensors: number, domains: number): PlannedFault[] {
  const faults: PlannedFault[] = [];
  for (let sensor = 0; sensor < sensors; sensor++) {
    if (!random.chance(0.4)) continue;
    const request = random.between(1, 3 * (domains + 2));
    const death = { kind: 'sensor death', sensor, request, sent: random.chance(0.5) } as const;
    faults.push(random.chance(0.5) ? { ...death, backMs: random.pick([200, 5_000]) } : death);
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

/** One node, one cloud, or as many nodes as happens. */
function partitionsOf(random: Random, { domains, nodesPerDomain }: RingShape): PlannedFault[] {
  const nodes = Array.from({ length: domains * nodesPerDomain }, (_, node) => node);
  return Array.from({ length: random.between(1, 3) }, () => {
    const domain = random.between(0, domains - 1);
    const side = random.pick([
      [random.pick(nodes)],
      nodes.filter((node) => Math.floor(node / nodesPerDomain) === domain),
      nodes.filter(() => random.chance(0.5)),
    ]);
    const forMs = random.between(500, 40_000);
    return { kind: 'partition' as const, atMs: random.between(0, SAFETY_MS), side, forMs };
  });
}

function clogsOf(random: Random, nodes: number, sensors: number): PlannedFault[] {
  return Array.from({ length: random.between(1, 6) }, () => ({
    kind: 'clog' as const,
    atMs: random.between(0, SAFETY_MS),
    from: random.between(0, nodes + sensors),
    to: random.between(0, nodes - 1),
    forMs: random.between(500, 20_000),
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
