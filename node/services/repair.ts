import { EngineError, hasCode } from '../../src/foundation/index.ts';
import { operations, partitionKey, windowName } from '../../src/protocol/index.ts';
import {
  PARTITIONS,
  partition as partitionNumber,
  streamHash,
  streamHashFromBytes,
  windowId,
} from '../../src/ring/identifiers.ts';
import type { DomainId, NodeId, Partition } from '../../src/ring/index.ts';
import type { DamagedRows } from '../engine/damaged-rows.ts';
import type { CallPeer } from '../engine/peers.ts';
import { silence } from '../engine/peers.ts';
import type { Rings } from '../engine/rings.ts';
import type { StoreHealth } from '../engine/store-health.ts';
import type { Admission } from './admission.ts';
import type { Gather } from './gathering.ts';
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
  readonly self: { readonly nodeId: NodeId; readonly domain: DomainId };
  readonly callPeer: CallPeer;
}

/**
 * REPAIR: a store in doubt fetches the value rows that it should own from the other nodes of its domain, one
 * that found a bad row those of its partition. Votes are not fetched: no other store has them.
 */
export interface Repair {
  run(signal: AbortSignal): Promise<void>;
  /** Windows and partitions still to be fetched; for a store in doubt at least 1 until it has them all. */
  waiting(): number;
}

export function createRepair(components: RepairComponents): Repair {
  const { damaged, health, windows, unopened, admission, gather, shares, rings, self, callPeer } = components;
  const whole = new Set<string>();

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
        const answer = await callPeer(node, operations.READ_STREAM, { stream }, signal);
        for (const { window, group } of answer.windows) {
          const scope = { stream: streamHash(stream), window: windowId(window), group };
          await admission.window(rings.contextOf(scope)).catch((error: unknown) => {
            // By this node's clock there is nothing left to fetch, or its note of the erasure does not open.
            if (!hasCode(error, 'WINDOW_ERASED', 'ROW_CORRUPT')) throw error;
          });
        }
      }
    }
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
    const name = windowName(record.scope);
    if (whole.has(name)) return;
    await gather(record, ownedIn(record), signal);
    whole.add(name);
  }

  return {
    async run(signal) {
      if (health.doubt() !== null) {
        await findEnds(signal);
        await findWindows(signal);
        for (const record of windows.all()) await refill(record, signal);
      }
      for (const key of damaged.waiting()) {
        const view = new DataView(key.buffer, key.byteOffset, key.byteLength);
        const scope = {
          stream: streamHashFromBytes(key.slice(0, 32)),
          window: windowId(Number(view.getBigUint64(32))),
          group: view.getUint16(40),
        };
        const record = windows.findOpen(scope);
        if (record === undefined)
          throw new EngineError('INCOMPLETE', 'a damaged row of a window that is not known yet');
        const at = partitionNumber(view.getUint16(42));
        await gather(record, [at], signal);
        // Where nobody else could have had its rows, what does not open stays, for the operator to know of.
        const others = rings.livingNodesOf(self.domain).filter((node) => node !== self.nodeId);
        await shares.refilled(record, at, others.length > 0);
        damaged.repaired(partitionKey(scope, at));
      }
    },
    waiting() {
      const windowsLeft =
        health.doubt() === null
          ? 0
          : windows.all().filter((record) => !whole.has(windowName(record.scope))).length;
      return windowsLeft + damaged.waiting().length;
    },
  };
}
