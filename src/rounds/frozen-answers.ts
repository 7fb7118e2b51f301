import { compareBytes, EngineError } from '../foundation/index.ts';
import type { FlagEntry, FreezeReport, FrozenList, PartitionDigest } from '../protocol/index.ts';
import { entryKey } from '../protocol/index.ts';
import type { Partition } from '../ring/identifiers.ts';
import { partitionOf } from '../ring/identifiers.ts';

/** Whether a window may have so many flags and readings: acceptors that agree on more, or on fewer readings than flags, lie. */
export function canBe(partitions: readonly PartitionDigest[], readingsMax: number): boolean {
  const readings = partitions.reduce((sum, { digest }) => sum + digest.readings, 0);
  return readings <= readingsMax && partitions.every(({ digest }) => digest.readings >= digest.count);
}

/** Why a report counts as none; null for one that may be true. */
export function reportError({ partitions }: FreezeReport, readingsMax: number): EngineError | null {
  return canBe(partitions, readingsMax) ? null : impossible(readingsMax);
}

/** Readings behind the flags of a page. */
export function readingsIn({ flags }: FrozenList): number {
  return flags.reduce((sum, { entry }) => sum + entry.count, 0);
}

/** Whether a page goes on behind the one before: flags of the partition, in order, and some where more are to come. */
export function goesOn({ flags, more }: FrozenList, at: Partition, before: FlagEntry | undefined): boolean {
  let last = before === undefined ? null : entryKey(before);
  for (const { entry } of flags) {
    const key = entryKey(entry);
    if (partitionOf(entry.readingId) !== at || (last !== null && compareBytes(last, key) >= 0)) return false;
    last = key;
  }
  return !more || flags.length > 0;
}

/** @param readingsMax what was expected at most */
export function impossible(readingsMax: number): EngineError {
  return new EngineError(
    'MALFORMED_BODY',
    `expected reports of at most ${readingsMax} readings, and of one for each flag, got others`,
  );
}

/** The refusal of a page of a list that no honest acceptor sends. */
export function impossiblePage(): EngineError {
  return new EngineError(
    'MALFORMED_BODY',
    'expected flags of the partition in their order, no more than the window has, got others',
  );
}
