import { EngineError, hasCode } from '../../src/foundation/index.ts';
import type { WindowScope } from '../../src/protocol/index.ts';
import { equalDigests, operations, partitionOfKey, scopeOfKey } from '../../src/protocol/index.ts';
import {
  PARTITIONS,
  partition as partitionNumber,
  type StreamHash,
  streamHash,
  windowId,
} from '../../src/ring/identifiers.ts';
import type { DomainId, NodeId, Partition, RingDocument, StoreId } from '../../src/ring/index.ts';
import type { DamagedRows } from '../engine/damaged-rows.ts';
import { eachOf } from '../engine/each-of.ts';
import { silence } from '../engine/peers.ts';
import type { StoreHealth } from '../engine/store-health.ts';
import type { Admission } from './admission.ts';
import type { OwedCopiesComponents } from './owed-copies.ts';
import { markOwedCopies } from './owed-copies.ts';
import type { ShareTable } from './share-table.ts';
import type { UnopenedVotes } from './unopened-votes.ts';
import type { OpenWindowRecord, Windows } from './windows.ts';

export interface RepairComponents extends OwedCopiesComponents {
  readonly damaged: DamagedRows;
  readonly health: StoreHealth;
  readonly windows: Windows;
  readonly unopened: Pick<UnopenedVotes, 'endless' | 'noteEnd'>;
  readonly admission: Admission;
  readonly shares: ShareTable;
  readonly self: { readonly nodeId: NodeId; readonly domain: DomainId; readonly storeId: StoreId };
}

/**
 * REPAIR: a store in doubt, and one that took the place of another, fetch the value rows that they should own from
 * the other nodes of their domain, and bring on what they may have owed to these; one that found a bad row fetches those of its
 * partition. Votes are not fetched: no other store has them.
 */
export interface Repair {
  run(signal: AbortSignal): Promise<void>;
  /** Windows and partitions still to be fetched, as far as they are known. */
  waiting(): number;
}

export function createRepair(components: RepairComponents): Repair {
  const { damaged, health, windows, gather, shares, rings, self, callPeer } = components;
  const { inventory } = components;
  /** Per window the nodes that have shown all the rows which this store should own. */
  const shown = new WeakMap<OpenWindowRecord, Set<NodeId>>();
  /** How many of them there were when it was noted what is owed to owners. */
  const noted = new WeakMap<OpenWindowRecord, number>();
  let searched = false;

  /** Whether a document gives this node another store: what that one held, only the others of the domain have. */
  function hadOtherStore({ domains }: RingDocument): boolean {
    const nodes = domains.find(({ domain }) => domain === self.domain)?.nodes;
    const listed = nodes?.find(({ id }) => id === self.nodeId);
    return listed !== undefined && listed.storeId !== self.storeId;
  }

  const isOther = (node: NodeId): boolean => node !== self.nodeId;
  const othersOf = ({ scope }: OpenWindowRecord): readonly NodeId[] =>
    rings.of(scope).livingNodesOf(self.domain).filter(isOther);
  const unseenOf = (record: OpenWindowRecord): readonly NodeId[] =>
    othersOf(record).filter((node) => shown.get(record)?.has(node) !== true);
  const lacksRows = (record: OpenWindowRecord): boolean =>
    (health.doubt() !== null || hadOtherStore(rings.of(record.scope).ring)) &&
    (unseenOf(record).length > 0 || noted.get(record) !== shown.get(record)?.size);

  function ownedIn({ scope }: OpenWindowRecord): readonly Partition[] {
    const { placement } = rings.of(scope);
    return Array.from({ length: PARTITIONS }, (_, number) => partitionNumber(number)).filter((at) =>
      placement.owners(self.domain, at).includes(self.nodeId),
    );
  }

  async function refill(record: OpenWindowRecord, signal: AbortSignal): Promise<void> {
    const owned = ownedIn(record);
    const wantedOf = health.doubt() === null ? await differing(record, owned, signal) : async () => owned;
    const seen = shown.get(record) ?? new Set();
    shown.set(record, seen);
    const fetchFrom = async (node: NodeId): Promise<void> => {
      await gather(record, await wantedOf(node), signal, [node]);
      seen.add(node);
    };
    const noteOwed = async (): Promise<void> => {
      const { size } = seen;
      if (size === (noted.get(record) ?? 0)) return;
      await markOwedCopies(components, record, [...seen], signal);
      noted.set(record, size);
    };
    await eachOf([() => eachOf(unseenOf(record), fetchFrom), noteOwed], (part) => part());
  }

  /** Those of which a node has other rows: a store that is whole by itself need not look at all of them. */
  async function differing(
    record: OpenWindowRecord,
    owned: readonly Partition[],
    signal: AbortSignal,
  ): Promise<(node: NodeId) => Promise<readonly Partition[]>> {
    const { holdings } = await inventory.take(record, signal);
    const here = new Map(holdings.map(({ partition, digest }) => [partition, digest]));
    const context = rings.contextOf(record.scope);
    return async (node) => {
      const { partitions } = await callPeer(node, operations.INVENTORY, { context }, signal);
      const wanted = partitions.filter(({ partition, digest }) => {
        const mine = here.get(partition);
        return mine === undefined || !equalDigests(mine, digest);
      });
      const places = new Set(wanted.map(({ partition }) => partition));
      return owned.filter((at) => places.has(at));
    };
  }

  /** Fetches what was in a record that does not open. @param key begins with what its key says, which may be damaged too */
  async function replace(key: Uint8Array, signal: AbortSignal): Promise<void> {
    const record = windows.findOpen(scopeOfKey(key));
    if (record === undefined)
      throw new EngineError('INCOMPLETE', 'a damaged row of a window that is not known yet');
    const at = partitionOfKey(key);
    const wantedOf = await differing(record, ownedIn(record), signal);
    await eachOf(othersOf(record), async (node) => {
      // It may have been of any other partition, where nothing shows that a record is gone.
      const others = await wantedOf(node);
      await gather(record, [...new Set(at === null ? others : [at, ...others])], signal, [node]);
    });
    // Where nobody else could have had its rows, what does not open stays, for the operator to know of.
    if (at !== null) await shares.refilled(record, at, rings.livingNodesOf(self.domain).some(isOther));
  }

  /** Counted as replaced once all are looked at: the search for one meets the others that stay, and would call for them again. */
  async function replaceAll(signal: AbortSignal): Promise<void> {
    const replaced: Uint8Array[] = [];
    const replaceOne = async (key: Uint8Array): Promise<void> => {
      await replace(key, signal);
      replaced.push(key);
    };
    await eachOf(damaged.waiting(), replaceOne).finally(() => {
      for (const key of replaced) damaged.repaired(key);
    });
  }

  return {
    async run(signal) {
      const replaced = rings.history().documents.some(hadOtherStore);
      const search = async (): Promise<void> => {
        if (health.doubt() === null && (!replaced || searched)) return;
        await findEnds(components, signal);
        await findWindows(components, signal);
        searched = true;
      };
      const refillAll = () => eachOf(windows.all().filter(lacksRows), (record) => refill(record, signal));
      await eachOf([search, refillAll, () => replaceAll(signal)], (part) => part());
    },
    waiting() {
      const searching = !searched && rings.history().documents.some(hadOtherStore) ? 1 : 0;
      return windows.all().filter(lacksRows).length + searching + damaged.waiting().length;
    },
  };
}

/** A store that lost rows may have lost the names of its windows as well. */
async function findWindows(
  { rings, self, admission, callPeer }: RepairComponents,
  signal: AbortSignal,
): Promise<void> {
  async function* windowsOf(node: NodeId, stream: StreamHash): AsyncGenerator<WindowScope> {
    let after: string | undefined;
    do {
      const question = { stream, ...(after === undefined ? {} : { after }) };
      const { windows } = await callPeer(node, operations.READ_STREAM, question, signal);
      for (const { window, group } of windows) yield { stream, window: windowId(window), group };
      const last = windows.at(-1);
      after = last && `${last.window}.${last.group}`;
    } while (after !== undefined);
  }

  const learn = async (scope: WindowScope): Promise<void> => {
    await admission.window(rings.contextOf(scope), signal).catch((error: unknown) => {
      // By this node's clock there is nothing left to fetch, or its note of the erasure does not open.
      if (!hasCode(error, 'WINDOW_ERASED', 'ROW_CORRUPT')) throw error;
    });
  };

  const others = rings.livingNodesOf(self.domain).filter((node) => node !== self.nodeId);
  await eachOf(others, async (node) => {
    const { streams } = await callPeer(node, operations.LIST_STREAMS, null, signal);
    // The votes of some window may be lost, so that nobody can say any more whether it is open.
    await eachOf(streams, ({ stream }) => eachOf(windowsOf(node, streamHash(stream)), learn));
  });
}

/** Whoever lost what it knew of a window must still know when to erase what it has of it; any node can say. */
async function findEnds(
  { rings, self, unopened, callPeer }: RepairComponents,
  signal: AbortSignal,
): Promise<void> {
  for (const scope of unopened.endless()) {
    const { stream, window, group } = scope;
    for (const node of rings.newest().domains.flatMap(({ nodes }) => nodes.map(({ id }) => id))) {
      if (node === self.nodeId) continue;
      const question = { stream, after: `${window + 1}.0` };
      const answer = await callPeer(node, operations.READ_STREAM, question, signal).catch(silence);
      const found = answer?.windows.find((one) => one.window === window && one.group === group);
      if (found === undefined) continue;
      unopened.noteEnd(scope, found);
      break;
    }
  }
}
