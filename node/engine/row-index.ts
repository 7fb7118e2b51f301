import { invariant } from '../../src/foundation/index.ts';

/** Of a slot: hash, number of the record plus one (0 is an empty slot), name of the row in the record. */
const SLOT_WORDS = 3;
const SLOTS_FIRST = 8;
/** Slots of every hundred that may be taken; a longer row of taken slots costs more than the room saves. */
const TAKEN_PERCENT = 80;
const HASHES = 4_294_967_296;

/** Where the newest version of a row is: which of a partition's records, and the row's name in it. */
export interface RowPlace {
  readonly record: number;
  readonly name: number;
}

/**
 * Where the rows of one partition are, by a hash of their entries: open addressing in one typed array, 15 to 20 bytes
 * a row, because a window has as many rows as readings. It knows no entries, so whoever finds a slot compares with the
 * record.
 */
export interface RowIndex {
  slots: Uint32Array;
  rows: number;
}

export function emptyIndex(): RowIndex {
  return { slots: new Uint32Array(SLOT_WORDS * SLOTS_FIRST), rows: 0 };
}

/** The first slot from `slot` on that has the hash, or -1; the search of a hash begins with slot -1. */
export function nextSlot({ slots }: RowIndex, hash: number, slot: number): number {
  let next = slot < 0 ? homeOf(slots, hash) : after(slots, slot);
  while (slots[next + 1] !== 0) {
    if (slots[next] === hash) return next;
    next = after(slots, next);
  }
  return -1;
}

export function placeIn({ slots }: RowIndex, slot: number): RowPlace {
  return { record: (slots[slot + 1] ?? 0) - 1, name: slots[slot + 2] ?? 0 };
}

/** A row that the index does not have yet. */
export function insertRow(index: RowIndex, hash: number, record: number, name: number): void {
  if (100 * (index.rows + 1) > TAKEN_PERCENT * (index.slots.length / SLOT_WORDS)) grow(index);
  fill(index.slots, hash, record, name);
  index.rows += 1;
}

/** Makes room for so many rows more, at once where they need more than the next growth gives. */
export function reserveRows(index: RowIndex, more: number): void {
  const slots = Math.ceil((100 * (index.rows + more)) / TAKEN_PERCENT);
  if (slots > index.slots.length / SLOT_WORDS) growTo(index, Math.max(slots, nextSize(index)));
}

/** The row at a place has a new version elsewhere. */
export function moveRow(index: RowIndex, hash: number, from: RowPlace, record: number, name: number): void {
  const slot = slotAt(index, hash, from);
  invariant(slot >= 0, 'expected the row where it was found');
  index.slots[slot + 1] = record + 1;
  index.slots[slot + 2] = name;
}

/** Whether the newest version of a row is the one at this place. */
export function isNewest(index: RowIndex, hash: number, place: RowPlace): boolean {
  return slotAt(index, hash, place) >= 0;
}

/** The records that have the newest version of some row. */
export function recordsIn(index: RowIndex): ReadonlySet<number> {
  const records = new Set<number>();
  for (let slot = 0; slot < index.slots.length; slot += SLOT_WORDS) {
    const { record } = placeIn(index, slot);
    if (record >= 0) records.add(record);
  }
  return records;
}

function slotAt(index: RowIndex, hash: number, { record, name }: RowPlace): number {
  const { slots } = index;
  let slot = nextSlot(index, hash, -1);
  while (slot >= 0 && (slots[slot + 1] !== record + 1 || slots[slot + 2] !== name)) {
    slot = nextSlot(index, hash, slot);
  }
  return slot;
}

/** Growing by a third and not by two: a table is as large as its last growth for most of its life. */
function grow(index: RowIndex): void {
  growTo(index, nextSize(index));
}

function nextSize({ slots }: RowIndex): number {
  return Math.ceil((slots.length / SLOT_WORDS) * (4 / 3));
}

function growTo(index: RowIndex, slots: number): void {
  const before = index.slots;
  const wider = new Uint32Array(SLOT_WORDS * slots);
  for (let slot = 0; slot < before.length; slot += SLOT_WORDS) {
    const record = (before[slot + 1] ?? 0) - 1;
    if (record >= 0) fill(wider, before[slot] ?? 0, record, before[slot + 2] ?? 0);
  }
  index.slots = wider;
}

function fill(slots: Uint32Array, hash: number, record: number, name: number): void {
  let slot = homeOf(slots, hash);
  while (slots[slot + 1] !== 0) slot = after(slots, slot);
  slots[slot] = hash;
  slots[slot + 1] = record + 1;
  slots[slot + 2] = name;
}

function homeOf(slots: Uint32Array, hash: number): number {
  return SLOT_WORDS * Math.floor((hash / HASHES) * (slots.length / SLOT_WORDS));
}

function after(slots: Uint32Array, slot: number): number {
  const next = slot + SLOT_WORDS;
  return next === slots.length ? 0 : next;
}
