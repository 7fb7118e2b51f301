import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { EngineError, systemCode, systemReason } from '../../src/foundation/index.ts';

const SECRET_MODE = 0o600;
const PUBLIC_MODE = 0o644;
const FOLDER_MODE = 0o700;

/** A file of a folder to make. */
export interface NewFile {
  /** Relative to the folder. */
  readonly path: string;
  readonly text: string;
  /** Readable by its owner only. */
  readonly secret: boolean;
}

export function openFile(path: string, text: string): NewFile {
  return { path, text, secret: false };
}

export function secretFile(path: string, text: string): NewFile {
  return { path, text, secret: true };
}

/** A JSON file as people read it. */
export function jsonFile(path: string, value: object): NewFile {
  return openFile(path, `${JSON.stringify(value, null, 2)}\n`);
}

/**
 * Writes files into a new folder, all or none.
 * @throws EngineError `INVALID_ARGUMENT` when the folder exists or cannot be made
 */
export async function writeNewFolder(folder: string, files: readonly NewFile[]): Promise<void> {
  const root = resolve(folder);
  await makeNewFolder(root);
  try {
    for (const file of files) {
      const path = join(root, file.path);
      await mkdir(dirname(path), { recursive: true, mode: FOLDER_MODE });
      await writeFile(path, file.text, { flag: 'wx', mode: file.secret ? SECRET_MODE : PUBLIC_MODE });
    }
  } catch (error) {
    // Half a folder would be refused by the next attempt and be of no use to anyone.
    await rm(root, { recursive: true, force: true });
    throw unusable('a new folder', root, error);
  }
}

/**
 * Writes one public file that does not exist yet.
 * @throws EngineError `INVALID_ARGUMENT`
 */
export async function writeNewFile(path: string, text: string): Promise<void> {
  try {
    await writeFile(path, text, { flag: 'wx', mode: PUBLIC_MODE });
  } catch (error) {
    if (systemCode(error) === 'EEXIST') {
      throw new EngineError('INVALID_ARGUMENT', `expected a file that does not exist yet, got ${path}`);
    }
    throw unusable('a new file', path, error);
  }
}

/**
 * Writes a public file, in place of one that may be there: whole or not at all.
 * @throws EngineError `INVALID_ARGUMENT`
 */
export function replaceFile(path: string, text: string): Promise<void> {
  return replace(path, text, PUBLIC_MODE);
}

/** The same for a file that only its owner may read. @throws EngineError `INVALID_ARGUMENT` */
export function replaceSecret(path: string, text: string): Promise<void> {
  return replace(path, text, SECRET_MODE);
}

async function replace(path: string, text: string, mode: number): Promise<void> {
  try {
    // A file that is left of an earlier attempt would keep its mode.
    await rm(`${path}.unfinished`, { force: true });
    await writeFile(`${path}.unfinished`, text, { flag: 'wx', mode });
    await rename(`${path}.unfinished`, path);
  } catch (error) {
    throw unusable('a file', path, error);
  }
}

/** Fails on a folder that exists: its keys may be the only ones of a running cluster. */
async function makeNewFolder(root: string): Promise<void> {
  try {
    await mkdir(dirname(root), { recursive: true });
    await mkdir(root, { mode: FOLDER_MODE });
  } catch (error) {
    if (systemCode(error) === 'EEXIST') {
      throw new EngineError('INVALID_ARGUMENT', `expected a folder that does not exist yet, got ${root}`);
    }
    throw unusable('a new folder', root, error);
  }
}

function unusable(what: string, path: string, error: unknown): EngineError {
  return new EngineError(
    'INVALID_ARGUMENT',
    `expected a place for ${what}, got ${systemReason(error)} at ${path}`,
    {},
    { cause: error },
  );
}
