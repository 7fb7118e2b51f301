import { EngineError, hasCode } from '../../src/foundation/index.ts';
import { equalDigests, operations, partitionOfKey, scopeOfKey } from '../../src/protocol/index.ts';
import {
  PARTITIONS,
  partition as partitionNumber,
  streamHash,
  windowId,
} from '../../src/ring/identifiers.ts';
import type { DomainId, NodeId, Partition, RingDocument, StoreId } from '../../src/ring/index.ts';
import type { DamagedRows } from '../engine/damaged-rows.ts';
import type { CallPeer } from '../engine/peers.ts';
import { silence } from '../engine/peers.ts';
import type { Rings } from '../engine/rings.ts';
import type { StoreHealth } from '../engine/store-health.ts';
import type { Admission } from './admission.ts';
import type { Gather } from './gathering.ts';
import type { RowInventory } from './inventory.ts';
import type { ShareTable } from './share-table.ts';
import type { UnopenedVotes } from './unopened-votes.ts';
import type { OpenWindowRecord, Windows } from './windows.ts';

export interface RepairComponents {
  readonly damaged: DamagedRows;
  readonly health: StoreHealth;
  readonly windows: Windows;
  readonly unopened: Pick<UnopenedVotes, 'endless' | 'noteEnd'>;
  readonly admission: Admission;
  readonly gather: Gather;
  readonly shares: ShareTable;
  readonly rings: Rings;
  readonly self: { readonly nodeId: NodeId; readonly domain: DomainId; readonly storeId: StoreId };
  readonly callPeer: CallPeer;
  readonly inventory: RowInventory;
}

/**
 * REPAIR: a store in doubt, and one that took the place of another, fetch the value rows that they should own from
 * the other nodes of their domain, one that found a bad row those of its partition. Votes are not fetched: no other
 * store has them.
 */
export interface Repair {
  run(signal: AbortSignal): Promise<void>;
  /** Windows and partitions still to be fetched, as far as they are known. */
  waiting(): number;
}

export function createRepair(components: RepairComponents): Repair {
  const { damaged, health, windows, unopened, admission, gather, shares, rings, self, callPeer } = components;
  const { inventory } = components;
  const whole = new WeakSet<OpenWindowRecord>();
  let searched = false;

  /** Whether a document gives this node another store: what that one held, only the others of the domain have. */
  function hadOtherStore({ domains }: RingDocument): boolean {
    const nodes = domains.find(({ domain }) => domain === self.domain)?.nodes;
    const listed = nodes?.find(({ id }) => id === self.nodeId);
    return listed !== undefined && listed.storeId !== self.storeId;
  }

  const lacksRows = (record: OpenWindowRecord): boolean =>
    !whole.has(record) && (health.doubt() !== null || hadOtherStore(rings.of(record.scope).ring));

  function ownedIn({ scope }: OpenWindowRecord): readonly Partition[] {
    const { placement } = rings.of(scope);
    return Array.from({ length: PARTITIONS }, (_, number) => partitionNumber(number)).filter((at) =>
      placement.owners(self.domain, at).includes(self.nodeId),
    );
  }

  /** A store that lost rows may have lost the names of its windows as well. */
  async function findWindows(signal: AbortSignal): Promise<void> {
    for (const node of rings.livingNodesOf(self.domain)) {
      if (node === self.nodeId) continue;
      const { streams } = await callPeer(node, operations.LIST_STREAMS, null, signal);
      for (const { stream } of streams) {
        let after: string | undefined;
        do {
          const question = { stream, ...(after === undefined ? {} : { after }) };
          const answer = await callPeer(node, operations.READ_STREAM, question, signal);
          for (const { window, group } of answer.windows) {
            const scope = { stream: streamHash(stream), window: windowId(window), group };
            await admission.window(rings.contextOf(scope)).catch((error: unknown) => {
              // By this node's clock there is nothing left to fetch, or its note of the erasure does not open.
              if (!hasCode(error, 'WINDOW_ERASED', 'ROW_CORRUPT')) throw error;
            });
          }
          const last = answer.windows.at(-1);
          after = last && `${last.window}.${last.group}`;
        } while (after !== undefined);
      }
    }
    searched = true;
  }

  /** Whoever lost what it knew of a window must still know when to erase what it has of it; any node can say. */
  async function findEnds(signal: AbortSignal): Promise<void> {
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

  async function refill(record: OpenWindowRecord, signal: AbortSignal): Promise<void> {
    const owned = ownedIn(record);
    await gather(record, health.doubt() === null ? await differing(record, owned, signal) : owned, signal);
    whole.add(record);
  }

  /** Those of which another node has other rows: a store that is whole by itself need not look at all of them. */
  async function differing(
    record: OpenWindowRecord,
    owned: readonly Partition[],
    signal: AbortSignal,
  ): Promise<readonly Partition[]> {
    const { holdings } = await inventory.take(record, signal);
    const here = new Map(holdings.map(({ partition, digest }) => [partition, digest]));
    const context = rings.contextOf(record.scope);
    const wanted = new Set<Partition>();
    for (const node of rings.of(record.scope).livingNodesOf(self.domain)) {
      if (node === self.nodeId) continue;
      const { partitions } = await callPeer(node, operations.INVENTORY, { context }, signal);
      for (const { partition, digest } of partitions) {
        const mine = here.get(partition);
        if (mine === undefined || !equalDigests(mine, digest)) wanted.add(partition);
      }
    }
    return owned.filter((at) => wanted.has(at));
  }

  /** Fetches what was in a record that does not open. @param key begins with what its key says, which may be damaged too */
  async function replace(key: Uint8Array, signal: AbortSignal): Promise<void> {
    const record = windows.findOpen(scopeOfKey(key));
    if (record === undefined)
      throw new EngineError('INCOMPLETE', 'a damaged row of a window that is not known yet');
    const at = partitionOfKey(key);
    const alone = rings.livingNodesOf(self.domain).every((node) => node === self.nodeId);
    // It may have been of any other partition, where nothing shows that a record is gone.
    const others = alone ? [] : await differing(record, ownedIn(record), signal);
    await gather(record, [...new Set(at === null ? others : [at, ...others])], signal);
    // Where nobody else could have had its rows, what does not open stays, for the operator to know of.
    if (at !== null) await shares.refilled(record, at, !alone);
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
      if (health.doubt() !== null || (replaced && !searched)) {
        await findEnds(signal);
        await findWindows(signal);
      }
      const refillAll = () => eachOf(windows.all().filter(lacksRows), (record) => refill(record, signal));
      await eachOf([refillAll, () => replaceAll(signal)], (part) => part());
    },
    waiting() {
      const searching = !searched && rings.history().documents.some(hadOtherStore) ? 1 : 0;
      return windows.all().filter(lacksRows).length + searching + damaged.waiting().length;
    },
  };
}

/**
 * One after the other, also behind one that fails: a window that waits for a node that is away, for ever it may be, keeps back
 * itself and no other. @throws what the first of those threw
 */
async function eachOf<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const failures: unknown[] = [];
  for (const item of items) {
    await work(item).catch((error: unknown) => {
      silence(error);
      failures.push(error);
    });
  }
  if (failures.length > 0) throw failures[0];
}
