import { join } from 'node:path';
import Type from 'typebox';
import { Value } from 'typebox/value';
import { EngineError, fromUtf8, utf8 } from '../../src/foundation/index.ts';
import type { StoreId } from '../../src/ring/index.ts';
import { readIfPresent, writeDurableFile } from './durable-file.ts';

const IDENTITY_FILE = 'store.json';
const IDENTITY = Type.Object(
  { format: Type.Literal(1), storeId: Type.String({ pattern: '^[0-9a-f]{32}$' }) },
  { additionalProperties: false },
);

/**
 * Compares the name of the store in a data folder with the one the ring document gives the node.
 * @returns whether the folder is named; a folder without a name is a new one.
 * @throws EngineError `INVALID_ARGUMENT` when it is another store, `STORE_FAILED` when the file is damaged
 */
export async function checkStoreIdentity(folder: string, expected: StoreId): Promise<boolean> {
  const path = join(folder, IDENTITY_FILE);
  const bytes = await readIfPresent(path);
  if (bytes === undefined) return false;
  const found = parseIdentity(bytes);
  if (found === undefined) {
    throw new EngineError('STORE_FAILED', `expected the name of a store in ${path}, got something else`);
  }
  if (found !== expected) {
    throw new EngineError(
      'INVALID_ARGUMENT',
      `expected store ${expected} in ${folder}, got store ${found}: point dataFolder at the folder of this node, or, if that store is gone for good, declare it lost in the ring document and give the node a new store id and an empty folder`,
    );
  }
  return true;
}

/** Names the store of a new data folder, durably. */
export async function writeStoreIdentity(folder: string, storeId: StoreId): Promise<void> {
  await writeDurableFile(join(folder, IDENTITY_FILE), utf8(`${JSON.stringify({ format: 1, storeId })}\n`));
}

function parseIdentity(bytes: Uint8Array): string | undefined {
  let json: unknown;
  try {
    json = JSON.parse(fromUtf8(bytes));
  } catch {
    return undefined;
  }
  return Value.Check(IDENTITY, json) ? json.storeId : undefined;
}
