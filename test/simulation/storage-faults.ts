import type { TableName } from '../../src/ports/index.ts';
import type { RingShape } from '../support/simulated-ring.ts';
import type { Random } from './kernel/index.ts';
import type { PlannedWindow } from './planned-windows.ts';
import { isOn, SAFETY_MS } from './swarm.ts';

/** A table of the store, or the files with the keys of its rows. */
export type HarmedTable = TableName | 'keys';

export type StorageFault =
  /** While the node is down, one bit of a random row flips. */
  | {
      readonly kind: 'bit flip';
      readonly atMs: number;
      readonly node: number;
      readonly table: HarmedTable;
      readonly downMs: number;
    }
  /** While all nodes of a domain are down, a bit flips in every record that has its share of some reading. */
  | { readonly kind: 'lost share'; readonly atMs: number; readonly domain: number; readonly downMs: number }
  /** While the node is down, one bit of its log flips, and the store beneath drops that batch without a word. */
  | { readonly kind: 'dropped commit'; readonly atMs: number; readonly node: number; readonly downMs: number }
  /** While the node is down, its data folder becomes what it was at `copyAtMs`; without that, it is lost. */
  | {
      readonly kind: 'lost folder';
      readonly copyAtMs?: number;
      readonly atMs: number;
      readonly node: number;
      readonly downMs: number;
    }
  /** The computer ends and never comes back. */
  | { readonly kind: 'gone'; readonly atMs: number; readonly node: number }
  /** The disk refuses the next commit. */
  | { readonly kind: 'disk error'; readonly atMs: number; readonly node: number }
  /** The disk takes no commit for a while. */
  | { readonly kind: 'full disk'; readonly atMs: number; readonly node: number; readonly forMs: number };

/** How many seeds lose no more than docs/RELIABILITY.md promises to survive, as far as a plan can tell. */
const TOLERABLE_SHARE = 0.75;

/**
 * The one node of a seed whose stores may lose votes; undefined in a seed where all may. Where every seed lost two
 * acceptors somewhere, few windows would come to a result, and what breaks late would never show.
 */
export function victimOf(random: Random, { domains, nodesPerDomain }: RingShape): number | undefined {
  const fork = random.fork('victim');
  return fork.chance(TOLERABLE_SHARE) ? fork.between(0, domains * nodesPerDomain - 1) : undefined;
}

function losesVotes(fault: StorageFault): fault is Exclude<StorageFault, { kind: 'lost share' }> {
  const { kind } = fault;
  if (kind === 'bit flip') return fault.table !== 'values';
  return kind === 'dropped commit' || kind === 'lost folder' || kind === 'gone';
}

/**
 * What the disks of a seed do.
 * @param nodes how many there will ever be.
 * @param victim whose stores alone may lose votes, if that is so.
 */
export function storageFaultsOf(
  random: Random,
  ring: RingShape,
  nodes: number,
  victim: number | undefined,
): readonly StorageFault[] {
  const faults: StorageFault[] = [];
  const maybe = (label: string, planned: (fork: Random) => readonly StorageFault[]) => {
    if (isOn(random, label)) faults.push(...planned(random.fork(label)));
  };
  maybe('bad values', (fork) => bitFlipsOf(fork, nodes, 'values'));
  maybe('bad flags', (fork) => bitFlipsOf(fork, nodes, 'flags'));
  maybe('bad rows', (fork) => otherFlipsOf(fork, nodes));
  maybe('disk errors', (fork) => diskErrorsOf(fork, nodes));
  maybe('full disks', (fork) => fullDisksOf(fork, nodes));
  maybe('lost folder', (fork) => lostFolderOf(fork, nodes));
  maybe('dropped commits', (fork) => droppedCommitsOf(fork, nodes));
  maybe('gone', (fork) => goneOf(fork, ring));
  if (victim === undefined) return faults;
  return faults.map((fault) => (losesVotes(fault) ? { ...fault, node: victim } : fault));
}

/** Shares that a whole domain loses, of a stream that says how many readings may be excluded for such a reason. */
export function lostSharesOf(
  random: Random,
  { domains }: RingShape,
  windows: readonly PlannedWindow[],
): readonly StorageFault[] {
  return Array.from({ length: random.between(1, 2) }, () => ({
    kind: 'lost share' as const,
    atMs: whileOpen(random, random.pick(windows)),
    domain: random.between(0, domains - 1),
    downMs: random.pick([100, 3_000]),
  }));
}

/** Later it may be settled already what the window excludes. */
function whileOpen(random: Random, { openMs, notBeforeMs }: PlannedWindow): number {
  return Math.min(random.between(openMs, notBeforeMs), SAFETY_MS);
}

function droppedCommitsOf(random: Random, nodes: number): StorageFault[] {
  return Array.from({ length: random.between(1, 2) }, () => ({
    kind: 'dropped commit' as const,
    atMs: random.between(1_000, SAFETY_MS),
    node: random.between(0, nodes - 1),
    downMs: random.pick([100, 3_000]),
  }));
}

function bitFlipsOf(random: Random, nodes: number, table: HarmedTable): StorageFault[] {
  return Array.from({ length: random.between(1, table === 'values' ? 4 : 2) }, () => ({
    kind: 'bit flip' as const,
    atMs: random.between(0, SAFETY_MS),
    node: random.between(0, nodes - 1),
    table,
    downMs: random.pick([100, 3_000]),
  }));
}

/** What a store keeps beside shares and votes: registers, ledgers, lists, hints, notes, documents, memory, keys. */
function otherFlipsOf(random: Random, nodes: number): StorageFault[] {
  const tables = ['windows', 'meta', 'windows', 'meta', 'documents', 'keys'] as const;
  return Array.from({ length: random.between(1, 2) }, () =>
    bitFlipsOf(random, nodes, random.pick(tables)),
  ).flatMap((flips) => flips.slice(0, 1));
}

/** One in a run: of a second one nobody could say whether those who remember the first are still there. */
function lostFolderOf(random: Random, nodes: number): StorageFault[] {
  const atMs = random.between(5_000, SAFETY_MS);
  const fault = {
    kind: 'lost folder' as const,
    atMs,
    node: random.between(0, nodes - 1),
    downMs: random.pick([100, 3_000, 20_000]),
  };
  return [random.chance(0.3) ? fault : { ...fault, copyAtMs: random.between(1_000, atMs) }];
}

function diskErrorsOf(random: Random, nodes: number): StorageFault[] {
  return Array.from({ length: random.between(1, 4) }, () => ({
    kind: 'disk error' as const,
    atMs: random.between(0, SAFETY_MS),
    node: random.between(0, nodes - 1),
  }));
}

function fullDisksOf(random: Random, nodes: number): StorageFault[] {
  return Array.from({ length: random.between(1, 2) }, () => ({
    kind: 'full disk' as const,
    atMs: random.between(0, SAFETY_MS),
    node: random.between(0, nodes - 1),
    forMs: random.pick([1_000, 20_000]),
  }));
}

/** Only where a domain goes on releasing without one of its nodes. */
function goneOf(random: Random, { domains, nodesPerDomain, acceptors }: RingShape): StorageFault[] {
  if (nodesPerDomain < 3 || acceptors < 3) return [];
  const node = random.between(0, domains * nodesPerDomain - 1);
  return [{ kind: 'gone', atMs: random.between(0, SAFETY_MS), node }];
}
