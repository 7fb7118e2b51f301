import { equalParts, invariant } from '../../src/foundation/index.ts';
import type { FlagEntry } from '../../src/protocol/index.ts';
import { ENTRY_KEY_BYTES, entryOfKey } from '../../src/protocol/index.ts';
import type { EntryHash } from './entry-hash.ts';

const PLACES_FIRST = 8;
/** Slots for every place: with half of them empty a search meets one or two. */
const SLOTS_PER_PLACE = 2;
/** Fewer places of every hundred than these have been in use where emptying all slots is not worth it. */
const USED_PERCENT_LEAST = 25;

/**
 * Entries in the order in which they came, each with a few numbers. A map or a set of names would make a string of
 * every entry that it is asked for, and keep one for each that it has; here an entry takes its 36 bytes, its numbers and
 * 13 bytes, and its key is read where it stands. The hash has a secret key, because sensors choose reading ids.
 */
export interface EntryTable {
  readonly size: number;
  /** The place of the entry whose key stands at `at` of `keys`, or -1. It holds until the next `add`. */
  find(keys: Uint8Array, at: number): number;
  /** The place of the entry; where it was not there it comes last, with its numbers 0. */
  add(keys: Uint8Array, at: number): number;
  delete(place: number): void;
  /** The place of the entry that came next after the one at a place; -1 begins, and says that there is none. */
  next(place: number): number;
  entryAt(place: number): FlagEntry;
  /** The numbers of all places, `width` for each; another array after an `add`. */
  numbers(): Float64Array;
}

/** @param width how many numbers each entry has. */
export function createEntryTable(hash: EntryHash, width: number): EntryTable {
  let capacity = PLACES_FIRST;
  let keysHere = new Uint8Array(ENTRY_KEY_BYTES * capacity);
  let hashes = new Uint32Array(capacity);
  let numbers = new Float64Array(width * capacity);
  let taken = new Uint8Array(capacity);
  /** A place plus one, 0 where there is none. A deleted entry stays until the table is made anew. */
  let slots = new Int32Array(SLOTS_PER_PLACE * capacity);
  let used = 0;
  let size = 0;

  /** The slot of an entry, or the empty one where it belongs. */
  function search(keys: Uint8Array, at: number, hashed: number): number {
    let slot = hashed & (slots.length - 1);
    for (;;) {
      const place = (slots[slot] ?? 0) - 1;
      if (place < 0 || (hashes[place] === hashed && taken[place] === 1 && isAt(place, keys, at))) return slot;
      slot = (slot + 1) & (slots.length - 1);
    }
  }

  function isAt(place: number, keys: Uint8Array, at: number): boolean {
    return equalParts(keysHere, ENTRY_KEY_BYTES * place, keys, at, ENTRY_KEY_BYTES);
  }

  function makeRoom(places: number): void {
    capacity = PLACES_FIRST;
    while (capacity < places) capacity *= 2;
    keysHere = new Uint8Array(ENTRY_KEY_BYTES * capacity);
    hashes = new Uint32Array(capacity);
    numbers = new Float64Array(width * capacity);
    taken = new Uint8Array(capacity);
    slots = new Int32Array(SLOTS_PER_PLACE * capacity);
    used = 0;
  }

  /**
   * All that came has gone, as after most flushes: the places are used again, and no more of them are kept than had
   * been in use.
   */
  function beginAgain(): void {
    if (100 * used < USED_PERCENT_LEAST * capacity) return;
    if (2 * used <= capacity && capacity > PLACES_FIRST) {
      makeRoom(used);
    } else {
      slots.fill(0);
      numbers.fill(0);
      used = 0;
    }
  }

  /** Leaves out what was deleted, in twice the room that the rest needs, so that the next time is as far away. */
  function makeAnew(): void {
    const before = { keysHere, hashes, numbers, taken, used };
    makeRoom(2 * size);
    for (let place = 0; place < before.used; place++) {
      if (before.taken[place] !== 1) continue;
      const hashed = before.hashes[place] ?? 0;
      let slot = hashed & (slots.length - 1);
      while (slots[slot] !== 0) slot = (slot + 1) & (slots.length - 1);
      put(slot, hashed, before.keysHere, ENTRY_KEY_BYTES * place);
      numbers.set(before.numbers.subarray(width * place, width * (place + 1)), width * (used - 1));
    }
  }

  function put(slot: number, hashed: number, keys: Uint8Array, at: number): void {
    const to = ENTRY_KEY_BYTES * used;
    for (let i = 0; i < ENTRY_KEY_BYTES; i++) keysHere[to + i] = keys[at + i] ?? 0;
    hashes[used] = hashed;
    taken[used] = 1;
    used += 1;
    slots[slot] = used;
  }

  return {
    get size() {
      return size;
    },
    find: (keys, at) => (slots[search(keys, at, hash(keys, at))] ?? 0) - 1,
    add(keys, at) {
      const hashed = hash(keys, at);
      let slot = search(keys, at, hashed);
      const place = (slots[slot] ?? 0) - 1;
      if (place >= 0) return place;
      if (used === capacity) {
        makeAnew();
        slot = search(keys, at, hashed);
      }
      put(slot, hashed, keys, at);
      size += 1;
      return used - 1;
    },
    delete(place) {
      invariant(taken[place] === 1, 'expected a place that is taken');
      taken[place] = 0;
      size -= 1;
      if (size === 0) beginAgain();
    },
    next(place) {
      for (let next = place + 1; next < used; next++) if (taken[next] === 1) return next;
      return -1;
    },
    entryAt: (place) => entryOfKey(keysHere, ENTRY_KEY_BYTES * place),
    numbers: () => numbers,
  };
}
