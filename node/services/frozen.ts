import { EngineError } from '../../src/foundation/index.ts';
import type { Clock } from '../../src/ports/index.ts';
import type {
  FlagEntry,
  FreezeReport,
  FrozenList,
  PartitionDigest,
  SetDigest,
} from '../../src/protocol/index.ts';
import { createSetHasher, equalDigests, windowName } from '../../src/protocol/index.ts';
import { PAGE_ENTRIES_MAX } from '../../src/protocol/limits.ts';
import type { FrozenListRequest } from '../../src/protocol/window-messages.ts';
import { partitionOf } from '../../src/ring/identifiers.ts';
import type { Partition, StoreId } from '../../src/ring/index.ts';
import type { Journal } from '../engine/journal.ts';
import type { PackedRows } from '../engine/packed-rows.ts';
import type { Rings } from '../engine/rings.ts';
import { decodeFlagRow } from '../engine/rows.ts';
import type { StoreHealth } from '../engine/store-health.ts';
import type { TrueFlags } from './true-flags.ts';
import type { OpenWindowRecord, Windows } from './windows.ts';

export interface FrozenComponents {
  readonly journal: Journal;
  readonly packed: PackedRows;
  readonly windows: Windows;
  readonly clock: Clock;
  readonly storeId: StoreId;
  readonly health: StoreHealth;
  readonly rings: Rings;
  readonly trueFlags: TrueFlags;
}

/** The freeze of a window at this acceptor, and what it then has to say about its flags. */
export interface Frozen {
  /** @throws EngineError `SEAL_TOO_EARLY`, `ROW_CORRUPT` */
  freeze(record: OpenWindowRecord): Promise<FreezeReport>;
  list(record: OpenWindowRecord, request: FrozenListRequest): Promise<FrozenList>;
  /** This acceptor's TRUE flags of a partition if their digest is the given one, else null. */
  trueFlags(record: OpenWindowRecord, partition: Partition, digest: SetDigest): Promise<FlagEntry[] | null>;
}

/** Windows whose report is kept in memory, each at most 1,024 digests; a report that was dropped is counted anew. */
const REPORTS_MAX = 128;

export function createFrozen(components: FrozenComponents): Frozen {
  const { journal, packed, windows, clock, storeId, health, rings, trueFlags } = components;
  const reports = new Map<string, Promise<readonly PartitionDigest[]>>();

  /** The running digests or one scan per window: after the freeze nothing about its flags changes here. */
  function partitions(record: OpenWindowRecord): Promise<readonly PartitionDigest[]> {
    const name = windowName(record.scope);
    const known = reports.get(name);
    if (known !== undefined) return known;
    const running = trueFlags.digests(record);
    const made = running === undefined ? countPartitions(record) : Promise.resolve(running);
    reports.set(name, made);
    // Unless another report has taken its place meanwhile.
    made.catch(() => reports.get(name) === made && reports.delete(name));
    const oldest = reports.keys().next().value;
    // A node lives through more windows than its memory holds reports of.
    if (reports.size > REPORTS_MAX && oldest !== undefined) reports.delete(oldest);
    return made;
  }

  async function countPartitions(record: OpenWindowRecord): Promise<readonly PartitionDigest[]> {
    const hashers = new Map<Partition, ReturnType<typeof createSetHasher>>();
    for await (const { entry, plain } of packed.scan('flags', record, null)) {
      if (entry === null) throw corrupt();
      if (decodeFlagRow(plain).accepted?.value !== 'TRUE') continue;
      const partition = partitionOf(entry.readingId);
      const hasher = hashers.get(partition) ?? createSetHasher(record.terms.value.setHashKey);
      hasher.add(entry);
      hashers.set(partition, hasher);
    }
    return [...hashers]
      .map(([partition, hasher]) => ({ partition, digest: hasher.digest() }))
      .sort((a, b) => a.partition - b.partition);
  }

  function checkFrozen(record: OpenWindowRecord): void {
    if (!record.frozen)
      throw new EngineError('INCOMPLETE', `window ${record.scope.window} is not frozen here`);
  }

  return {
    async freeze(record) {
      health.checkVote();
      rings.checkVote(record.scope);
      const { notBefore } = record.terms.value;
      if (!record.frozen && clock.now() < notBefore) {
        throw new EngineError('SEAL_TOO_EARLY', `expected a time from ${notBefore} on, got ${clock.now()}`, {
          notBefore,
        });
      }
      await windows.freeze(record);
      return { storeId, commitSeq: journal.commitSeq(), partitions: await partitions(record) };
    },
    async list(record, { partition, after }) {
      health.checkVote();
      rings.checkVote(record.scope);
      checkFrozen(record);
      const flags: FrozenList['flags'][number][] = [];
      for await (const { entry, plain } of packed.scan('flags', record, partition, after ?? undefined)) {
        if (entry === null) throw corrupt();
        const { accepted } = decodeFlagRow(plain);
        if (accepted === null) continue;
        if (flags.length >= PAGE_ENTRIES_MAX) return { flags, more: true };
        flags.push({ entry, ...accepted });
      }
      return { flags, more: false };
    },
    async trueFlags(record, partition, digest) {
      if (!record.frozen) return null;
      const own = (await partitions(record)).find((found) => found.partition === partition);
      if (own === undefined || !equalDigests(own.digest, digest)) return null;
      const entries: FlagEntry[] = [];
      for await (const { entry, plain } of packed.scan('flags', record, partition)) {
        if (entry === null) throw corrupt();
        if (decodeFlagRow(plain).accepted?.value === 'TRUE') entries.push(entry);
      }
      return entries;
    },
  };
}

/** An acceptor that can't read a vote does not know what it voted, so it says nothing about the window. */
function corrupt(): EngineError {
  return new EngineError(
    'ROW_CORRUPT',
    'a row of the flags table does not authenticate; the window is not reported',
  );
}
