import { EngineError } from '../../src/foundation/index.ts';
import type { FlagEntry, Outcome, PartitionDigest } from '../../src/protocol/index.ts';
import { entryName } from '../../src/protocol/index.ts';
import type { Partition } from '../../src/ring/index.ts';
import type { Decisions } from './decisions.ts';
import type { SetLists } from './set-lists.ts';
import type { OpenWindowRecord } from './windows.ts';

/** Outcomes after the register has decided T: TRUE inside it, ERROR outside, whatever an acceptor voted. */
export interface SettledFlags {
  /** The digest of T in a partition, null where T has nothing there; undefined while the window is not settled. */
  digest(
    record: OpenWindowRecord,
    partition: Partition,
    signal?: AbortSignal,
  ): Promise<PartitionDigest | null | undefined>;
  /** Null while this node can't read a settlement at a majority. */
  outcomes(
    record: OpenWindowRecord,
    partition: Partition,
    flags: readonly FlagEntry[],
    signal?: AbortSignal,
  ): Promise<readonly Outcome[] | null>;
}

export function createSettledFlags(decisions: Decisions, lists: SetLists): SettledFlags {
  async function digest(
    record: OpenWindowRecord,
    partition: Partition,
    signal?: AbortSignal,
  ): Promise<PartitionDigest | null | undefined> {
    await decisions.look(record, 'settlement', signal);
    if (record.settlement === null) return undefined;
    return record.settlement.value.partitions.find((found) => found.partition === partition) ?? null;
  }

  return {
    digest,
    async outcomes(record, partition, flags, signal) {
      const found = await digest(record, partition, signal);
      if (found === undefined) return null;
      if (found === null) return flags.map(() => 'ERROR');
      const members = await lists.members(record, found, signal);
      if (members === null) {
        throw new EngineError(
          'INCOMPLETE',
          `no acceptor that answers has the settled flags of partition ${partition}`,
        );
      }
      return flags.map((entry) => (members.has(entryName(entry)) ? 'TRUE' : 'ERROR'));
    },
  };
}
