import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** LevelDB's log: blocks of 32 KiB with records of a 7-byte header (checksum, length, type) and their bytes. */
const BLOCK_BYTES = 32_768;
const HEADER_BYTES = 7;
const LENGTH_AT = 4;

/** Folder of the database inside a node's data folder. */
const DATABASE = 'database';

/** Paths of LevelDB's files of one kind inside a data folder, oldest first. */
export async function levelFiles(dataFolder: string, name: RegExp): Promise<readonly string[]> {
  const folder = join(dataFolder, DATABASE);
  const names = (await readdir(folder)).filter((file) => name.test(file)).sort();
  return names.map((file) => join(folder, file));
}

/** The log that newest commits went to. */
export async function newestLog(dataFolder: string): Promise<string> {
  const path = (await levelFiles(dataFolder, /^\d+\.log$/)).at(-1);
  if (path === undefined) throw new Error('expected the store to have a log');
  return path;
}

/** Offsets at which a record of a log begins, and the end of the last one. */
export function recordBoundaries(log: Uint8Array): readonly number[] {
  const view = new DataView(log.buffer, log.byteOffset, log.byteLength);
  const boundaries: number[] = [];
  let at = 0;
  while (at + HEADER_BYTES <= log.length) {
    const leftInBlock = BLOCK_BYTES - (at % BLOCK_BYTES);
    if (leftInBlock < HEADER_BYTES) {
      at += leftInBlock;
      continue;
    }
    boundaries.push(at);
    at += HEADER_BYTES + view.getUint16(at + LENGTH_AT, true);
  }
  return [...boundaries, at];
}

export async function cutFile(path: string, bytes: number): Promise<void> {
  const whole = await readFile(path);
  await writeFile(path, whole.subarray(0, bytes));
}

/** @param bit counted from the beginning of the file. */
export async function flipBitOf(path: string, bit: number): Promise<void> {
  const bytes = await readFile(path);
  const at = bit >> 3;
  bytes[at] = (bytes[at] ?? 0) ^ (1 << (bit & 7));
  await writeFile(path, bytes);
}
