import { equalBytes, equalParts, invariant, wordAt } from '../../src/foundation/index.ts';
import { ENTRY_KEY_BYTES, READING_ID_BYTES } from '../../src/protocol/index.ts';

/** Version of what is inside a sealed record of rows; the disk format may change until 1.0. */
const FORMAT = 2;
/** What of an entry's key all rows of a run have: sensor id and count. */
const SHARED_KEY_BYTES = ENTRY_KEY_BYTES - READING_ID_BYTES;
/** In front of a run: the shared part of its keys, the length of its head, the length of a tail, the number of its rows. */
const RUN_HEAD_BYTES = SHARED_KEY_BYTES + 12;
/** A row is named by where its run begins, times this, and its place in the run; both are below it. */
const NAMES_OF_A_RUN = 65_536;
const FIRST_ROOM_BYTES = 512;
/** From here on the copy is worth what it takes to begin it. */
const LONG_COPY_BYTES = 128;

/**
 * Rows that were written together. Those in a row whose keys have the same sensor and count and whose bodies begin
 * alike, as those of a packet do, are a run: what they share stands once in front of them, and of each its reading id
 * and its tail.
 */
export interface RowRecord {
  bytes: Uint8Array;
  length: number;
  /** The last run. */
  run: Run | null;
}

interface Run {
  readonly begins: number;
  readonly head: Uint8Array;
  readonly tailBytes: number;
  rows: number;
}

export function emptyRecord(): RowRecord {
  const bytes = new Uint8Array(FIRST_ROOM_BYTES);
  bytes[0] = FORMAT;
  return { bytes, length: 1, run: null };
}

export function isEmpty(record: RowRecord): boolean {
  return record.length === 1;
}

/** Bodies of several rows that begin alike: `head`, and of the row at a place its `tailBytes` bytes of `tails`. */
export interface RowBodies {
  readonly head: Uint8Array;
  readonly tails: Uint8Array;
  readonly tailBytes: number;
}

const NOTHING = new Uint8Array(0);
/** What is written of a row that is removed. */
export const NO_BODY: RowBodies = { head: NOTHING, tails: NOTHING, tailBytes: 0 };

export function oneBody(body: Uint8Array): RowBodies {
  invariant(body.length > 0, 'expected a row with a body');
  return { ...NO_BODY, head: body };
}

/**
 * @param keys of entries, one after another; the row is of the one at `place` and has the body there.
 * @param expectedBytes what the record will have at least, as far as the caller knows: room is made once for all of it.
 * @returns the row's name in the record.
 */
export function appendRow(
  record: RowRecord,
  keys: Uint8Array,
  place: number,
  bodies: RowBodies,
  expectedBytes = 0,
): number {
  const { tails, tailBytes } = bodies;
  const keyAt = ENTRY_KEY_BYTES * place;
  makeRoom(record, record.length + runBytes(bodies, 1), expectedBytes);
  const known = record.run;
  const run = known !== null && belongsTo(known, record.bytes, keys, keyAt, bodies) ? known : begin();
  const { bytes } = record;
  copyBytes(keys, keyAt, bytes, record.length, READING_ID_BYTES);
  copyBytes(tails, tailBytes * place, bytes, record.length + READING_ID_BYTES, tailBytes);
  record.length += READING_ID_BYTES + tailBytes;
  run.rows += 1;
  writeU32(bytes, run.begins + SHARED_KEY_BYTES + 8, run.rows);
  return NAMES_OF_A_RUN * run.begins + run.rows - 1;

  function begin(): Run {
    const { head } = bodies;
    const begins = record.length;
    invariant(begins < NAMES_OF_A_RUN, 'expected a record with room for a run');
    copyBytes(keys, keyAt + READING_ID_BYTES, record.bytes, begins, SHARED_KEY_BYTES);
    writeU32(record.bytes, begins + SHARED_KEY_BYTES, head.length);
    writeU32(record.bytes, begins + SHARED_KEY_BYTES + 4, tailBytes);
    copyBytes(head, 0, record.bytes, begins + RUN_HEAD_BYTES, head.length);
    record.length = begins + RUN_HEAD_BYTES + head.length;
    record.run = { begins, head, tailBytes, rows: 0 };
    return record.run;
  }
}

function makeRoom(record: RowRecord, length: number, expectedBytes: number): void {
  if (length <= record.bytes.length) return;
  const wider = new Uint8Array(Math.max(length, expectedBytes, 2 * record.bytes.length));
  wider.set(record.bytes.subarray(0, record.length));
  record.bytes = wider;
}

function belongsTo(
  run: Run,
  record: Uint8Array,
  keys: Uint8Array,
  keyAt: number,
  { head, tailBytes }: RowBodies,
): boolean {
  if (run.tailBytes !== tailBytes || run.rows === NAMES_OF_A_RUN) return false;
  if (run.head !== head && !equalBytes(run.head, head)) return false;
  return equalParts(record, run.begins, keys, keyAt + READING_ID_BYTES, SHARED_KEY_BYTES);
}

/** Bytes of so many rows that are one run: what {@link appendRow} adds for them at most. */
export function runBytes({ head, tailBytes }: RowBodies, rows: number): number {
  return RUN_HEAD_BYTES + head.length + rows * (READING_ID_BYTES + tailBytes);
}

/** Byte by byte: for the few of a row `set` would need a view of them first, which costs more. */
function copyBytes(from: Uint8Array, fromAt: number, to: Uint8Array, toAt: number, length: number): void {
  if (length > LONG_COPY_BYTES) to.set(from.subarray(fromAt, fromAt + length), toAt);
  else for (let i = 0; i < length; i++) to[toAt + i] = from[fromAt + i] ?? 0;
}

/** The names of the rows of a whole record, in their order; null where it is not one. */
export function rowNames(record: Uint8Array): readonly number[] | null {
  if (record[0] !== FORMAT) return null;
  const names: number[] = [];
  let at = 1;
  while (at + RUN_HEAD_BYTES <= record.length) {
    const { rows, firstAt, rowBytes } = runAt(record, at);
    const end = firstAt + rows * rowBytes;
    if (at >= NAMES_OF_A_RUN || rows === 0 || rows > NAMES_OF_A_RUN || end > record.length) return null;
    for (let row = 0; row < rows; row++) names.push(NAMES_OF_A_RUN * at + row);
    at = end;
  }
  return at === record.length ? names : null;
}

/** Whether a row is of the entry whose key stands at `keyAt` in a longer array. */
export function isRowOf(record: Uint8Array, name: number, keys: Uint8Array, keyAt: number): boolean {
  return (
    equalParts(record, rowAt(record, name), keys, keyAt, READING_ID_BYTES) &&
    equalParts(record, beginOf(name), keys, keyAt + READING_ID_BYTES, SHARED_KEY_BYTES)
  );
}

/** The key of the entry that a row is of. */
export function keyOfRow(record: Uint8Array, name: number): Uint8Array {
  const key = new Uint8Array(ENTRY_KEY_BYTES);
  copyBytes(record, rowAt(record, name), key, 0, READING_ID_BYTES);
  copyBytes(record, beginOf(name), key, READING_ID_BYTES, SHARED_KEY_BYTES);
  return key;
}

/** The body of a row, as a view where it stands in one piece; undefined where the row was removed. */
export function bodyOfRow(record: Uint8Array, name: number): Uint8Array | undefined {
  const { firstAt, headBytes, rowBytes } = runAt(record, beginOf(name));
  const head = record.subarray(firstAt - headBytes, firstAt);
  if (rowBytes === READING_ID_BYTES) return headBytes === 0 ? undefined : head;
  const at = rowAt(record, name);
  const body = new Uint8Array(headBytes + rowBytes - READING_ID_BYTES);
  body.set(head);
  body.set(record.subarray(at + READING_ID_BYTES, at + rowBytes), headBytes);
  return body;
}

function beginOf(name: number): number {
  return Math.floor(name / NAMES_OF_A_RUN);
}

/** Where a row begins, with its reading id. */
function rowAt(record: Uint8Array, name: number): number {
  const { firstAt, rowBytes } = runAt(record, beginOf(name));
  return firstAt + (name % NAMES_OF_A_RUN) * rowBytes;
}

function runAt(record: Uint8Array, begins: number) {
  const headBytes = wordAt(record, begins + SHARED_KEY_BYTES) >>> 0;
  const rowBytes = READING_ID_BYTES + (wordAt(record, begins + SHARED_KEY_BYTES + 4) >>> 0);
  const rows = wordAt(record, begins + SHARED_KEY_BYTES + 8) >>> 0;
  return { headBytes, rowBytes, rows, firstAt: begins + RUN_HEAD_BYTES + headBytes };
}

function writeU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}
