import { ELEMENT_BYTES } from '../../src/arithmetic/index.ts';
import { equalBytes } from '../../src/foundation/index.ts';
import type { FlagEntry, RowsResponse } from '../../src/protocol/index.ts';
import { entryName, operations, shareColumns } from '../../src/protocol/index.ts';
import type { DomainId, NodeId, Partition } from '../../src/ring/index.ts';
import { eachOf } from '../engine/each-of.ts';
import type { CallPeer } from '../engine/peers.ts';
import type { Rings } from '../engine/rings.ts';
import type { ShareTable } from './share-table.ts';
import type { Spread } from './spread.ts';
import type { Streams } from './streams.ts';
import type { OpenWindowRecord } from './windows.ts';

export interface GatheringComponents {
  readonly shares: ShareTable;
  readonly spread: Spread;
  readonly streams: Streams;
  readonly rings: Rings;
  readonly self: { readonly nodeId: NodeId; readonly domain: DomainId };
  readonly callPeer: CallPeer;
}

/**
 * Unites the rows of a partition over all nodes of the domain, here. It is a union by key and never an adding
 * of sums, so repeating it, or two nodes doing it at once, changes nothing.
 * @param from those that are asked; every other node of the domain unless somebody has asked the rest.
 * @returns when each of them has shown all its rows. @throws EngineError when one does not answer, after the others
 */
export type Gather = (
  record: OpenWindowRecord,
  partitions: readonly Partition[],
  signal: AbortSignal,
  from?: readonly NodeId[],
) => Promise<void>;

export function createGather(components: GatheringComponents): Gather {
  const { shares, spread, streams, rings, self, callPeer } = components;

  async function takePage(
    record: OpenWindowRecord,
    partition: Partition,
    rows: RowsResponse['rows'],
  ): Promise<void> {
    const here = await sharesHere(record, partition, rows);
    const conflicts: FlagEntry[] = [];
    const fresh = rows.filter(({ entry, conflict, share }) => {
      const mine = here.get(entryName(entry));
      if (conflict || (mine !== undefined && !equalBytes(mine, share))) conflicts.push(entry);
      return mine === undefined;
    });
    const own = rings.of(record.scope).placement.owners(self.domain, partition).includes(self.nodeId);
    const before = () => (own ? undefined : spread.mark(record, partition));
    const index = streams.indexOf(record.stream);
    const columns = shareColumns(fresh, record.stream.elements.length * ELEMENT_BYTES);
    await shares.store(record, { partition, index, ...columns }, () => {}, before);
    await shares.markConflicts(record, partition, conflicts);
  }

  /** This node's own shares of the rows on a page. */
  async function sharesHere(
    record: OpenWindowRecord,
    partition: Partition,
    rows: RowsResponse['rows'],
  ): Promise<ReadonlyMap<string, Uint8Array>> {
    const entries = rows.map(({ entry }) => entry);
    const missing = new Set((await shares.missing(record, partition, entries)).map(entryName));
    const here = new Map<string, Uint8Array>();
    if (missing.size === entries.length) return here;
    for await (const [entry, { share }] of shares.goodRows(record, partition))
      here.set(entryName(entry), share);
    return here;
  }

  return async (record, partitions, signal, from = rings.of(record.scope).livingNodesOf(self.domain)) => {
    const context = rings.contextOf(record.scope);
    // Node by node: of one that is away only the first question waits for an answer.
    await eachOf(from, async (node) => {
      if (node === self.nodeId) return;
      for (const partition of partitions) {
        let after: FlagEntry | null = null;
        for (;;) {
          const page: RowsResponse = await callPeer(
            node,
            operations.ROWS,
            { context, partition, after },
            signal,
          );
          await takePage(record, partition, page.rows);
          after = page.rows.at(-1)?.entry ?? null;
          if (!page.more || after === null) break;
        }
      }
    });
  };
}
