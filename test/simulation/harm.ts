import type { WindowScope } from '../../src/protocol/index.ts';
import { majority } from '../../src/ring/index.ts';
import type { RowOnDisk } from '../support/packed-disk.ts';
import { lastCommitOf, rememberedBy } from './checkers/disk-rows.ts';
import type { StorageFault } from './faults.ts';
import { START_MS } from './kernel/index.ts';
import type { FolderCopy, SimulatedNode } from './node-process.ts';
import { plannedGroup, plannedWindowId } from './planned.ts';
import type { World } from './world.ts';

/** Pause before a loss that nobody would notice is tried again, ms. */
const UNNOTICED_PAUSE_MS = 1_000;

/** Does what the plan wants done to a node's disk. */
export function scheduleStorageFault(world: World, fault: StorageFault): void {
  const { kernel, nodes, plan } = world;
  const node = nodes[fault.node];
  if (node === undefined) return;
  let copy: FolderCopy | undefined;
  const atMs = Math.min(fault.atMs, plan.quietMs);
  const act = (): void => {
    if (node.gone()) return;
    if (fault.kind === 'gone') {
      leave(world, node);
    } else if (fault.kind === 'dropped commit') {
      drop(world, node, fault.downMs);
    } else if (fault.kind === 'disk error') {
      node.disk.failNext();
    } else if (fault.kind === 'full disk') {
      world.fault('full disk');
      node.disk.fillUntil(kernel.now() + Math.min(fault.forMs, plan.quietMs - fault.atMs));
    } else if (fault.kind === 'bit flip') {
      flip(world, node, fault.table, fault.downMs);
    } else if (fault.copyAtMs === undefined || copy !== undefined) {
      lose(world, node, copy, fault.downMs);
    }
  };
  if (fault.kind === 'lost folder' && fault.copyAtMs !== undefined) {
    kernel.schedule('backup', Math.min(fault.copyAtMs, atMs), () => {
      copy = node.copyFolder();
    });
  }
  kernel.schedule(`fault ${fault.kind}`, atMs, act);
}

function flip(world: World, node: SimulatedNode, table: 'flags' | 'values', downMs: number): void {
  node.crash(downMs);
  const before = sharesOn(node);
  const key = node.disk.flipBit(table);
  if (key === undefined) return;
  world.fault(`bit flip in ${table}`);
  node.harm.any = true;
  if (table === 'values') allowMissing(world, node, before);
  else forgetVotes(world, node);
}

/** A gap in the numbers of its commits gives it away, so the node must notice by itself. */
function drop(world: World, node: SimulatedNode, downMs: number): void {
  node.crash(downMs);
  const before = sharesOn(node);
  if (!node.disk.dropCommit()) return;
  world.fault('dropped commit');
  node.harm.any = true;
  allowMissing(world, node, before);
  forgetVotes(world, node);
}

/** For whoever is left it is as if its disk were lost, but for the votes: a majority may do without them. */
function leave(world: World, node: SimulatedNode): void {
  node.leave();
  if (!node.gone()) return;
  allowMissing(world, node, sharesOn(node));
  allowUndecided(world);
}

/**
 * A data folder is lost or goes back to an old copy. Only what others have written down can give the loss
 * away, so it waits until as many of them remember a later commit as a starting node needs to hear one:
 * docs/decisions/0007-stores-in-doubt.md says what is given up.
 */
function lose(world: World, node: SimulatedNode, copy: FolderCopy | undefined, downMs: number): void {
  const { kernel, nodes, plan } = world;
  const others = nodes.filter((other) => other !== node);
  const last = copy === undefined ? 0 : lastCommitOf(copy.disk);
  const witnesses = others.filter((other) => rememberedBy(other, world.ring.document, node.node) > last);
  if (node.gone()) return;
  if (witnesses.length < Math.min(2, others.length)) {
    if (kernel.now() < START_MS + plan.quietMs - UNNOTICED_PAUSE_MS)
      kernel.schedule('fault lost folder', UNNOTICED_PAUSE_MS, () => lose(world, node, copy, downMs));
    else world.fault('lost folder nobody would notice, spared');
    return;
  }
  node.crash(downMs);
  const before = sharesOn(node);
  node.restoreFolder(copy);
  world.fault(copy === undefined ? 'wiped folder' : 'folder restored from a copy');
  node.harm.any = true;
  allowMissing(world, node, before);
  forgetVotes(world, node);
}

/** The shares that open on the node's disk. */
function sharesOn(node: SimulatedNode): readonly RowOnDisk[] {
  return node.rows.values();
}

/** Windows of which a share is on no disk of its domain any more may stay INCOMPLETE. */
function allowMissing(world: World, node: SimulatedNode, before: readonly RowOnDisk[]): void {
  const { nodes } = world;
  const siblings = nodes.filter(({ domain, gone }) => domain === node.domain && !gone());
  for (const { scope, entry } of before) {
    if (siblings.some((one) => one.rows.value(scope, entry) !== undefined)) continue;
    world.mayEndIncomplete(windowOf(world, scope), 'the only copy of a share is gone');
  }
}

/** A computer ends with its disk; another one comes in its place, under a store of its own. */
export function loseStore(world: World, node: SimulatedNode, votesFrom: number): void {
  const before = sharesOn(node);
  node.lose();
  node.harm.any = true;
  node.harm.votes = true;
  node.harm.votesFrom = votesFrom;
  allowMissing(world, node, before);
}

/** From now on this store must never vote. */
function forgetVotes(world: World, node: SimulatedNode): void {
  node.harm.votes = true;
  allowUndecided(world);
}

/**
 * What too few stores are left to decide stays INCOMPLETE: everything with one acceptor, and the ledger of a
 * domain that has no majority left (docs/PROTOCOL.md, "Seal, settle, release").
 */
function allowUndecided(world: World): void {
  const { nodes, plan } = world;
  const silent = nodes.filter(({ harm, gone }) => harm.votes || gone());
  const { acceptors, nodesPerDomain } = plan.shape;
  const ledgerStuck = silent.some(({ domain }) => {
    const left = nodesPerDomain - silent.filter((other) => other.domain === domain).length;
    return left < majority(nodesPerDomain);
  });
  if (acceptors > 1 && silent.length === 1 && !ledgerStuck) return;
  allowAll(world, 'too few stores that vote are left');
}

/** No window of the run must have a result any more. */
export function allowAll(world: World, why: string): void {
  for (const window of world.plan.windows.keys()) world.mayEndIncomplete(window, why);
}

function windowOf({ plan }: World, scope: WindowScope): number {
  return plan.windows.findIndex(
    (_, window) =>
      plannedWindowId(plan, window) === scope.window && plannedGroup(plan, window) === scope.group,
  );
}

/** Every store that has forgotten votes must know it by now, and say so. */
export function checkDoubts({ nodes, violation }: World): void {
  for (const { node, harm, handle, gone } of nodes) {
    if (gone()) continue;
    const reasons = handle()?.readiness().reasons ?? [];
    const doubted = reasons.some((reason) => /^repair: (?!\d)/.test(reason));
    const doubtful = harm.votes && harm.votesFrom === undefined;
    if (doubtful && !doubted) violation(`DOUBT: ${node} has lost votes and does not know it`);
    if (!doubtful && doubted) violation(`DOUBT: ${node} doubts its whole store: ${reasons.join()}`);
  }
}
