import { join } from 'node:path';
import { concat } from '../../src/foundation/index.ts';
import { readIfPresent } from './durable-file.ts';
import { maskedChecksum, reader, viewOf } from './level-format.ts';

/** LevelDB's log: blocks of this length, of records with a header, which are cut into pieces where a block ends. */
const LOG_BLOCK_BYTES = 32_768;
/** Checksum, length and type of a piece. */
const PIECE_HEADER_BYTES = 7;
const [WHOLE, FIRST, , LAST] = [1, 2, 3, 4];

/** The first and the last key of a table file, as LevelDB orders keys. */
export interface TableBounds {
  readonly smallest: Uint8Array;
  readonly largest: Uint8Array;
}

/**
 * The table files that make up a database, by the numbers in their names. What else there is LevelDB was writing, or had merged
 * into others, when it was ended, and removes when it opens.
 * @returns null where the list of them cannot be read: LevelDB then opens nothing.
 * @throws EngineError `STORE_FAILED`
 */
export async function liveTables(folder: string): Promise<ReadonlyMap<number, TableBounds> | null> {
  const current = await readIfPresent(join(folder, 'CURRENT'));
  const [name] = /^MANIFEST-\d+(?=\n$)/.exec(String.fromCharCode(...(current ?? []))) ?? [];
  const list = name === undefined ? undefined : await readIfPresent(join(folder, name));
  if (list === undefined) return null;
  try {
    const files = new Map<string, readonly [number, TableBounds]>();
    for (const edit of logRecords(list)) applyEdit(edit, files);
    return new Map(files.values());
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/**
 * The records of a log, up to one that a crash has cut off.
 * @throws RangeError where a checksum is wrong.
 */
function* logRecords(log: Uint8Array): Generator<Uint8Array> {
  const view = viewOf(log);
  let pieces: Uint8Array[] = [];
  for (let at = 0; at + PIECE_HEADER_BYTES <= log.length; ) {
    const left = LOG_BLOCK_BYTES - (at % LOG_BLOCK_BYTES);
    const length = left < PIECE_HEADER_BYTES ? 0 : view.getUint16(at + 4, true);
    const type = left < PIECE_HEADER_BYTES ? 0 : (log[at + 6] ?? 0);
    if (type === 0 && length === 0) {
      at += left;
      continue;
    }
    const from = at + PIECE_HEADER_BYTES;
    at = from + length;
    if (at > log.length) return;
    if (view.getUint32(from - PIECE_HEADER_BYTES, true) !== maskedChecksum(log, from - 1, at))
      throw new RangeError('a record of the log does not have its checksum');
    if (type === WHOLE || type === FIRST) pieces = [];
    pieces.push(log.subarray(from, at));
    if (type === WHOLE || type === LAST) yield concat(...pieces);
  }
}

/** @throws RangeError where it is no change of the list of files. */
function applyEdit(edit: Uint8Array, files: Map<string, readonly [number, TableBounds]>): void {
  const { varint, sized, ended } = reader(edit, 0);
  const added: (readonly [string, number, TableBounds])[] = [];
  while (!ended()) {
    const field = varint();
    // The name of the order, and three numbers.
    if (field === 1) sized();
    else if (field === 2 || field === 3 || field === 4 || field === 9) varint();
    // Where the next merge of a level begins.
    else if (field === 5) [varint(), sized()];
    else if (field === 6) files.delete(`${varint()}/${varint()}`);
    else if (field === 7) {
      const [level, number] = [varint(), varint()];
      // How long it is.
      varint();
      added.push([`${level}/${number}`, number, { smallest: sized(), largest: sized() }]);
    } else throw new RangeError(`a field ${field} in the list of files`);
  }
  for (const [name, number, bounds] of added) files.set(name, [number, bounds]);
}
