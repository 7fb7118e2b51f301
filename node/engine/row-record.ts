import { invariant } from '../../src/foundation/index.ts';
import { ENTRY_KEY_BYTES } from '../../src/protocol/index.ts';

/** Version of what is inside a sealed record of rows; the disk format may change until 1.0. */
const FORMAT = 1;
/** A row in a record: its entry, the length of its body, the body. A removed row has none. */
const LENGTH_BYTES = 4;
const ROW_HEAD_BYTES = ENTRY_KEY_BYTES + LENGTH_BYTES;
const FIRST_ROOM_BYTES = 512;
/** From here on the copy is worth what it takes to begin it. */
const LONG_COPY_BYTES = 128;

/** Rows that were written together, one behind the other. */
export interface RowRecord {
  bytes: Uint8Array;
  length: number;
}

export function emptyRecord(): RowRecord {
  const bytes = new Uint8Array(FIRST_ROOM_BYTES);
  bytes[0] = FORMAT;
  return { bytes, length: 1 };
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
 * @returns where in the record the row begins.
 */
export function appendRow(
  record: RowRecord,
  keys: Uint8Array,
  place: number,
  bodies: RowBodies,
  expectedBytes = 0,
): number {
  const { head, tails, tailBytes } = bodies;
  const at = record.length;
  const length = head.length + tailBytes;
  record.length = at + ROW_HEAD_BYTES + length;
  if (record.length > record.bytes.length) {
    const wider = new Uint8Array(Math.max(record.length, expectedBytes, 2 * record.bytes.length));
    wider.set(record.bytes.subarray(0, at));
    record.bytes = wider;
  }
  const { bytes } = record;
  copyBytes(keys, ENTRY_KEY_BYTES * place, bytes, at, ENTRY_KEY_BYTES);
  const lengthAt = at + ENTRY_KEY_BYTES;
  bytes[lengthAt] = length >>> 24;
  bytes[lengthAt + 1] = length >>> 16;
  bytes[lengthAt + 2] = length >>> 8;
  bytes[lengthAt + 3] = length;
  copyBytes(head, 0, bytes, at + ROW_HEAD_BYTES, head.length);
  copyBytes(tails, tailBytes * place, bytes, at + ROW_HEAD_BYTES + head.length, tailBytes);
  return at;
}

/** Bytes that {@link appendRow} adds. */
export function rowBytes({ head, tailBytes }: RowBodies): number {
  return ROW_HEAD_BYTES + head.length + tailBytes;
}

/** Byte by byte: for the few of a row `set` would need a view of them first, which costs more. */
function copyBytes(from: Uint8Array, fromAt: number, to: Uint8Array, toAt: number, length: number): void {
  if (length > LONG_COPY_BYTES) to.set(from.subarray(fromAt, fromAt + length), toAt);
  else for (let i = 0; i < length; i++) to[toAt + i] = from[fromAt + i] ?? 0;
}

/** Where the rows of a whole record begin; null where it is not one. */
export function rowOffsets(record: Uint8Array): readonly number[] | null {
  if (record[0] !== FORMAT) return null;
  const offsets: number[] = [];
  let at = 1;
  while (at + ROW_HEAD_BYTES <= record.length) {
    offsets.push(at);
    at += ROW_HEAD_BYTES + bodyLength(record, at);
  }
  return at === record.length ? offsets : null;
}

/** Whether the row at an offset is of the entry whose key stands at `keyAt` in a longer array. */
export function isRowOf(record: Uint8Array, at: number, key: Uint8Array, keyAt: number): boolean {
  for (let i = 0; i < ENTRY_KEY_BYTES; i++) if (record[at + i] !== key[keyAt + i]) return false;
  return true;
}

/** The body of the row at an offset, as a view; undefined where the row was removed. */
export function bodyAt(record: Uint8Array, at: number): Uint8Array | undefined {
  const length = bodyLength(record, at);
  if (length === 0) return undefined;
  return record.subarray(at + ROW_HEAD_BYTES, at + ROW_HEAD_BYTES + length);
}

function bodyLength(record: Uint8Array, at: number): number {
  const lengthAt = at + ENTRY_KEY_BYTES;
  return (
    (((record[lengthAt] ?? 0) << 24) |
      ((record[lengthAt + 1] ?? 0) << 16) |
      ((record[lengthAt + 2] ?? 0) << 8) |
      (record[lengthAt + 3] ?? 0)) >>>
    0
  );
}
