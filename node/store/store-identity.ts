import { join } from 'node:path';
import { EngineError, fromUtf8, type Static, Type, utf8, validatorOf } from '../../src/foundation/index.ts';
import type { StoreId } from '../../src/ring/index.ts';
import { readIfPresent, writeDurableFile } from './durable-file.ts';

const IDENTITY_FILE = 'store.json';
/** How rows lie in the database; may change until 1.0. */
const FORMAT = 3;
const IDENTITY = Type.Object(
  { format: Type.Integer(), storeId: Type.String({ pattern: '^[0-9a-f]{32}$' }) },
  { additionalProperties: false },
);

/**
 * Compares the name of the store in a data folder with the one the ring document gives the node.
 * @returns whether the folder is named; a folder without a name is a new one.
 * @throws EngineError `INVALID_ARGUMENT` when it is another store, or one of another format, `STORE_FAILED` when the file is damaged
 */
export async function checkStoreIdentity(folder: string, expected: StoreId): Promise<boolean> {
  const path = join(folder, IDENTITY_FILE);
  const bytes = await readIfPresent(path);
  if (bytes === undefined) return false;
  const found = parseIdentity(bytes);
  if (found === undefined) {
    throw new EngineError('STORE_FAILED', `expected the name of a store in ${path}, got something else`);
  }
  if (found.format !== FORMAT) {
    throw new EngineError(
      'INVALID_ARGUMENT',
      `expected a store of format ${FORMAT} in ${folder}, got format ${found.format}: start the node with the version of m-cloud that wrote it, or, as with a lost store, give it a new store id and an empty folder`,
    );
  }
  if (found.storeId !== expected) {
    throw new EngineError(
      'INVALID_ARGUMENT',
      `expected store ${expected} in ${folder}, got store ${found.storeId}: point dataFolder at the folder of this node, or, if that store is gone for good, declare it lost in the ring document and give the node a new store id and an empty folder`,
    );
  }
  return true;
}

/** Names the store of a new data folder, durably. */
export async function writeStoreIdentity(folder: string, storeId: StoreId): Promise<void> {
  await writeDurableFile(
    join(folder, IDENTITY_FILE),
    utf8(`${JSON.stringify({ format: FORMAT, storeId })}\n`),
  );
}

function parseIdentity(bytes: Uint8Array): Static<typeof IDENTITY> | undefined {
  let json: unknown;
  try {
    json = JSON.parse(fromUtf8(bytes));
  } catch {
    return undefined;
  }
  return validatorOf(IDENTITY).check(json) ? json : undefined;
}
