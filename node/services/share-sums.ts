import type { LimbSum } from '../../src/arithmetic/index.ts';
import {
  addToLimbSum,
  createLimbSum,
  encodeElements,
  limbSumElements,
  mergeLimbSum,
} from '../../src/arithmetic/index.ts';
import { EngineError } from '../../src/foundation/index.ts';
import type {
  FlagEntry,
  HeldResponse,
  PartitionDigest,
  SetHasher,
  SumResponse,
} from '../../src/protocol/index.ts';
import { createSetHasher, entryName, equalDigests, windowName } from '../../src/protocol/index.ts';
import { partitionOf } from '../../src/ring/identifiers.ts';
import type { Partition } from '../../src/ring/index.ts';
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

/** Windows whose tally is kept in memory, each at most 1,024 partitions of a digest and a sum. */
const TALLIES_MAX = 8;

export function createShareSums({ journal, shares, lists }: ShareSumsComponents): ShareSums {
  const remembered = new Map<string, { version: number; tallies: Promise<ReadonlyMap<Partition, Tally>> }>();

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

  /** One pass over all good rows of the window, counted and added up per partition. */
  async function scanWindow(record: OpenWindowRecord): Promise<ReadonlyMap<Partition, Tally>> {
    const tallies = new Map<Partition, Tally>();
    for await (const [entry, row] of shares.goodRows(record, null)) {
      const partition = partitionOf(entry.readingId);
      let tally = tallies.get(partition);
      if (tally === undefined) {
        tally = {
          hasher: createSetHasher(record.terms.value.setHashKey),
          sum: createLimbSum(record.stream.elements.length),
        };
        tallies.set(partition, tally);
      }
      tally.hasher.add(entry);
      addToLimbSum(tally.sum, row.share);
    }
    return tallies;
  }

  /** The tally of the window as it is; every domain's coordinator asks for it several times while nothing changes. */
  async function tallyWindow(record: OpenWindowRecord): Promise<ReadonlyMap<Partition, Tally>> {
    const name = windowName(record.scope);
    const version = shares.version(record);
    await journal.synced();
    const known = remembered.get(name);
    if (known?.version === version) return known.tallies;
    const tallies = scanWindow(record);
    remembered.delete(name);
    remembered.set(name, { version, tallies });
    tallies.catch(() => remembered.delete(name));
    const oldest = remembered.keys().next().value;
    if (remembered.size > TALLIES_MAX && oldest !== undefined) remembered.delete(oldest);
    return tallies;
  }

  async function missingOf(record: OpenWindowRecord, named: PartitionDigest): Promise<FlagEntry[]> {
    const members = new Map(await membersOf(record, named));
    for await (const [entry] of shares.goodRows(record, named.partition)) members.delete(entryName(entry));
    return [...members.values()];
  }

  /** Adds the rows of T without the excluded ones; null where one of them is missing. */
  async function sumOfMembers(
    record: OpenWindowRecord,
    named: PartitionDigest,
    without: ReadonlySet<string>,
  ): Promise<PartSum | null> {
    const members = await membersOf(record, named);
    const wanted = [...members.keys()].filter((name) => !without.has(name)).length;
    const sum = createLimbSum(record.stream.elements.length);
    let flags = 0;
    let readings = 0;
    for await (const [entry, row] of shares.goodRows(record, named.partition)) {
      const name = entryName(entry);
      if (!members.has(name) || without.has(name)) continue;
      addToLimbSum(sum, row.share);
      flags += 1;
      readings += entry.count;
    }
    return flags === wanted ? { sum, flags, readings } : null;
  }

  return {
    async held(record, partitions) {
      const tallies = await tallyWindow(record);
      const answers: HeldResponse['partitions'][number][] = [];
      for (const named of partitions) {
        const tally = tallies.get(named.partition);
        const whole = tally !== undefined && equalDigests(tally.hasher.digest(), named.digest);
        answers.push({ partition: named.partition, missing: whole ? [] : await missingOf(record, named) });
      }
      return { partitions: answers };
    },
    async sum(record, partitions, excluded) {
      const without = new Set(excluded.map(entryName));
      const touched = new Set(excluded.map(({ readingId }) => partitionOf(readingId)));
      const tallies = await tallyWindow(record);
      const total = createLimbSum(record.stream.elements.length);
      let flags = 0;
      let readings = 0;
      for (const named of partitions) {
        const tally = tallies.get(named.partition);
        const digest = tally?.hasher.digest();
        const whole =
          digest !== undefined && equalDigests(digest, named.digest) && !touched.has(named.partition);
        const part: PartSum | null =
          whole && tally !== undefined
            ? { sum: tally.sum, flags: digest.count, readings: digest.readings }
            : await sumOfMembers(record, named, without);
        if (part === null) return { complete: false, readings: 0, flags: 0, elements: new Uint8Array(0) };
        mergeLimbSum(total, part.sum);
        flags += part.flags;
        readings += part.readings;
      }
      return { complete: true, readings, flags, elements: encodeElements(limbSumElements(total)) };
    },
  };
}

interface Tally {
  readonly hasher: SetHasher;
  readonly sum: LimbSum;
}

interface PartSum {
  readonly sum: LimbSum;
  readonly flags: number;
  readonly readings: number;
}
