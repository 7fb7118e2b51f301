import type { FlagEntry } from '../../src/protocol/index.ts';
import { countInKey, ENTRY_KEY_BYTES } from '../../src/protocol/index.ts';
import type { EntryHash } from '../engine/entry-hash.ts';
import type { EntryTable } from '../engine/entry-table.ts';
import { createEntryTable } from '../engine/entry-table.ts';

/**
 * Flags of one window that wait for an outcome, oldest first, and since when each is known; and those whose outcome was
 * learned before this node had a row of them, which are not to be counted again when their row or their share comes.
 */
export interface UndecidedFlags {
  /** How many wait. */
  readonly size: number;
  /** @param keys of flags, one after another. @returns how many readings stand behind those that were not there. */
  add(keys: Uint8Array, since: number): number;
  /** They have rows of which this node needs to know nothing here. */
  delete(keys: Uint8Array): void;
  /** Their outcomes are known. Those that waited do so no more. */
  learn(keys: Uint8Array): void;
  /** Whether the first of the flags waits. */
  waits(keys: Uint8Array): boolean;
  /** Since when each is known; undefined where it is not here. */
  knownSince(keys: Uint8Array): readonly (number | undefined)[];
  /** Those known since `latest` or before. */
  knownUntil(latest: number): Generator<FlagEntry>;
  countBefore(due: number): number;
}

export function createUndecidedFlags(hash: EntryHash): UndecidedFlags {
  const flags = createEntryTable(hash, 1);
  const learned = createEntryTable(hash, 1);

  function remove(table: EntryTable, keys: Uint8Array, at: number): void {
    const place = table.find(keys, at);
    if (place >= 0) table.delete(place);
  }

  return {
    get size() {
      return flags.size;
    },
    add(keys, since) {
      let added = 0;
      for (let at = 0; at < keys.length; at += ENTRY_KEY_BYTES) {
        if (learned.find(keys, at) >= 0) continue;
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
        remove(flags, keys, at);
        remove(learned, keys, at);
      }
    },
    learn(keys) {
      for (let at = 0; at < keys.length; at += ENTRY_KEY_BYTES) {
        const place = flags.find(keys, at);
        if (place < 0) continue;
        const since = flags.numbers()[place] ?? 0;
        flags.delete(place);
        const kept = learned.add(keys, at);
        learned.numbers()[kept] = since;
      }
    },
    waits: (keys) => flags.find(keys, 0) >= 0,
    knownSince(keys) {
      const since: (number | undefined)[] = [];
      for (let at = 0; at < keys.length; at += ENTRY_KEY_BYTES) {
        const place = flags.find(keys, at);
        const elsewhere = place < 0 ? learned.find(keys, at) : -1;
        since.push(elsewhere < 0 ? flags.numbers()[place] : learned.numbers()[elsewhere]);
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
