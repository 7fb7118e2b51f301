import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { compareBytes, systemCode } from '../../src/foundation/index.ts';
import { diskFailure } from './durable-file.ts';
import { INTERNAL_KEY_BYTES, maskedChecksum, reader, viewOf } from './level-format.ts';
import { unusableStore } from './level-recovery.ts';
import { liveTables, type TableBounds } from './live-tables.ts';

/** LevelDB's table file: blocks, then a block that lists them, then a footer of fixed length. */
const TABLE_FILE = /^\d+\.(?:ldb|sst)$/;
const FOOTER_BYTES = 48;
/** After every block: how it is compressed, and the checksum over block and that byte. */
const TRAILER_BYTES = 5;
/** Type of the key of a row that is there; that of one that was deleted is 0, and there is no other. */
const TYPE_ROW = 1;

interface BlockHandle {
  readonly offset: number;
  readonly size: number;
}

interface IndexEntry {
  /** A key at or behind the block's last one. */
  readonly separator: Uint8Array;
  /** Null where none stands there, which LevelDB says itself when it reads there. */
  readonly block: BlockHandle | null;
}

/**
 * Compares every block of the table files of a database with its checksum, which LevelDB does not do when it reads.
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
  const live = await liveTables(folder);
  let damaged: string | null = null;
  for (const name of await tableFiles(folder)) {
    const bounds = live?.get(Number.parseInt(name, 10)) ?? null;
    if (live !== null && bounds === null) continue;
    const bytes = await readFile(join(folder, name)).catch((error: unknown) => {
      throw diskFailure(`read the table file ${name}`, error);
    });
    if (!isWhole(name, bytes, checksItself, bounds))
      damaged ??= `a block of the table file ${name} does not have its checksum`;
  }
  return damaged;
}

async function tableFiles(folder: string): Promise<readonly string[]> {
  try {
    return (await readdir(folder)).filter((name) => TABLE_FILE.test(name)).sort();
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return [];
    throw diskFailure('list the files of the store', error);
  }
}

function isWhole(
  name: string,
  file: Uint8Array,
  checksItself: (firstByte: number) => boolean,
  bounds: TableBounds | null,
): boolean {
  const refused = () =>
    unusableStore(`blocks that LevelDB can read in the table file ${name}, but one is damaged`);
  let intact = true;
  /** Of blocks with entries; LevelDB reads those without their checksum as well. */
  const isGood = (block: BlockHandle): boolean => {
    if (hasChecksum(file, block)) return true;
    if (!hasEntries(file, block)) throw refused();
    intact = false;
    return false;
  };
  try {
    const footer = reader(file, Math.max(0, file.length - FOOTER_BYTES));
    const metaIndex = handleIn(footer);
    const index = handleIn(footer);
    let whole = [metaIndex, index].map(isGood).every((good) => good);
    // The filter, which says that a key is not there.
    for (const { block } of entriesOf(file, metaIndex)) whole &&= block !== null && hasChecksum(file, block);
    const blocks: BlockHandle[] = [];
    let first: number | undefined;
    for (const { separator, block } of entriesOf(file, index)) {
      const last = lastByteBefore(separator);
      if (block === null) {
        whole = false;
      } else {
        const good = isGood(block);
        first ??= firstByteIn(file, block);
        // The keys of a block lie between the separators before and behind it.
        if (!good && !(first === last && checksItself(last))) whole = false;
        blocks.push(block);
      }
      first = last;
    }
    if (!intact && !areInOrder(file, blocks, bounds)) throw refused();
    return whole;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

/**
 * Whether the keys of a file come in their order and lie within its bounds. LevelDB asserts that they do when it merges files, which
 * may be days later, and ends the process.
 */
function areInOrder(file: Uint8Array, blocks: readonly BlockHandle[], bounds: TableBounds | null): boolean {
  let before = bounds?.smallest;
  let isFirst = true;
  for (const block of blocks) {
    for (const { key } of keysIn(file, block)) {
      if ((key.at(-INTERNAL_KEY_BYTES) ?? 0) > TYPE_ROW) return false;
      // Of the first key of all its bound is the same one.
      if (before !== undefined && compareKeys(before, key) >= (isFirst ? 1 : 0)) return false;
      before = key;
      isFirst = false;
    }
  }
  return bounds === null || before === undefined || compareKeys(before, bounds.largest) <= 0;
}

/** As LevelDB orders them: of several versions of a row the newest one first. */
function compareKeys(a: Uint8Array, b: Uint8Array): number {
  const version = (key: Uint8Array): bigint =>
    viewOf(key).getBigUint64(key.length - INTERNAL_KEY_BYTES, true);
  const rows = compareBytes(a.subarray(0, -INTERNAL_KEY_BYTES), b.subarray(0, -INTERNAL_KEY_BYTES));
  if (rows !== 0) return rows;
  return version(a) === version(b) ? 0 : version(a) > version(b) ? -1 : 1;
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

/** Entries of a block that lists blocks. */
function* entriesOf(file: Uint8Array, handle: BlockHandle): Generator<IndexEntry> {
  for (const { key, value } of keysIn(file, handle)) {
    const separator = key.subarray(0, Math.max(0, key.length - INTERNAL_KEY_BYTES));
    yield { separator, block: handleOf(value) };
  }
}

/** The entries of a block with their whole keys, of which each may begin with some bytes of the one before. */
function* keysIn(
  file: Uint8Array,
  { offset, size }: BlockHandle,
): Generator<{ readonly key: Uint8Array; readonly value: Uint8Array }> {
  const block = file.subarray(offset, offset + size);
  let key = new Uint8Array(0);
  for (const { shared, rest, value } of entriesIn(block, endOfEntries(block))) {
    const next = new Uint8Array(shared + rest.length);
    next.set(key.subarray(0, shared));
    next.set(rest, shared);
    key = next;
    yield { key, value };
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
function handleIn({ varint }: Pick<ReturnType<typeof reader>, 'varint'>): BlockHandle {
  return { offset: varint(), size: varint() };
}

function handleOf(value: Uint8Array): BlockHandle | null {
  try {
    return handleIn(reader(value, 0));
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

function hasChecksum(file: Uint8Array, { offset, size }: BlockHandle): boolean {
  const end = offset + size + 1;
  if (end + TRAILER_BYTES - 1 > file.length) return false;
  return viewOf(file).getUint32(end, true) === maskedChecksum(file, offset, end);
}
