import type { EntryDigests, PartitionDigest, SetHasher } from '../../src/protocol/index.ts';
import {
  countInKey,
  createEntryDigests,
  createSetHasher,
  DIGEST_WORDS,
  ENTRY_KEY_BYTES,
} from '../../src/protocol/index.ts';
import type { Partition } from '../../src/ring/index.ts';
import type { FlagRow } from '../engine/rows.ts';
import { createRunning } from './running.ts';
import type { OpenWindowRecord } from './windows.ts';

/** Digests of the flags that this acceptor has accepted as TRUE, kept while they change, so that a freeze counts nothing. */
export interface TrueFlags {
  /**
   * Rows of flags that were alike became others; called for every row that is read back at the start, too.
   * @param keys of the flags, one after another. @param digests of their entries, where they are known.
   */
  note(
    record: OpenWindowRecord,
    partition: Partition,
    keys: Uint8Array,
    before: FlagRow | undefined,
    after: FlagRow,
    digests: Float64Array | null,
  ): void;
  /** Non-empty partitions in order; undefined where only the rows know. */
  digests(record: OpenWindowRecord): readonly PartitionDigest[] | undefined;
}

interface State {
  readonly digestAll: EntryDigests;
  readonly hashers: Map<Partition, SetHasher>;
}

export function createTrueFlags(): TrueFlags {
  const running = createRunning<State>((record) => ({
    digestAll: createEntryDigests(record.terms.value.setHashKey),
    hashers: new Map(),
  }));

  return {
    note(record, partition, keys, before, after, digests) {
      const was = before?.accepted?.value === 'TRUE';
      const is = after.accepted?.value === 'TRUE';
      if (was === is) return;
      const state = running.of(record);
      if (state === undefined) return;
      const { hashers, digestAll } = state;
      let hasher = hashers.get(partition);
      if (hasher === undefined) {
        hasher = createSetHasher(record.terms.value.setHashKey);
        hashers.set(partition, hasher);
      }
      const words = digests ?? digestsOf(digestAll, keys);
      for (let place = 0; ENTRY_KEY_BYTES * place < keys.length; place++) {
        const count = countInKey(keys, ENTRY_KEY_BYTES * place);
        if (is) hasher.addDigest(words, DIGEST_WORDS * place, count);
        else hasher.removeDigest(words, DIGEST_WORDS * place, count);
      }
    },
    digests(record) {
      const hashers = running.of(record)?.hashers;
      if (hashers === undefined) return undefined;
      const digests: PartitionDigest[] = [];
      for (const [partition, hasher] of hashers) {
        const digest = hasher.digest();
        if (digest.count > 0) digests.push({ partition, digest });
      }
      return digests.sort((a, b) => a.partition - b.partition);
    },
  };
}

function digestsOf(digestAll: EntryDigests, keys: Uint8Array): Float64Array {
  const words = new Float64Array(DIGEST_WORDS * (keys.length / ENTRY_KEY_BYTES));
  digestAll(keys, words);
  return words;
}
