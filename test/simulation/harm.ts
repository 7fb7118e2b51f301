import type { WindowScope } from '../../src/protocol/index.ts';
import type { RowOnDisk } from '../support/packed-disk.ts';
import { lastCommitOf } from './checkers/disk-rows.ts';
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
  else forgetVotes(node);
}

/** A gap in the numbers of its commits gives it away, so the node must notice by itself. */
function drop(world: World, node: SimulatedNode, downMs: number): void {
  node.crash(downMs);
  const before = sharesOn(node);
  if (!node.disk.dropCommit()) return;
  world.fault('dropped commit');
  node.harm.any = true;
  allowMissing(world, node, before);
  forgetVotes(node);
}

/** For whoever is left it is as if its disk were lost, but for the votes: a majority may do without them. */
function leave(world: World, node: SimulatedNode): void {
  node.leave();
  if (node.gone()) allowMissing(world, node, sharesOn(node));
}

/**
 * A data folder is lost or goes back to an old copy. Only what others have written down can give the loss
 * away, so it waits until as many of them remember a later commit as a starting node needs to hear one:
 * docs/decisions/0007-stores-in-doubt.md says what is given up.
 */
function lose(world: World, node: SimulatedNode, copy: FolderCopy | undefined, downMs: number): void {
  const { kernel, nodes, plan, ring } = world;
  const store = copy?.storeId ?? node.storeId();
  if (node.gone() || store === undefined) return;
  // A node that came later is none: the copy may be older than it, and whoever starts on it does not ask it.
  const others = nodes.slice(0, ring.members.length).filter((other) => other !== node);
  const last = copy === undefined ? 0 : lastCommitOf(copy.disk);
  const witnesses = others.filter((one) => !one.gone() && one.rows.remembered(node.node, store) > last);
  if (witnesses.length < Math.min(2, others.length)) {
    if (kernel.now() < START_MS + plan.quietMs - UNNOTICED_PAUSE_MS)
      kernel.schedule('fault lost folder', UNNOTICED_PAUSE_MS, () => lose(world, node, copy, downMs));
    else world.fault('lost folder nobody would notice, spared');
    return;
  }
  node.crash(downMs);
  const before = sharesOn(node);
  forgetVotes(node);
  node.restoreFolder(copy);
  world.barrier.lost(node.node);
  world.fault(copy === undefined ? 'wiped folder' : 'folder restored from a copy');
  node.harm.any = true;
  allowMissing(world, node, before);
  forgetVotes(node);
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
export function loseStore(world: World, node: SimulatedNode): void {
  const before = sharesOn(node);
  forgetVotes(node);
  node.lose();
  node.harm.any = true;
  world.barrier.lost(node.node);
  allowMissing(world, node, before);
}

/** From now on the store that the node runs on must never vote. */
function forgetVotes({ harm, storeId }: SimulatedNode): void {
  const store = storeId();
  if (store !== undefined) harm.forgotten.add(store);
}

function windowOf({ plan }: World, scope: WindowScope): number {
  return plan.windows.findIndex(
    (_, window) =>
      plannedWindowId(plan, window) === scope.window && plannedGroup(plan, window) === scope.group,
  );
}

/** Whether the node's store has forgotten votes and the node does not say so yet. */
export function doubtsTooLittle({ harm, handle, gone, storeId }: SimulatedNode): boolean {
  const store = storeId();
  if (gone() || store === undefined || !harm.forgotten.has(store)) return false;
  return doubtsOf(handle()?.readiness().reasons).length === 0;
}

/** Every store that has forgotten votes must know it by now, and say so; no other may. */
export function checkDoubts({ nodes, violation }: World): void {
  for (const simulated of nodes) {
    const { node, harm, handle, gone, storeId } = simulated;
    if (doubtsTooLittle(simulated)) violation(`DOUBT: ${node} has lost votes and does not know it`);
    const store = storeId();
    if (gone() || store === undefined || harm.forgotten.has(store)) continue;
    const doubts = doubtsOf(handle()?.readiness().reasons);
    if (doubts.length > 0) violation(`DOUBT: ${node} doubts its whole store: ${doubts.join()}`);
  }
}

/** Of the reasons why a node is not ready, those that are about its whole store. */
function doubtsOf(reasons: readonly string[] = []): readonly string[] {
  return reasons.filter((reason) => /^repair: (?!\d)/.test(reason));
}
