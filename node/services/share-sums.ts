import { addToLimbSum, createLimbSum, encodeElements, limbSumElements } from '../../src/arithmetic/index.ts';
import { EngineError } from '../../src/foundation/index.ts';
import type { FlagEntry, HeldResponse, PartitionDigest, SumResponse } from '../../src/protocol/index.ts';
import { createSetHasher, entryName, equalDigests } from '../../src/protocol/index.ts';
import type { Journal } from '../engine/journal.ts';
import type { SetLists } from './set-lists.ts';
import type { ShareTable } from './share-table.ts';
import type { OpenWindowRecord } from './windows.ts';

export interface ShareSumsComponents {
  readonly journal: Journal;
  readonly shares: ShareTable;
  readonly lists: SetLists;
}

/** What this node's shares add up to, compared with T. The answers never leave the domain. */
export interface ShareSums {
  /** Per partition of T the flags this node has no good row for. */
  held(record: OpenWindowRecord, partitions: readonly PartitionDigest[]): Promise<HeldResponse>;
  /** The share sum over T minus `excluded`; not complete where a row is missing or bad. */
  sum(
    record: OpenWindowRecord,
    partitions: readonly PartitionDigest[],
    excluded: readonly FlagEntry[],
  ): Promise<SumResponse>;
}

export function createShareSums({ journal, shares, lists }: ShareSumsComponents): ShareSums {
  async function membersOf(
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

  async function missingOf(record: OpenWindowRecord, named: PartitionDigest): Promise<FlagEntry[]> {
    const hasher = createSetHasher(record.terms.value.setHashKey);
    const names = new Set<string>();
    for await (const [entry] of shares.goodRows(record, named.partition)) {
      hasher.add(entry);
      names.add(entryName(entry));
    }
    if (equalDigests(hasher.digest(), named.digest)) return [];
    const members = await membersOf(record, named);
    return [...members].filter(([name]) => !names.has(name)).map(([, entry]) => entry);
  }

  return {
    async held(record, partitions) {
      await journal.synced();
      const answers: HeldResponse['partitions'][number][] = [];
      for (const named of partitions) {
        answers.push({ partition: named.partition, missing: await missingOf(record, named) });
      }
      return { partitions: answers };
    },
    async sum(record, partitions, excluded) {
      await journal.synced();
      const without = new Set(excluded.map(entryName));
      const total = createLimbSum(record.stream.elements.length);
      let flags = 0;
      let readings = 0;
      let complete = true;
      for (const named of partitions) {
        const members = await membersOf(record, named);
        let wanted = [...members.keys()].filter((name) => !without.has(name)).length;
        for await (const [entry, row] of shares.goodRows(record, named.partition)) {
          const name = entryName(entry);
          if (!members.has(name) || without.has(name)) continue;
          addToLimbSum(total, row.share);
          wanted -= 1;
          flags += 1;
          readings += entry.count;
        }
        complete &&= wanted === 0;
      }
      const elements = complete ? encodeElements(limbSumElements(total)) : new Uint8Array(0);
      return { complete, readings, flags, elements };
    },
  };
}
