import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { EngineError } from '../../src/foundation/index.ts';
import type { KeyName, RandomBytes, WindowKeys } from '../../src/ports/index.ts';
import { type StreamHash, streamHash, type WindowId, windowId } from '../../src/ring/index.ts';
import { destroyFile, makeFolder, readIfPresent, UNFINISHED, writeDurableFile } from './durable-file.ts';

/** AES-256. */
const KEY_BYTES = 32;

/**
 * Window keys as files of their own: a database keeps deleted bytes in old files until it compacts, a key
 * must be gone when it is destroyed.
 * @throws EngineError `DATA_FOLDER_UNUSABLE`
 */
export async function openWindowKeys(folder: string, randomBytes: RandomBytes): Promise<WindowKeys> {
  await makeFolder(folder);
  await removeUnfinished(folder);
  // One entry per window that is not erased; destroying a key removes its entry.
  const cache = new Map<string, Uint8Array>();
  // Calls for one key run one after the other: two creations at once would leave rows under a lost key.
  const turns = new Map<string, Promise<unknown>>();

  function inTurn<T>(path: string, act: () => Promise<T>): Promise<T> {
    const turn = (turns.get(path) ?? Promise.resolve()).then(act, act);
    turns.set(path, turn);
    const leave = () => {
      if (turns.get(path) === turn) turns.delete(path);
    };
    turn.then(leave, leave);
    return turn;
  }

  async function read(path: string): Promise<Uint8Array | undefined> {
    const cached = cache.get(path);
    if (cached !== undefined) return cached;
    const key = await readIfPresent(path);
    if (key === undefined) return undefined;
    if (key.length !== KEY_BYTES) {
      throw new EngineError(
        'ROW_CORRUPT',
        `expected a key of ${KEY_BYTES} bytes in ${path}, got ${key.length}`,
      );
    }
    cache.set(path, key);
    return key;
  }

  return {
    create: (stream, window, group) => {
      const path = keyPath(folder, stream, window, group);
      return inTurn(path, async () => {
        const known = await read(path);
        if (known !== undefined) return known;
        const key = randomBytes(KEY_BYTES);
        await writeDurableFile(path, key);
        cache.set(path, key);
        return key;
      });
    },
    find: (stream, window, group) => {
      const path = keyPath(folder, stream, window, group);
      const cached = cache.get(path);
      return cached === undefined ? inTurn(path, () => read(path)) : Promise.resolve(cached);
    },
    async list() {
      const names = await readdir(folder);
      return names.flatMap((name) => keyName(name) ?? []);
    },
    destroy: (stream, window, group) => {
      const path = keyPath(folder, stream, window, group);
      return inTurn(path, async () => {
        // The array is not wiped: a row under way would be written under a key of zeros.
        cache.delete(path);
        await destroyFile(path);
      });
    },
  };
}

/** Reads the name of a key file back; undefined for another file. */
function keyName(file: string): KeyName | undefined {
  const found = /^([0-9a-f]{64})-(\d+)-(\d+)\.key$/.exec(file);
  if (found === null) return undefined;
  const [, stream = '', window = '', group = ''] = found;
  return { stream: streamHash(stream), window: windowId(Number(window)), group: Number(group) };
}

function keyPath(folder: string, stream: StreamHash, window: WindowId, group: number): string {
  return join(folder, `${stream}-${window}-${group}.key`);
}

/** A crash during a creation leaves a part of a key that nothing was ever written under. */
async function removeUnfinished(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (name.endsWith(UNFINISHED)) await rm(join(folder, name), { force: true });
  }
}
