import type { LimbSum } from '../../src/arithmetic/index.ts';
import {
  addToLimbSum,
  createLimbSum,
  encodeElements,
  limbSumElements,
  mergeLimbSum,
  subtractFromLimbSum,
} from '../../src/arithmetic/index.ts';
import { EngineError } from '../../src/foundation/index.ts';
import type { FlagEntry, HeldResponse, PartitionDigest, SumResponse } from '../../src/protocol/index.ts';
import { entryName } from '../../src/protocol/index.ts';
import { EXCLUDED_MAX } from '../../src/protocol/limits.ts';
import { type Partition, partitionOf } from '../../src/ring/identifiers.ts';
import type { Journal } from '../engine/journal.ts';
import type { SetLists } from './set-lists.ts';
import { settledMembers } from './set-lists.ts';
import type { ShareTable } from './share-table.ts';
import type { Tallies, Tally } from './tallies.ts';
import { strayRows } from './tallies.ts';
import { createTallyReader } from './tally-reader.ts';
import type { OpenWindowRecord } from './windows.ts';

export interface ShareSumsComponents {
  readonly journal: Journal;
  readonly shares: ShareTable;
  readonly lists: SetLists;
  readonly tallies: Tallies;
}

/** What this node's shares add up to, compared with T. The answers never leave the domain. */
export interface ShareSums {
  /**
   * Per partition of T the flags this node has no good row for. Nothing about a partition of which it can't say so now:
   * one that waits for its repair, or whose settled flags no acceptor has told.
   */
  held(record: OpenWindowRecord, partitions: readonly PartitionDigest[]): Promise<HeldResponse>;
  /** The share sum over T minus `excluded`; not complete where a row is missing or bad. */
  sum(
    record: OpenWindowRecord,
    partitions: readonly PartitionDigest[],
    excluded: readonly FlagEntry[],
  ): Promise<SumResponse>;
}

export function createShareSums({ journal, shares, lists, tallies }: ShareSumsComponents): ShareSums {
  const tallyWindow = createTallyReader({ journal, shares, tallies });

  /** T minus `excluded` from the tally, by taking out what differs; null where a row of that does not open or X is no part of T. */
  async function sumByDifference(
    record: OpenWindowRecord,
    tally: Tally,
    named: PartitionDigest,
    strays: readonly FlagEntry[],
    excluded: readonly FlagEntry[],
  ): Promise<PartSum | null> {
    if (namesStray(excluded, strays)) return null;
    const sum = createLimbSum(record.stream.elements.length);
    mergeLimbSum(sum, tally.sum);
    const out = await shares.sharesOf(record, named.partition, [...strays, ...excluded]);
    if (out === null) return null;
    for (const share of out) subtractFromLimbSum(sum, share);
    const readings = excluded.reduce((total, { count }) => total + count, 0);
    return {
      sum,
      flags: named.digest.count - excluded.length,
      readings: named.digest.readings - readings,
    };
  }

  /** Null where nobody tells what T names. */
  async function missingOf(record: OpenWindowRecord, named: PartitionDigest): Promise<FlagEntry[] | null> {
    const told = await lists.members(record, named);
    if (told === null) return null;
    const members = new Map(told);
    for await (const [entry] of shares.goodRows(record, named.partition)) members.delete(entryName(entry));
    return [...members.values()];
  }

  /** Adds the rows of T without the excluded ones; null where one of them is missing. */
  async function sumOfMembers(
    record: OpenWindowRecord,
    named: PartitionDigest,
    without: ReadonlySet<string>,
  ): Promise<PartSum | null> {
    const members = await settledMembers(lists, record, named);
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
      const unsure = await shares.unsure(record);
      const found = await tallyWindow(record);
      // The pass over the rows may have found what does not open, and a repair may have ended since it began.
      const later = await shares.unsure(record);
      const answers: HeldResponse['partitions'][number][] = [];
      for (const named of partitions) {
        const { partition } = named;
        if (unsure.has(partition) || later.has(partition)) continue;
        const missing = strayRows(found, named) === null ? await missingOf(record, named) : [];
        if (missing !== null) answers.push({ partition, missing });
      }
      return { partitions: withinRoom(answers) };
    },
    async sum(record, partitions, excluded) {
      checkSure(partitions, await shares.unsure(record));
      const found = await tallyWindow(record);
      const total = createLimbSum(record.stream.elements.length);
      let flags = 0;
      let readings = 0;
      for (const named of partitions) {
        const tally = found.partitions.get(named.partition);
        const strays = strayRows(found, named);
        const without =
          excluded.length === 0
            ? excluded
            : excluded.filter(({ readingId }) => partitionOf(readingId) === named.partition);
        // Nearly all partitions: nothing is read, and nothing waited for.
        const whole = strays?.length === 0 && without.length === 0 ? wholeSum(tally, named) : null;
        const part =
          whole ??
          (tally !== undefined && strays !== null
            ? await sumByDifference(record, tally, named, strays, without)
            : null) ??
          (await sumOfMembers(record, named, new Set(without.map(entryName))));
        if (part === null) return { complete: false, readings: 0, flags: 0, elements: new Uint8Array(0) };
        mergeLimbSum(total, part.sum);
        flags += part.flags;
        readings += part.readings;
      }
      return { complete: true, readings, flags, elements: encodeElements(limbSumElements(total)) };
    },
  };
}

/**
 * The partitions whose missing flags have room together. No domain may exclude more, so that the others would wait anyhow;
 * and all that a store lacks which took the place of a lost one would fit into no answer.
 */
function withinRoom(answers: HeldResponse['partitions']): HeldResponse['partitions'] {
  let room = EXCLUDED_MAX;
  return answers.filter(({ missing }) => {
    if (missing.length > room) return false;
    room -= missing.length;
    return true;
  });
}

/** @throws EngineError `INCOMPLETE` where a partition waits for its repair */
function checkSure(partitions: readonly PartitionDigest[], unsure: ReadonlySet<Partition>): void {
  const found = partitions.find(({ partition }) => unsure.has(partition));
  if (found === undefined) return;
  throw new EngineError('INCOMPLETE', `rows of partition ${found.partition} are being fetched again`);
}

/** Whether X names a flag outside T, whose share would go out twice; the rows of T alone then show that X is wrong. */
function namesStray(excluded: readonly FlagEntry[], strays: readonly FlagEntry[]): boolean {
  const outside = new Set(strays.map(entryName));
  return excluded.some((entry) => outside.has(entryName(entry)));
}

/** The tally of a partition whose rows are T. */
function wholeSum(tally: Tally | undefined, { digest }: PartitionDigest): PartSum | null {
  return tally === undefined ? null : { sum: tally.sum, flags: digest.count, readings: digest.readings };
}

interface PartSum {
  readonly sum: LimbSum;
  readonly flags: number;
  readonly readings: number;
}
