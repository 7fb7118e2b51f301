import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '../../src/foundation/index.ts';
import { diskFailure } from './durable-file.ts';
import { unusableStore } from './level-recovery.ts';

/** LevelDB's table file: blocks, then a block that lists them, then a footer of fixed length. */
const TABLE_FILE = /^\d+\.(?:ldb|sst)$/;
const FOOTER_BYTES = 48;
/** After every block: how it is compressed, and the checksum over block and that byte. */
const TRAILER_BYTES = 5;
/** Behind the user's part of every key: sequence number and type. */
const INTERNAL_KEY_BYTES = 8;

interface BlockHandle {
  readonly offset: number;
  readonly size: number;
}

interface IndexEntry extends BlockHandle {
  /** A key at or behind the block's last one. */
  readonly separator: Uint8Array;
}

/**
 * Compares every block of a database's table files with its checksum, which LevelDB does not do when it reads.
 * After one flipped byte beside a row it finds an older version of the row, sealed and counted like the newest.
 * @param checksItself says of the first byte of a block's keys that each of its rows shows damage by itself and
 * was never written twice; such blocks are left to whoever reads the rows.
 * @returns what is damaged, or null.
 * @throws EngineError `STORE_FAILED` when a file cannot be read, or LevelDB would end the process over what is damaged
 */
export async function findDamagedTable(
  folder: string,
  checksItself: (firstByte: number) => boolean,
): Promise<string | null> {
  for (const name of await tableFiles(folder)) {
    const bytes = await readFile(join(folder, name)).catch((error: unknown) => {
      throw diskFailure(`read the table file ${name}`, error);
    });
    if (!isWhole(name, bytes, checksItself))
      return `a block of the table file ${name} does not have its checksum`;
  }
  return null;
}

async function tableFiles(folder: string): Promise<readonly string[]> {
  try {
    return (await readdir(folder)).filter((name) => TABLE_FILE.test(name));
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return [];
    throw diskFailure('list the files of the store', error);
  }
}

function isWhole(name: string, file: Uint8Array, checksItself: (firstByte: number) => boolean): boolean {
  /** Of blocks with entries; LevelDB reads those without their checksum as well. */
  const isGood = (block: BlockHandle): boolean => {
    if (hasChecksum(file, block)) return true;
    if (!hasEntries(file, block))
      throw unusableStore(`blocks that LevelDB can read in the table file ${name}, but one is damaged`);
    return false;
  };
  try {
    const footer = reader(file, Math.max(0, file.length - FOOTER_BYTES));
    const metaIndex = footer.handle();
    const index = footer.handle();
    let whole = [metaIndex, index].map(isGood).every((good) => good);
    // The filter, which says that a key is not there.
    for (const entry of entriesOf(file, metaIndex)) whole &&= hasChecksum(file, entry);
    let first: number | undefined;
    for (const entry of entriesOf(file, index)) {
      first ??= firstByteIn(file, entry);
      const last = lastByteBefore(entry.separator);
      // The keys of a block lie between the separators before and behind it.
      if (!isGood(entry) && !(first === last && checksItself(last))) whole = false;
      first = last;
    }
    return whole;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

/**
 * Whether a block can be read entry by entry, from its beginning and from every place where a search may begin: LevelDB
 * asserts that every key has its own bytes at the end, and one that has not ends the process.
 */
function hasEntries(file: Uint8Array, { offset, size }: BlockHandle): boolean {
  if (size < 4 || offset + size > file.length) return false;
  const block = file.subarray(offset, offset + size);
  const end = endOfEntries(block);
  if (end < 0) return false;
  /** Where an entry begins that shares nothing with the one before. */
  const starts = new Set<number>();
  try {
    let before = 0;
    for (const { at, shared, rest } of entriesIn(block, end)) {
      const keyBytes = shared + rest.length;
      if (shared > before || keyBytes < INTERNAL_KEY_BYTES) return false;
      if (shared === 0) starts.add(at);
      before = keyBytes;
    }
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
  const view = viewOf(block);
  for (let at = end; at < size - 4; at += 4) if (!starts.has(view.getUint32(at, true))) return false;
  return true;
}

/** Entries of a block that lists blocks; keys share a prefix with the one before. */
function* entriesOf(file: Uint8Array, { offset, size }: BlockHandle): Generator<IndexEntry> {
  const block = file.subarray(offset, offset + size);
  let key = new Uint8Array(0);
  for (const { shared, rest, value } of entriesIn(block, endOfEntries(block))) {
    const next = new Uint8Array(shared + rest.length);
    next.set(key.subarray(0, shared));
    next.set(rest, shared);
    key = next;
    const separator = key.subarray(0, Math.max(0, key.length - INTERNAL_KEY_BYTES));
    yield { separator, ...reader(value, 0).handle() };
  }
}

/** One entry as it stands in a block: so many bytes of its key are those of the one before. */
interface BlockEntry {
  /** Where it begins. */
  readonly at: number;
  readonly shared: number;
  readonly rest: Uint8Array;
  readonly value: Uint8Array;
}

/** @throws RangeError where the bytes end too early. */
function* entriesIn(block: Uint8Array, end: number): Generator<BlockEntry> {
  const entries = reader(block, 0, end);
  while (!entries.ended()) {
    const at = entries.at();
    const [shared, fresh, valueBytes] = [entries.varint(), entries.varint(), entries.varint()];
    yield { at, shared, rest: entries.take(fresh), value: entries.take(valueBytes) };
  }
}

/** Behind its entries a block has the places where a search may begin, and their number; where that is damaged, below 0. */
function endOfEntries(block: Uint8Array): number {
  return block.length - 4 * (viewOf(block).getUint32(block.length - 4, true) + 1);
}

/** First byte of the first key of a block. No separator stands before a file's first block. */
function firstByteIn(file: Uint8Array, { offset }: BlockHandle): number | undefined {
  const entry = reader(file, offset);
  // Lengths: shared with the key before, of the rest, of the value.
  for (let i = 0; i < 3; i++) entry.varint();
  return entry.take(1)[0];
}

/** First byte of the last key before a separator; one of a single byte is that of the key and one more. */
function lastByteBefore(separator: Uint8Array): number {
  const [first = 0] = separator;
  return separator.length === 1 ? first - 1 : first;
}

/** @throws RangeError where the bytes end too early. */
function reader(bytes: Uint8Array, from: number, to = bytes.length) {
  let at = from;
  const take = (length: number): Uint8Array => {
    if (at + length > to) throw new RangeError('the file ends too early');
    at += length;
    return bytes.subarray(at - length, at);
  };
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = take(1)[0] ?? 0;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  return {
    take,
    varint,
    at: () => at,
    ended: () => at >= to,
    handle: (): BlockHandle => ({ offset: varint(), size: varint() }),
  };
}

function hasChecksum(file: Uint8Array, { offset, size }: BlockHandle): boolean {
  const end = offset + size + 1;
  if (end + TRAILER_BYTES - 1 > file.length) return false;
  return viewOf(file).getUint32(end, true) === masked(crc32c(file, offset, end));
}

/** LevelDB stores checksums masked, because a checksum over data that holds checksums is weak. */
function masked(crc: number): number {
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

/** CRC-32C (Castagnoli, reflected 0x82f63b78), a byte at a time. */
function crc32c(bytes: Uint8Array, from: number, to: number): number {
  let crc = ~0;
  for (let i = from; i < to; i++) crc = (CRC_TABLE[(crc ^ (bytes[i] ?? 0)) & 255] ?? 0) ^ (crc >>> 8);
  return ~crc >>> 0;
}

const CRC_TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  return crc;
});

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
