import { equalBytes, fromUtf8 } from '../../src/foundation/index.ts';
import { entryName, windowName } from '../../src/protocol/index.ts';
import type { StoreId } from '../../src/ring/index.ts';
import type { RowOnDisk } from '../support/packed-disk.ts';
import { lastCommitOf } from './checkers/disk-rows.ts';
import { type Random, START_MS } from './kernel/index.ts';
import type { FolderCopy, SimulatedNode } from './node-process.ts';
import { placedWindows } from './planned.ts';
import type { HarmedTable, StorageFault } from './storage-faults.ts';
import type { World } from './world.ts';

/** Pause before a loss that nobody would notice is tried again, ms. */
const UNNOTICED_PAUSE_MS = 1_000;

/** Does what the plan wants done to a node's disk. */
export function scheduleStorageFault(world: World, fault: StorageFault): void {
  const { kernel, nodes, plan } = world;
  const node = nodes[fault.kind === 'lost share' ? fault.domain * plan.shape.nodesPerDomain : fault.node];
  if (node === undefined) return;
  let copy: FolderCopy | undefined;
  const atMs = Math.min(fault.atMs, plan.quietMs);
  const act = (): void => {
    if (node.gone() && fault.kind !== 'lost share') return;
    if (fault.kind === 'gone') {
      leave(world, node);
    } else if (fault.kind === 'lost share') {
      loseShare(world, node, fault.downMs);
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

/** Its disk, or a key of its rows, is not what it left there. */
function harmed({ standing }: World, { node, harm }: SimulatedNode): void {
  harm.any = true;
  standing.harmed(node);
}

function flip(world: World, node: SimulatedNode, table: HarmedTable, downMs: number): void {
  node.crash(downMs);
  const before = sharesOn(node);
  const kind = flipIn(world, node, table);
  if (kind === undefined) return;
  world.fault(`bit flip in ${kind}`);
  harmed(world, node);
  noteLost(world, node, before);
  if (MUST_DOUBT.includes(kind)) forgetVotes(node);
  else if (table !== 'values') mayDoubt(node);
}

/** Rows that every start reads, and that are votes, promises or the memory by which others find out about losses. */
const MUST_DOUBT: readonly string[] = ['flags', 'windows S', 'windows W', 'meta C', 'meta E', 'meta S'];

/** Flips a bit of a row, of any kind in the table with the same chance. @returns the kind; undefined without a row */
function flipIn(world: World, node: SimulatedNode, table: HarmedTable): string | undefined {
  // A folder that is lost is noticed by what others have written down, which must stay there.
  const losing = world.plan.faults.some(({ kind }) => kind === 'lost folder');
  if (table === 'keys') return !losing && node.keys.flipBit() ? table : undefined;
  const byLetter = table === 'windows' || table === 'meta';
  const kindOf = (key: Uint8Array) => (byLetter ? `${table} ${fromUtf8(key.slice(0, 1))}` : table);
  const kinds = [...new Set(node.disk.rows(table).map(([key]) => kindOf(key)))];
  const [kind] = pickOne(
    world.kernel.random.fork(`flip ${node.node} ${world.kernel.now()}`),
    kinds.filter((one) => !losing || one !== 'meta S'),
  );
  if (kind === undefined) return undefined;
  return node.disk.flipBit(table, (key) => kindOf(key) === kind) === undefined ? undefined : kind;
}

function mayDoubt({ harm, storeId }: SimulatedNode): void {
  const store = storeId();
  if (store !== undefined) harm.doubtful.add(store);
}

/** Every copy that a domain has of one reading's share is damaged, and what else is in the same records. */
function loseShare(world: World, { domain }: SimulatedNode, downMs: number): void {
  const { kernel, nodes } = world;
  const siblings = nodes.filter((one) => one.domain === domain && !one.gone());
  for (const node of siblings) node.crash(downMs);
  const held = siblings.map((node) => ({ node, before: sharesOn(node) }));
  const [lost] = pickOne(
    kernel.random.fork(`lost share ${domain} ${kernel.now()}`),
    held.flatMap(({ before }) => before),
  );
  if (lost === undefined) return;
  world.fault('lost share');
  const name = entryName(lost.entry);
  for (const { node, before } of held) {
    for (const row of before) {
      if (entryName(row.entry) !== name || windowName(row.scope) !== windowName(lost.scope)) continue;
      node.disk.flipBit('values', (key) => equalBytes(key, row.recordKey));
      harmed(world, node);
    }
  }
  for (const { node, before } of held) noteLost(world, node, before);
}

function pickOne<T>(random: Random, choices: readonly T[]): readonly T[] {
  return choices.length === 0 ? [] : [random.pick(choices)];
}

/**
 * A gap in the numbers of its commits gives it away, so the node must notice by itself. What it has written down about others may
 * be gone with it, so it waits until everybody who has lost something knows that.
 */
function drop(world: World, node: SimulatedNode, downMs: number): void {
  if (node.gone()) return;
  if (world.nodes.some(doubtsTooLittle)) {
    const again = () => drop(world, node, downMs);
    if (!later(world, 'dropped commit', again)) world.fault('dropped commit that would hide a loss, spared');
    return;
  }
  node.crash(downMs);
  const before = sharesOn(node);
  if (!node.disk.dropCommit()) return;
  world.fault('dropped commit');
  harmed(world, node);
  noteLost(world, node, before);
  forgetVotes(node);
}

/** For whoever is left it is as if its disk were lost, but for the votes: a majority may do without them. */
function leave(world: World, node: SimulatedNode): void {
  node.leave();
  if (node.gone()) noteLost(world, node, sharesOn(node));
}

/** Tries again what nobody would notice now. @returns false where the faults end before that */
function later({ kernel, plan }: World, fault: StorageFault['kind'], again: () => void): boolean {
  if (kernel.now() >= START_MS + plan.quietMs - UNNOTICED_PAUSE_MS) return false;
  kernel.schedule(`fault ${fault}`, UNNOTICED_PAUSE_MS, again);
  return true;
}

/**
 * A data folder is lost or goes back to an old copy. Only what others have written down can give the loss
 * away, so it waits until as many of them remember a later commit as a starting node needs to hear one:
 * docs/decisions/0007-stores-in-doubt.md says what is given up.
 */
function lose(world: World, node: SimulatedNode, copy: FolderCopy | undefined, downMs: number): void {
  const { nodes, ring } = world;
  const store = copy?.storeId ?? node.storeId();
  if (node.gone() || store === undefined) return;
  // A node that came later is none: the copy may be older than it, and whoever starts on it does not ask it.
  const others = nodes.slice(0, ring.members.length).filter((other) => other !== node);
  const last = copy === undefined ? 0 : lastCommitOf(copy.disk);
  const witnesses = others.filter((one) => !one.gone() && one.rows.remembered(node.node, store) > last);
  if (witnesses.length < Math.min(2, others.length)) {
    const again = () => lose(world, node, copy, downMs);
    if (!later(world, 'lost folder', again)) world.fault('lost folder nobody would notice, spared');
    return;
  }
  node.crash(downMs);
  const before = sharesOn(node);
  forgetVotes(node);
  node.restoreFolder(copy);
  world.barrier.lost(node.node);
  world.fault(copy === undefined ? 'wiped folder' : 'folder restored from a copy');
  harmed(world, node);
  noteLost(world, node, before);
  forgetVotes(node);
}

/** The shares that open on the node's disk. */
function sharesOn(node: SimulatedNode): readonly RowOnDisk[] {
  return node.rows.values();
}

/** Notes the shares that are on no disk of their domain any more. */
function noteLost(world: World, node: SimulatedNode, before: readonly RowOnDisk[]): void {
  const { nodes, losses, kernel } = world;
  const { domain } = node;
  const siblings = nodes.filter((one) => one.domain === domain && !one.gone());
  for (const { scope, entry } of before) {
    if (siblings.some((one) => one.rows.value(scope, entry) !== undefined)) continue;
    for (const window of placedWindows(world, scope))
      losses.note(window, { entry, domain, atMs: kernel.now() });
  }
}

/** A computer ends with its disk; another one comes in its place, under a store of its own. */
export function loseStore(world: World, node: SimulatedNode): void {
  const before = sharesOn(node);
  forgetVotes(node);
  node.lose();
  harmed(world, node);
  world.barrier.lost(node.node);
  noteLost(world, node, before);
}

/** From now on the store that the node runs on must never vote. */
function forgetVotes({ harm, storeId }: SimulatedNode): void {
  const store = storeId();
  if (store !== undefined) harm.forgotten.add(store);
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
    if (gone() || store === undefined || harm.forgotten.has(store) || harm.doubtful.has(store)) continue;
    const doubts = doubtsOf(handle()?.readiness().reasons);
    if (doubts.length > 0) violation(`DOUBT: ${node} doubts its whole store: ${doubts.join()}`);
  }
}

/** Of the reasons why a node is not ready, those that are about its whole store. */
function doubtsOf(reasons: readonly string[] = []): readonly string[] {
  return reasons.filter((reason) => /^store in doubt, /.test(reason));
}

/** Whether the store that a document lists for a node does not vote any more. */
export function isSilent(node: SimulatedNode | undefined, store: StoreId): boolean {
  if (node === undefined || node.gone() || node.storeId() !== store) return true;
  const { harm, handle } = node;
  if (harm.forgotten.has(store)) return true;
  if (!harm.doubtful.has(store)) return false;
  // Until it has started nobody can say.
  const readiness = handle()?.readiness();
  return readiness === undefined || doubtsOf(readiness.reasons).length > 0;
}

/** Whether what a node has on its disk counts: it is there, and does not doubt all of it. */
export function mayAnswer(node: SimulatedNode): boolean {
  const store = node.storeId();
  return store !== undefined && !isSilent(node, store);
}
