import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { EngineError, explainedCode, systemCode, systemReason } from '../../src/foundation/index.ts';

/** Read and written by the node's own user only. */
const PRIVATE_FILE = 0o600;
const PRIVATE_FOLDER = 0o700;

/** Ending of a file that is not whole yet; a crash may leave one behind. */
export const UNFINISHED = '.unfinished';

/** @throws EngineError `DATA_FOLDER_UNUSABLE` */
export async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: PRIVATE_FOLDER });
    await syncFolder(dirname(folder));
  } catch (error) {
    throw new EngineError(
      'DATA_FOLDER_UNUSABLE',
      `expected to create and write the folder ${folder}, got ${systemReason(error)}`,
      {},
      { cause: error },
    );
  }
}

/**
 * Writes a file that after a crash is there whole or not at all: synced under another name, then renamed, then
 * the folder synced, because a rename alone may be undone by a power cut.
 * @throws EngineError `STORE_FAILED`
 */
export async function writeDurableFile(path: string, bytes: Uint8Array): Promise<void> {
  try {
    const unfinished = path + UNFINISHED;
    const file = await open(unfinished, 'w', PRIVATE_FILE);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(unfinished, path);
    await syncFolder(dirname(path));
  } catch (error) {
    throw diskFailure(`write ${path}`, error);
  }
}

/**
 * Destroys a file for good: its bytes are written over and synced before its name goes, because a removal alone
 * leaves them on the disk. Nothing happens where there is none.
 * @throws EngineError `STORE_FAILED`
 */
export async function destroyFile(path: string): Promise<void> {
  try {
    const known = await readIfPresent(path);
    if (known !== undefined) {
      const file = await open(path, 'r+');
      try {
        await file.write(new Uint8Array(known.length), 0, known.length, 0);
        await file.sync();
      } finally {
        await file.close();
      }
    }
    await rm(path, { force: true });
    await syncFolder(dirname(path));
  } catch (error) {
    throw diskFailure(`remove ${path}`, error);
  }
}

/**
 * The bytes of a file, or `undefined` where there is none.
 * @throws EngineError `STORE_FAILED`
 */
export async function readIfPresent(path: string): Promise<Uint8Array | undefined> {
  try {
    return new Uint8Array(await readFile(path));
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw diskFailure(`read ${path}`, error);
  }
}

/** Makes the names in a folder durable: a synced file in an unsynced folder can vanish with its name. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** LevelDB has one code for whatever the disk refuses; the system's own words stand behind the name of a file. */
const LEVEL_WORDS: readonly (readonly [words: string, code: string])[] = [
  ['No space left on device', 'ENOSPC'],
  ['Disk quota exceeded', 'EDQUOT'],
  ['Input/output error', 'EIO'],
  ['Read-only file system', 'EROFS'],
  ['Too many open files', 'EMFILE'],
  ['Permission denied', 'EACCES'],
];

function diskCode(error: unknown): string {
  const code = systemCode(error);
  if (code !== 'LEVEL_IO_ERROR') return code;
  let text = '';
  for (let at: unknown = error; at instanceof Error; at = at.cause) text = at.message;
  return LEVEL_WORDS.find(([words]) => text.endsWith(words))?.[1] ?? code;
}

/** @param doing what was tried, with the path: the log is all that a person has. */
export function diskFailure(doing: string, error: unknown): EngineError {
  const code = diskCode(error);
  const advice = code === 'ENOSPC' || code === 'EDQUOT' ? '; make room there, then start the node again' : '';
  return new EngineError(
    'STORE_FAILED',
    `expected to ${doing}, got ${explainedCode(code)}${advice}`,
    {},
    { cause: error },
  );
}
