import { EngineError, hasCode } from '../../src/foundation/index.ts';
import type { FlagEntry, PartitionDigest, SetDigest } from '../../src/protocol/index.ts';
import { digestOf, entryName, equalDigests, operations } from '../../src/protocol/index.ts';
import { PAGE_ENTRIES_MAX } from '../../src/protocol/limits.ts';
import type { ReadList, ReadListRequest } from '../../src/protocol/window-messages.ts';
import type { NodeId, Partition } from '../../src/ring/index.ts';
import type { CallPeer } from '../engine/peers.ts';
import type { Rings } from '../engine/rings.ts';
import type { Frozen } from './frozen.ts';
import { createKeptLists, type KeptLists, type KeptListsComponents, readKept } from './kept-lists.ts';
import type { OpenWindowRecord } from './windows.ts';

/** Sets of members kept in memory; the next partition asked about replaces the oldest. */
const MEMBERS_CACHED_MAX = 64;

export interface SetListsComponents extends Omit<KeptListsComponents, 'isHere'> {
  readonly frozen: Frozen;
  readonly rings: Rings;
  readonly self: { readonly nodeId: NodeId };
  readonly callPeer: CallPeer;
}

/** Ids of the sets that digests name: kept for a candidate T, or this acceptor's own frozen flags. */
export interface SetLists {
  readonly keep: KeptLists['keep'];
  read(record: OpenWindowRecord, request: ReadListRequest): Promise<ReadList>;
  /** The flags a digest names, from here or an acceptor that has them; null when none answers with them. */
  members(
    record: OpenWindowRecord,
    named: PartitionDigest,
    signal?: AbortSignal,
  ): Promise<ReadonlyMap<string, FlagEntry> | null>;
}

export function createSetLists(components: SetListsComponents): SetLists {
  const { tables, frozen, rings, self, callPeer } = components;
  const isHere: KeptListsComponents['isHere'] = async (record, partition, digest) =>
    (await here(record, partition, digest)) !== null;
  const kept = createKeptLists({ ...components, isHere });
  const cache = new Map<string, ReadonlyMap<string, FlagEntry>>();

  /** The entries this node has under a digest, checked against it; null where it has no such set. */
  async function here(
    record: OpenWindowRecord,
    partition: Partition,
    digest: SetDigest,
  ): Promise<FlagEntry[] | null> {
    const own = await frozen.trueFlags(record, partition, digest);
    if (own !== null) return own;
    const entries = await readKept(tables, record, partition, digest);
    return equalDigests(digestOf(record.terms.value.setHashKey, entries), digest) ? entries : null;
  }

  async function from(
    record: OpenWindowRecord,
    node: NodeId,
    { partition, digest }: PartitionDigest,
    signal?: AbortSignal,
  ): Promise<FlagEntry[] | null> {
    const entries: FlagEntry[] = [];
    const context = rings.contextOf(record.scope);
    // A list longer than its digest says is not the set; the bound keeps a lying node from filling memory.
    while (entries.length <= digest.count) {
      const after = entries.at(-1) ?? null;
      const page = await callPeer(node, operations.READ_LIST, { context, partition, digest, after }, signal);
      // A page without an entry, and more behind it, would be asked for again without an end.
      if (!page.known || (page.more && page.entries.length === 0)) return null;
      entries.push(...page.entries);
      if (!page.more)
        return equalDigests(digestOf(record.terms.value.setHashKey, entries), digest) ? entries : null;
    }
    return null;
  }

  async function search(
    record: OpenWindowRecord,
    named: PartitionDigest,
    signal?: AbortSignal,
  ): Promise<FlagEntry[] | null> {
    const entries = await here(record, named.partition, named.digest);
    if (entries !== null) return entries;
    const domains = record.stream.domains.map(({ id }) => id);
    for (const node of rings.of(record.scope).placement.acceptors(domains, named.partition)) {
      if (node === self.nodeId) continue;
      try {
        const found = await from(record, node, named, signal);
        if (found !== null) return found;
      } catch (error) {
        if (!(error instanceof EngineError) || hasCode(error, 'STORE_FAILED')) throw error;
      }
    }
    return null;
  }

  return {
    keep: kept.keep,
    async read(record, { partition, digest, after }) {
      const entries = await here(record, partition, digest);
      if (entries === null) return { known: false, entries: [], more: false };
      const name = after === null ? null : entryName(after);
      const start = name === null ? 0 : entries.findIndex((entry) => entryName(entry) === name) + 1;
      const page = entries.slice(start, start + PAGE_ENTRIES_MAX);
      return { known: true, entries: page, more: start + page.length < entries.length };
    },
    async members(record, named, signal) {
      const name = String.fromCharCode(...named.digest.hash);
      const cached = cache.get(name);
      if (cached !== undefined) return cached;
      const entries = await search(record, named, signal);
      if (entries === null) return null;
      const members = new Map(entries.map((entry) => [entryName(entry), entry]));
      cache.set(name, members);
      const oldest = cache.keys().next().value;
      if (cache.size > MEMBERS_CACHED_MAX && oldest !== undefined) cache.delete(oldest);
      return members;
    },
  };
}

/** The flags that T has in a partition. @throws EngineError `INCOMPLETE` where no acceptor that answers has them */
export async function settledMembers(
  lists: Pick<SetLists, 'members'>,
  record: OpenWindowRecord,
  named: PartitionDigest,
): Promise<ReadonlyMap<string, FlagEntry>> {
  const members = await lists.members(record, named);
  if (members !== null) return members;
  throw new EngineError(
    'INCOMPLETE',
    `no acceptor that answers has the settled flags of partition ${named.partition}`,
  );
}
