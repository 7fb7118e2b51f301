import type { Clock, Log, RandomBytes, Sealing, SealingKeyPair, WindowKeys } from '../../src/ports/index.ts';
import { keysAt } from '../../src/protocol/index.ts';
import type { DomainId, NodeId, Partition, StoreId, Verifier } from '../../src/ring/index.ts';
import type { CorruptRows } from '../engine/corrupt-rows.ts';
import type { DamagedRows } from '../engine/damaged-rows.ts';
import type { EntryHash } from '../engine/entry-hash.ts';
import type { Journal } from '../engine/journal.ts';
import type { KeyedLock } from '../engine/keyed-lock.ts';
import type { PackedRows } from '../engine/packed-rows.ts';
import type { CallPeer, Peers } from '../engine/peers.ts';
import type { Rings } from '../engine/rings.ts';
import type { RowSeal } from '../engine/row-seal.ts';
import type { StoreHealth } from '../engine/store-health.ts';
import type { Tables } from '../engine/tables.ts';
import { createAdmission } from './admission.ts';
import { createAudit } from './audit.ts';
import { createCommitNews } from './commit-news.ts';
import { createCopyCheck } from './copy-check.ts';
import { createDecisions } from './decisions.ts';
import { createErasedWindows } from './erased-windows.ts';
import { createErasing } from './erasing.ts';
import { createFlagAcceptor } from './flag-acceptor.ts';
import { openFlagCensus } from './flag-census.ts';
import { createFlags } from './flags.ts';
import { createFrozen } from './frozen.ts';
import { createGate } from './gate.ts';
import { createGather } from './gathering.ts';
import { createHolding } from './holding.ts';
import { createInventory } from './inventory.ts';
import { createJoinedRequests } from './joined-requests.ts';
import { createMissedDecisions } from './missed-decisions.ts';
import { createOpening } from './opening.ts';
import { createOperatorDesk } from './operator-desk.ts';
import { createPackets } from './packets.ts';
import { createRelay } from './relay.ts';
import { createReleasing } from './releasing.ts';
import { createRepair } from './repair.ts';
import { openRetirements } from './retirements.ts';
import { createRingExchange } from './ring-exchange.ts';
import { createRingStore } from './ring-store.ts';
import { openRoster } from './roster.ts';
import { createRosterSpread } from './roster-spread.ts';
import { createSensorCensus } from './sensor-census.ts';
import { createSetLists } from './set-lists.ts';
import { createSettledFlags } from './settled-flags.ts';
import { createSettling } from './settling.ts';
import { createShareSums } from './share-sums.ts';
import { createShareTable } from './share-table.ts';
import { openSpread } from './spread.ts';
import { openStreams } from './streams.ts';
import { createTallies, type Tallies } from './tallies.ts';
import { createTell } from './tell.ts';
import { createTrueFlags } from './true-flags.ts';
import { openUnopenedVotes } from './unopened-votes.ts';
import { createValues } from './values.ts';
import { openVotedReleases } from './voted-releases.ts';
import type { OpenWindowRecord } from './windows.ts';
import { openWindows } from './windows.ts';

/** What the services stand on. */
export interface ServiceBase {
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
  readonly keys: WindowKeys;
  readonly log: Log;
  readonly verifier: Verifier;
  readonly sealing: Sealing;
  readonly sealingKey: SealingKeyPair;
  readonly formerSealingKeys: readonly SealingKeyPair[];
  readonly journal: Journal;
  readonly tables: Tables;
  readonly packed: PackedRows;
  readonly corrupt: CorruptRows;
  readonly storeKey: Uint8Array;
  readonly lock: KeyedLock;
  readonly rings: Rings;
  readonly rowSeal: RowSeal;
  /** Epochs of the placements that this store had promised before it was started. */
  readonly promised: readonly number[];
  readonly self: {
    readonly nodeId: NodeId;
    readonly domain: DomainId;
    readonly storeId: StoreId;
  };
  readonly peers: Peers;
  readonly callPeer: CallPeer;
  readonly health: StoreHealth;
  readonly damaged: DamagedRows;
  readonly entryHash: EntryHash;
  readonly enrolmentAuthorities: readonly string[];
  readonly allowOpenEnrolment: boolean;
  readonly minSensorsFloor: number;
}

/** The tables of flags and shares, and what is known of them without reading the disk. */
async function openFlagsAndShares(base: ServiceBase, tallies: Tallies, records: readonly OpenWindowRecord[]) {
  const acceptors = ({ scope, stream }: OpenWindowRecord, partition: Partition): readonly NodeId[] =>
    base.rings.of(scope).placement.acceptors(
      stream.domains.map(({ id }) => id),
      partition,
    );
  const votesOn = (record: OpenWindowRecord, partition: Partition): boolean =>
    acceptors(record, partition).includes(base.self.nodeId);
  const trueFlags = createTrueFlags();
  const shares = createShareTable({
    ...base,
    tallies,
    async unvoted(record, partition, keys) {
      if (keys.length === 0 || !votesOn(record, partition)) return keysAt(keys, []);
      const { bodies } = await base.packed.find('flags', record, partition, keys);
      return keysAt(
        keys,
        [...bodies.keys()].filter((place) => bodies[place] === undefined),
      );
    },
    heard: (record, keys, now) => census.heard(record, keys, now),
  });
  const census = await openFlagCensus({
    ...base,
    records,
    shares: (record) => shares.goodRows(record, null),
    acceptors,
    hear(record, partition, keys, before, after) {
      // Its share was hashed when it came: the hash goes from the open rows to the TRUE flags.
      const digests = after.accepted?.value === 'TRUE' ? tallies.committed(record, partition, keys) : null;
      trueFlags.note(record, partition, keys, before, after, digests);
    },
  });
  return { trueFlags, shares, census };
}

/** Builds the services of a node, each from the few others it names; what they read back is read here. */
export async function openServices(base: ServiceBase) {
  const streams = await openStreams(base);
  const retirements = await openRetirements({ ...base, streams });
  const roster = await openRoster(base);
  const erased = createErasedWindows(base);
  const tallies = createTallies(base);
  // What is on disk already is added up when it is asked for, also where the node had forgotten the window meanwhile.
  const windows = await openWindows({ ...base, erased, streams, reopened: tallies.spoil });
  const unopened = await openUnopenedVotes({ ...base, erased, windows });
  const votedReleases = await openVotedReleases({ ...base, windows });
  const decisions = createDecisions({ ...base, retirements, unopened, votedReleases, windows });
  const missed = createMissedDecisions({ ...base, decisions, windows });
  const opening = createOpening({ ...base, decisions, retirements, streams, windows });
  const rosterSpread = createRosterSpread({ ...base, roster });
  const admission = createAdmission({ ...base, windows, decisions, opening, retirements });
  const { trueFlags, shares, census } = await openFlagsAndShares(base, tallies, windows.all());
  const frozen = createFrozen({ ...base, trueFlags, windows, storeId: base.self.storeId });
  const lists = createSetLists({ ...base, admission, frozen });
  const settled = createSettledFlags(decisions, lists);
  const packets = createPackets({ ...base, admission, roster, rosterSpread, streams });
  const news = createCommitNews(base);
  const acceptor = createFlagAcceptor({ ...base, admission, packets, census, news });
  const flags = createFlags({ ...base, admission, acceptor, packets, settled });
  const spread = await openSpread({ ...base, shares, streams, windows });
  const values = createValues({ ...base, admission, census, packets, streams, shares, spread });
  const relay = createRelay({ ...base, admission, packets });
  const joined = createJoinedRequests({ ...base, values, flags, relay });
  const sums = createShareSums({ ...base, shares, lists, tallies });
  const gather = createGather({ ...base, shares, spread, streams });
  const sensors = createSensorCensus({ ...base, shares, lists, tallies });
  const gate = createGate({ ...base, roster, rosterSpread });
  const holding = createHolding({ ...base, decisions });
  const settling = createSettling({ ...base, decisions });
  const releasing = createReleasing({ ...base, decisions, gate, settling, holding, streams });
  const inventory = createInventory({ ...base, streams });
  const repair = createRepair({ ...base, windows, unopened, admission, gather, shares, spread, inventory });
  const erasing = createErasing({ ...base, decisions, windows, erased, unopened, census, spread, tallies });
  const desk = createOperatorDesk({
    ...base,
    admission,
    decisions,
    erased,
    opening,
    releasing,
    retirements,
    settling,
    streams,
    windows,
  });
  const copies = createCopyCheck({ ...base, shares, streams });
  const ringStore = createRingStore({ ...base, windows });
  const exchange = createRingExchange({ ...base, ringStore });
  const tell = createTell(base);
  const audit = createAudit({ ...base, census, copies, inventory, repair, spread, tell, windows });

  return {
    acceptor,
    admission,
    audit,
    census,
    decisions,
    desk,
    erasing,
    exchange,
    flags,
    frozen,
    gather,
    holding,
    inventory,
    joined,
    lists,
    missed,
    opening,
    repair,
    ringStore,
    retirements,
    roster,
    rosterSpread,
    sensors,
    settling,
    shares,
    spread,
    streams,
    sums,
    tell,
    unopened,
    values,
    votedReleases,
    windows,
  };
}
