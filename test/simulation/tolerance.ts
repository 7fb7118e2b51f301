import type { FlagEntry, WindowScope } from '../../src/protocol/index.ts';
import { entryName, exclusionCodec, settlementCodec } from '../../src/protocol/index.ts';
import { shareIndex } from '../../src/protocol/stream-document.ts';
import type { DomainId, Partition, RingDocument } from '../../src/ring/index.ts';
import {
  lostStoresOf,
  majority,
  majorityPromised,
  PARTITIONS,
  partition,
  placementsOf,
  placingDocument,
} from '../../src/ring/index.ts';
import { isSilent, mayAnswer } from './harm.ts';
import type { Loss } from './losses.ts';
import { type SimulatedNode, storeIn } from './node-process.ts';
import { placementOf } from './placements.ts';
import { plannedScope, plannedStream, streamNamed } from './planned.ts';
import type { World } from './world.ts';

/** Nodes of a ring that may be away when another one starts. */
const AWAY_AT_START = 1;

/**
 * What docs/RELIABILITY.md, "What does not", allows to keep a window from its result. `too few nodes` is how a start
 * is refused, and `store silent` what a missing row or the count of a gate waits for.
 */
export const RESIDUALS = [
  'too few nodes',
  'placement too late',
  'opening unknown',
  'votes lost',
  'ledger lost',
  'rows lost',
  'rows lost after T',
  'store silent',
] as const;
export type Residual = (typeof RESIDUALS)[number];

/**
 * Which residual holds for this very window at the moment: judged by what is left on the disks of those that place it,
 * and by how far it has come. Undefined where it must come to its result.
 */
export function residualOf(world: World, window: number): Residual | undefined {
  const { nodes } = world;
  const scope = plannedScope(world, window);
  const stream = plannedStream(world, window);
  const placing = placingDocument({ documents: world.rings }, scope.window);
  const untold = placing.domains.filter(
    ({ domain }) => shareIndex(stream, domain) !== undefined && !knows(world, domain, scope, 'release'),
  );
  if (untold.length === 0) return undefined;
  const listed = new Set(
    world.rings.flatMap(({ domains }) => domains.flatMap((section) => section.nodes)).map(({ id }) => id),
  );
  const away = nodes.filter(({ node, gone }) => listed.has(node) && gone()).length;
  const waits = nodes.some((one) => !one.gone() && (one.handle() === undefined || says(one, 'starting:')));
  if (away > AWAY_AT_START && waits) return 'too few nodes';
  if (!isPromised(world, placing)) return 'placement too late';
  if (isOpeningUnknown(world, placing, scope)) return 'opening unknown';
  if (losesVotes(world, placing, scope, untold)) return 'votes lost';
  if (untold.some(({ domain }) => losesLedger(world, placing, domain, scope))) return 'ledger lost';
  if (untold.some(({ domain }) => gateWaits(world, placing, domain))) return 'store silent';
  return whyRowsAreMissed(world, window, scope);
}

/**
 * Whether a node may have no row of a window that has a result: its domain has none, as one that hears another's WITHHELD
 * need not, or has lost the ledger in which it stands.
 */
export function mayLackRow(world: World, window: number, { domain }: SimulatedNode): boolean {
  const scope = plannedScope(world, window);
  if (!knows(world, domain, scope, 'release')) return residualOf(world, window) !== undefined;
  return losesLedger(world, placingDocument({ documents: world.rings }, scope.window), domain, scope);
}

/** Whether a node that may be asked has on its disk what was decided. */
function knows(
  { nodes }: World,
  domain: DomainId,
  scope: WindowScope,
  decision: 'exclusion' | 'release',
): boolean {
  return nodes.some(
    (one) => one.domain === domain && mayAnswer(one) && one.rows.decided(scope, decision) !== undefined,
  );
}

/** What some disk says was decided. */
function decidedAnywhere(
  { nodes }: World,
  scope: WindowScope,
  decision: 'settlement' | 'exclusion',
): Uint8Array | undefined {
  for (const one of nodes) {
    const bytes = mayAnswer(one) ? one.rows.decided(scope, decision) : undefined;
    if (bytes !== undefined) return bytes;
  }
  return undefined;
}

/**
 * Rows that are lost may keep a window from its result only where they are of committed readings, and these more than
 * the stream excludes, or lost since a domain may have called them there, or where a store never says what it has.
 */
function whyRowsAreMissed(world: World, window: number, scope: WindowScope): Residual | undefined {
  const { plan, nodes, losses } = world;
  const decided = decidedAnywhere(world, scope, 'exclusion');
  const excluded = new Set(
    decided === undefined ? [] : exclusionCodec.decode(decided).excluded.map((entry) => entryName(entry)),
  );
  const lost = losses
    .of(window)
    .filter(({ entry, domain }) => !isBack(world, scope, entry, domain) && mayBeTrue(world, scope, entry));
  const { maxExcluded = 0 } = plan;
  if (new Set(lost.map(({ entry }) => entryName(entry))).size > maxExcluded) return 'rows lost';
  const missed = lost.filter(({ entry }) => !excluded.has(entryName(entry)));
  const since = losses.settlingSince(window) ?? Number.POSITIVE_INFINITY;
  if (missed.some(({ atMs }) => decided !== undefined || atMs >= since)) return 'rows lost after T';
  const waits = ({ entry, domain }: Loss) =>
    !excluded.has(entryName(entry)) &&
    !nodes.some((one) => isBackAt(one, scope, entry, domain) && !isRepairing(one)) &&
    nodes.some((one) => one.domain === domain && isAway(world, one));
  return losses.of(window).some(waits) ? 'store silent' : undefined;
}

/** Whether a copy that was on its way has brought a lost share back. */
function isBack({ nodes }: World, scope: WindowScope, entry: FlagEntry, domain: DomainId): boolean {
  return nodes.some((one) => isBackAt(one, scope, entry, domain));
}

function isBackAt(one: SimulatedNode, scope: WindowScope, entry: FlagEntry, domain: DomainId): boolean {
  return one.domain === domain && mayAnswer(one) && one.rows.value(scope, entry) !== undefined;
}

/** Whether a node says nothing about some of its rows before all others of its domain have told what they have of them. */
const isRepairing = (one: SimulatedNode): boolean => says(one, 'repair:');

function says({ handle }: SimulatedNode, what: 'starting:' | 'repair:'): boolean {
  return (
    handle()
      ?.readiness()
      .reasons.some((reason) => reason.startsWith(what)) === true
  );
}

/** Whether the flag can be in T: somebody has voted for it, or what somebody voted is lost. */
function mayBeTrue({ nodes }: World, scope: WindowScope, entry: FlagEntry): boolean {
  return nodes.some(
    ({ rows, harm }) =>
      harm.any || harm.forgotten.size > 0 || rows.flag(scope, entry)?.accepted?.value === 'TRUE',
  );
}

/** Whether a node is there no more, and its store not declared lost: also where the document that says so was never taken. */
function isAway({ ring, rings }: World, { node, domain, gone, storeId }: SimulatedNode): boolean {
  const store = storeId() ?? storeIn(rings.at(-1) ?? ring.document, node);
  return gone() && store !== undefined && !lostStoresOf({ documents: rings }, domain).has(store);
}

/** The nodes of a document whose stores do not vote. */
function silentNodes({ nodes: all }: World, { domains }: Pick<RingDocument, 'domains'>): ReadonlySet<string> {
  const listed = domains.flatMap(({ nodes }) => nodes);
  return new Set(
    listed
      .filter(({ id, storeId }) =>
        isSilent(
          all.find(({ node }) => node === id),
          storeId,
        ),
      )
      .map(({ id }) => id),
  );
}

/**
 * Whether too few acceptors vote for what the window still lacks. Until T is decided that is every partition, since a
 * seal freezes all; then those with readings, whose lists its acceptors keep, and its register; then nothing.
 */
function losesVotes(
  world: World,
  placing: RingDocument,
  scope: WindowScope,
  untold: RingDocument['domains'],
): boolean {
  const silent = silentNodes(world, placing);
  if (silent.size === 0) return false;
  const placement = placementOf(placing);
  const domains = domainsOf(world, scope);
  const lacks = (acceptors: readonly string[]) =>
    acceptors.filter((node) => !silent.has(node)).length < majority(acceptors.length);
  const settled = decidedAnywhere(world, scope, 'settlement');
  if (settled !== undefined && untold.every(({ domain }) => knows(world, domain, scope, 'exclusion')))
    return false;
  const { stream, window, group } = scope;
  if (lacks(placement.registerAcceptors(domains, stream, window, group))) return true;
  const needed: readonly Partition[] =
    settled === undefined
      ? Array.from({ length: PARTITIONS }, (_, at) => partition(at))
      : settlementCodec.decode(settled).partitions.map((one) => one.partition);
  return needed.some((one) => lacks(placement.acceptors(domains, one)));
}

/**
 * Whether nobody can say that a fixed window was opened, nor that it never was: too few acceptors of its register have
 * accepted its terms, and too few have not, because the stores of the others are lost and none of them is declared so.
 */
function isOpeningUnknown(world: World, placing: RingDocument, scope: WindowScope): boolean {
  const { plan, nodes } = world;
  if (plan.fixedMs === undefined) return false;
  const silent = silentNodes(world, placing);
  const register = registerOf(world, placing, scope);
  const declared = lostVoters(world, placing);
  if (register.some((node) => declared.has(node))) return false;
  const able = nodes.filter(({ node }) => register.includes(node) && !silent.has(node));
  const open = able.filter(
    ({ rows }) => rows.hasTermsVote(scope) || rows.decided(scope, 'terms') !== undefined,
  ).length;
  const least = majority(register.length);
  return able.length >= least && open < least && able.length - open < least;
}

function registerOf(world: World, placing: RingDocument, scope: WindowScope): readonly string[] {
  const domains = domainsOf(world, scope);
  return placementOf(placing).registerAcceptors(domains, scope.stream, scope.window, scope.group);
}

function domainsOf({ streams }: World, { stream }: WindowScope): readonly DomainId[] {
  return streamNamed(streams, stream).domains.map(({ id }) => id);
}

/** The nodes of a document whose stores of then are declared lost. */
function lostVoters({ rings }: World, { domains }: RingDocument): ReadonlySet<string> {
  const lost = domains.flatMap(({ domain, nodes }) => {
    const stores = lostStoresOf({ documents: rings }, domain);
    return nodes.filter(({ storeId }) => stores.has(storeId));
  });
  return new Set(lost.map(({ id }) => id));
}

/** Whether a domain's ledger has no quorum: docs/PROTOCOL.md, "Seal, settle, release". */
function losesLedger(world: World, placing: RingDocument, domain: DomainId, scope: WindowScope): boolean {
  const { voters, silent } = ledgerOf(world, placing, domain, scope);
  const least = majority(voters.length);
  if (voters.length - silent.length >= least) return false;
  const lost = lostStoresOf({ documents: world.rings }, domain);
  return silent.length >= least || silent.some(({ storeId }) => !lost.has(storeId));
}

/** Who votes about what a domain releases of a window: all its nodes, or one where a single acceptor decides. */
function ledgerOf(world: World, placing: RingDocument, domain: DomainId, scope: WindowScope) {
  const section = placing.domains.find((one) => one.domain === domain);
  if (section === undefined) return { voters: [], silent: [] };
  const { stream, window, group } = scope;
  const acceptors = placementOf(placing).ledgerAcceptors(domain, stream, window, group);
  const voters = section.nodes.filter(({ id }) => acceptors.includes(id));
  const away = silentNodes(world, { domains: [section] });
  return { voters, silent: voters.filter(({ id }) => away.has(id)) };
}

/**
 * Whether a gate cannot count the sensors of the domain: of as many stores that answer nothing as replicas would make up
 * for, or more, somebody's only share may be there.
 */
function gateWaits(world: World, placing: RingDocument, domain: DomainId): boolean {
  const section = placing.domains.find((one) => one.domain === domain);
  if (world.plan.gate === undefined || section === undefined) return false;
  const lost = lostStoresOf({ documents: world.rings }, domain);
  const { nodes, replicas } = section;
  const away = world.nodes.filter((one) => one.domain === domain && isAway(world, one)).length;
  const declared = nodes.filter(({ storeId }) => lost.has(storeId)).length;
  return away > Math.max(0, Math.min(replicas - 1, nodes.length - majority(nodes.length)) - declared);
}

/** Whether a domain waits for a node, which is away for good or in doubt, until its store is declared lost. */
export function lacksDeclaration(world: World, node: SimulatedNode): boolean {
  const windows = [...world.plan.windows.keys()];
  const silent =
    isAway(world, node) && windows.some((window) => residualOf(world, window) === 'store silent');
  return silent || isMissedByLedger(world, node) || isMissedByRegister(world, node);
}

/** Whether somebody could say again whether a fixed window was opened if the node's store were declared lost. */
function isMissedByRegister(world: World, { node }: SimulatedNode): boolean {
  return [...world.plan.windows.keys()].some((window) => {
    if (residualOf(world, window) !== 'opening unknown') return false;
    const scope = plannedScope(world, window);
    const placing = placingDocument({ documents: world.rings }, scope.window);
    return registerOf(world, placing, scope).includes(node) && silentNodes(world, placing).has(node);
  });
}

/** Whether the domain of a node would have its ledger of a window back if the node's store were declared lost. */
function isMissedByLedger(world: World, { node, domain }: SimulatedNode): boolean {
  return [...world.plan.windows.keys()].some((window) => {
    const scope = plannedScope(world, window);
    const placing = placingDocument({ documents: world.rings }, scope.window);
    const { voters, silent } = ledgerOf(world, placing, domain, scope);
    const voter = silent.find(({ id }) => id === node);
    if (voter === undefined || lostStoresOf({ documents: world.rings }, domain).has(voter.storeId))
      return false;
    const least = majority(voters.length);
    return voters.length - silent.length < least && silent.length < least;
  });
}

/** Whether the placement is in force by now: docs/decisions/0008-ring-documents.md says what is given up where it is not. */
function isPromised(world: World, placing: RingDocument): boolean {
  const { rings, barrier, kernel } = world;
  const before = placementsOf({ documents: rings }).filter(({ epoch }) => epoch < placing.epoch);
  const since = before.findLastIndex((ring) => ring.epoch === 1 || isPromised(world, ring));
  return before.slice(Math.max(0, since)).every((old) => {
    const silent = silentNodes(world, old);
    const all = old.domains.flatMap(({ nodes }) => nodes.map(({ id }) => id));
    const promised = all.filter(
      (node) => !silent.has(node) && barrier.promisedBy(node, placing.epoch, kernel.now()),
    );
    return majorityPromised(old, placementOf(old), new Set(promised));
  });
}
