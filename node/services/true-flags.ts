import type { FlagEntry, PartitionDigest, SetHasher } from '../../src/protocol/index.ts';
import { createSetHasher } from '../../src/protocol/index.ts';
import type { Partition } from '../../src/ring/index.ts';
import type { FlagRow } from '../engine/rows.ts';
import { createRunning } from './running.ts';
import type { OpenWindowRecord } from './windows.ts';

/** Digests of the flags that this acceptor has accepted as TRUE, kept while they change, so that a freeze counts nothing. */
export interface TrueFlags {
  /**
   * A flag's row became another one; called for every row that is read back at the start, too.
   * @param digest of the entry, where it is known.
   */
  note(
    record: OpenWindowRecord,
    partition: Partition,
    entry: FlagEntry,
    before: FlagRow | undefined,
    after: FlagRow,
    digest: Float64Array | null,
  ): void;
  /** Non-empty partitions in order; undefined where only the rows know. */
  digests(record: OpenWindowRecord): readonly PartitionDigest[] | undefined;
}

export function createTrueFlags(): TrueFlags {
  const running = createRunning(() => new Map<Partition, SetHasher>());

  return {
    note(record, partition, entry, before, after, digest) {
      const was = before?.accepted?.value === 'TRUE';
      const is = after.accepted?.value === 'TRUE';
      if (was === is) return;
      const hashers = running.of(record);
      if (hashers === undefined) return;
      let hasher = hashers.get(partition);
      if (hasher === undefined) {
        hasher = createSetHasher(record.terms.value.setHashKey);
        hashers.set(partition, hasher);
      }
      if (is && digest !== null) hasher.addDigest(digest, 0, entry.count);
      else if (is) hasher.add(entry);
      else hasher.remove(entry);
    },
    digests(record) {
      const hashers = running.of(record);
      if (hashers === undefined) return undefined;
      return [...hashers]
        .map(([partition, hasher]) => ({ partition, digest: hasher.digest() }))
        .filter(({ digest }) => digest.count > 0)
        .sort((a, b) => a.partition - b.partition);
    },
  };
}
