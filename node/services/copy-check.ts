import type { Clock } from '../../src/ports/index.ts';
import type { FlagEntry, NodeAudit, SetDigest } from '../../src/protocol/index.ts';
import { equalDigests, limits, operations } from '../../src/protocol/index.ts';
import type { Holding } from '../../src/protocol/window-messages.ts';
import type { DomainId, NodeId, Partition } from '../../src/ring/index.ts';
import type { CallPeer } from '../engine/peers.ts';
import { silence } from '../engine/peers.ts';
import type { Rings } from '../engine/rings.ts';
import type { ShareTable } from './share-table.ts';
import type { Streams } from './streams.ts';
import type { OpenWindowRecord } from './windows.ts';

/** Younger rows may still be on their way to another node, and care comes round every second. */
export const AUDIT_SLACK_MS = 10_000;

export interface CopyCheckComponents {
  readonly shares: ShareTable;
  readonly streams: Streams;
  readonly rings: Rings;
  readonly self: { readonly nodeId: NodeId; readonly domain: DomainId };
  readonly callPeer: CallPeer;
  readonly clock: Clock;
}

/** What the other nodes of the domain hold of a window, beside what this one holds. */
export interface CopyVerdict extends Readonly<Record<Exclude<keyof NodeAudit['copies'], 'silent'>, number>> {
  /** Nodes that did not answer, so that nothing is known about their copies. */
  readonly silent: readonly NodeId[];
}

/**
 * Compares ids and share indices inside the domain: by digests over ids first, then id by id where they differ.
 * `short` counts the partitions of which some owner lacks an id that is here; what is only elsewhere, the other
 * node's audit counts. `foreign` counts those of which another node holds a share of another domain.
 */
export interface CopyCheck {
  run(record: OpenWindowRecord, here: readonly Holding[], signal: AbortSignal): Promise<CopyVerdict>;
}

export function createCopyCheck(components: CopyCheckComponents): CopyCheck {
  const { shares, streams, rings, self, callPeer, clock } = components;

  /** Whether the owner has no row for an id of this node; rows that have just come may still be under way to it. */
  async function lacks(
    record: OpenWindowRecord,
    partition: Partition,
    owner: NodeId,
    signal: AbortSignal,
  ): Promise<boolean> {
    const context = rings.contextOf(record.scope);
    const latest = clock.now() - AUDIT_SLACK_MS;
    let page: FlagEntry[] = [];
    const compare = async (): Promise<boolean> => {
      const entries = page;
      page = [];
      if (entries.length === 0) return false;
      const answer = await callPeer(owner, operations.COMPARE, { context, partition, entries }, signal);
      return answer.missing.length > 0;
    };
    for await (const [entry, row] of shares.goodRows(record, partition)) {
      if (row.receivedAt > latest) continue;
      page.push(entry);
      if (page.length >= limits.ROWS_PER_PAGE_MAX && (await compare())) return true;
    }
    return compare();
  }

  return {
    async run(record, here, signal) {
      const index = streams.indexOf(record.stream);
      const context = rings.contextOf(record.scope);
      const silent = new Set<NodeId>();
      const foreign = new Set<Partition>();
      const elsewhere = new Map<NodeId, ReadonlyMap<Partition, SetDigest>>();

      async function ask(node: NodeId): Promise<void> {
        const answer = await callPeer(node, operations.INVENTORY, { context }, signal).catch(silence);
        if (answer === null) {
          silent.add(node);
          return;
        }
        for (const held of answer.partitions) if (held.index !== index) foreign.add(held.partition);
        const own = answer.partitions.filter((held) => held.index === index);
        elsewhere.set(node, new Map(own.map(({ partition, digest }) => [partition, digest])));
      }

      async function isShort({ partition, digest }: Holding): Promise<boolean> {
        for (const owner of rings.of(record.scope).placement.owners(self.domain, partition)) {
          const held = elsewhere.get(owner);
          if (held === undefined) continue;
          const theirs = held.get(partition);
          if (theirs !== undefined && equalDigests(theirs, digest)) continue;
          const lacking = await lacks(record, partition, owner, signal).catch(silence);
          if (lacking === null) silent.add(owner);
          else if (lacking) return true;
        }
        return false;
      }

      await Promise.all(
        rings
          .of(record.scope)
          .livingNodesOf(self.domain)
          .filter((node) => node !== self.nodeId)
          .map(ask),
      );
      let short = 0;
      const own = here.filter((held) => held.index === index);
      for (const held of own) {
        signal.throwIfAborted();
        if (await isShort(held)) short += 1;
      }
      return { partitions: own.length, short, foreign: foreign.size, silent: [...silent] };
    },
  };
}
