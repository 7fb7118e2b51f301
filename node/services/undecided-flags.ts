import type { FlagEntry } from '../../src/protocol/index.ts';
import { ENTRY_KEY_BYTES, entryKeys } from '../../src/protocol/index.ts';
import type { EntryHash } from '../engine/entry-hash.ts';
import { createEntryTable } from '../engine/entry-table.ts';

/** Flags of one window that wait for an outcome, oldest first, and since when each is known. */
export interface UndecidedFlags {
  readonly size: number;
  /** @returns how many readings stand behind those that were not there. */
  add(entries: readonly FlagEntry[], since: number): number;
  delete(entries: readonly FlagEntry[]): void;
  /** Since when each is known; undefined where it is not here. */
  knownSince(entries: readonly FlagEntry[]): readonly (number | undefined)[];
  /** Those known since `latest` or before. */
  knownUntil(latest: number): Generator<FlagEntry>;
  countBefore(due: number): number;
}

export function createUndecidedFlags(hash: EntryHash): UndecidedFlags {
  const flags = createEntryTable(hash, 1);

  return {
    get size() {
      return flags.size;
    },
    add(entries, since) {
      const keys = entryKeys(entries);
      let added = 0;
      for (const [at, { count }] of entries.entries()) {
        const before = flags.size;
        const place = flags.add(keys, ENTRY_KEY_BYTES * at);
        if (flags.size === before) continue;
        flags.numbers()[place] = since;
        added += count;
      }
      return added;
    },
    delete(entries) {
      const keys = entryKeys(entries);
      for (let at = 0; at < keys.length; at += ENTRY_KEY_BYTES) {
        const place = flags.find(keys, at);
        if (place >= 0) flags.delete(place);
      }
    },
    knownSince(entries) {
      const keys = entryKeys(entries);
      const numbers = flags.numbers();
      return entries.map((_, at) => {
        const place = flags.find(keys, ENTRY_KEY_BYTES * at);
        return place < 0 ? undefined : numbers[place];
      });
    },
    *knownUntil(latest) {
      for (let place = flags.next(-1); place >= 0; place = flags.next(place)) {
        if ((flags.numbers()[place] ?? 0) <= latest) yield flags.entryAt(place);
      }
    },
    countBefore(due) {
      let count = 0;
      for (let place = flags.next(-1); place >= 0; place = flags.next(place)) {
        if ((flags.numbers()[place] ?? 0) < due) count += 1;
      }
      return count;
    },
  };
}
