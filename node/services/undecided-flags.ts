import type { FlagEntry } from '../../src/protocol/index.ts';
import { countInKey, ENTRY_KEY_BYTES } from '../../src/protocol/index.ts';
import type { EntryHash } from '../engine/entry-hash.ts';
import { createEntryTable } from '../engine/entry-table.ts';

/** Flags of one window that wait for an outcome, oldest first, and since when each is known. */
export interface UndecidedFlags {
  readonly size: number;
  /** @param keys of flags, one after another. @returns how many readings stand behind those that were not there. */
  add(keys: Uint8Array, since: number): number;
  delete(keys: Uint8Array): void;
  /** Since when each is known; undefined where it is not here. */
  knownSince(keys: Uint8Array): readonly (number | undefined)[];
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
    add(keys, since) {
      let added = 0;
      for (let at = 0; at < keys.length; at += ENTRY_KEY_BYTES) {
        const before = flags.size;
        const place = flags.add(keys, at);
        if (flags.size === before) continue;
        flags.numbers()[place] = since;
        added += countInKey(keys, at);
      }
      return added;
    },
    delete(keys) {
      for (let at = 0; at < keys.length; at += ENTRY_KEY_BYTES) {
        const place = flags.find(keys, at);
        if (place >= 0) flags.delete(place);
      }
    },
    knownSince(keys) {
      const numbers = flags.numbers();
      const since: (number | undefined)[] = [];
      for (let at = 0; at < keys.length; at += ENTRY_KEY_BYTES) {
        const place = flags.find(keys, at);
        since.push(place < 0 ? undefined : numbers[place]);
      }
      return since;
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
