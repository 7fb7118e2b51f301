import { join } from 'node:path';
import { EngineError, utf8 } from '../../src/foundation/index.ts';
import type { RandomBytes, Store, TableName, WindowKeys } from '../../src/ports/index.ts';
import type { StoreId } from '../../src/ring/index.ts';
import { makeFolder, readIfPresent, writeDurableFile } from './durable-file.ts';
import { isOfValues, openLevelStore } from './level-store.ts';
import { checkStoreIdentity, writeStoreIdentity } from './store-identity.ts';
import { findDamagedTable } from './table-checksums.ts';
import { openWindowKeys } from './window-keys.ts';

const DATABASE_FOLDER = 'database';
const KEYS_FOLDER = 'keys';
/** Why the database is in doubt; there from the moment that it was noticed. */
const DOUBT_FILE = 'in-doubt.txt';
const TABLES: readonly TableName[] = ['documents', 'flags', 'meta', 'values', 'windows'];

export interface DataFolder {
  readonly store: Store;
  readonly windowKeys: WindowKeys;
  /** Why the database may have forgotten something it acknowledged, or null. */
  readonly doubt: string | null;
}

/**
 * Opens everything a node keeps on disk: the store's name, the database, the window keys.
 *
 * A named folder without its database, or a database with rows but without a name, is refused: either way
 * something of a store that has voted is gone, and it must not vote again under its old name.
 * @throws EngineError `DATA_FOLDER_UNUSABLE`, `STORE_LOCKED`, `STORE_FAILED`, `INVALID_ARGUMENT` (another store)
 */
export async function openDataFolder(
  folder: string,
  storeId: StoreId,
  randomBytes: RandomBytes,
): Promise<DataFolder> {
  await makeFolder(folder);
  const named = await checkStoreIdentity(folder, storeId);
  const database = join(folder, DATABASE_FOLDER);
  const doubt = await findDoubt(folder, database);
  const store = await openLevelStore(database, { createIfMissing: !named });
  try {
    if (!named) {
      await refuseUnnamedRows(store, folder);
      await writeStoreIdentity(folder, storeId);
    }
    const windowKeys = await openWindowKeys(join(folder, KEYS_FOLDER), randomBytes);
    return { store, windowKeys, doubt };
  } catch (error) {
    await store.close();
    throw error;
  }
}

/**
 * Before LevelDB may merge what is damaged into new files with good checksums, and on the disk before that as well: who is killed during
 * such a start would otherwise find nothing wrong at the next one.
 */
async function findDoubt(folder: string, database: string): Promise<string | null> {
  const path = join(folder, DOUBT_FILE);
  const known = await readIfPresent(path);
  const damaged = await findDamagedTable(database, isOfValues);
  if (known !== undefined) return `found by an earlier start: ${new TextDecoder().decode(known).trim()}`;
  if (damaged !== null) await writeDurableFile(path, utf8(`${damaged}\n`));
  return damaged;
}

async function refuseUnnamedRows(store: Store, folder: string): Promise<void> {
  for (const table of TABLES) {
    const rows = await store.range(table, {
      from: new Uint8Array(),
      to: Uint8Array.of(0xff, 0xff, 0xff, 0xff),
      limit: 1,
    });
    if (rows.length > 0) {
      throw new EngineError(
        'INVALID_ARGUMENT',
        `expected an empty folder or a named store in ${folder}, got a database without store.json`,
      );
    }
  }
}
