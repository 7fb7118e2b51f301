import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openDataFolder } from '../../../node/store/index.ts';
import { utf8 } from '../../../src/foundation/index.ts';
import { cryptoRandomBytes } from '../../../src/platform/index.ts';
import { storeId } from '../../../src/ring/index.ts';
import { temporaryFolder } from '../../support/folders.ts';

const STORE = storeId('01'.repeat(16));
const OTHER = storeId('02'.repeat(16));

function open(folder: string, id = STORE) {
  return openDataFolder(folder, id, cryptoRandomBytes);
}

async function usedFolder(): Promise<string> {
  const folder = join(await temporaryFolder(), 'deep', 'data');
  const { store } = await open(folder);
  await store.commit([{ kind: 'put', table: 'meta', key: utf8('k'), value: utf8('v') }]);
  await store.close();
  return folder;
}

test('a folder that does not exist is made, and opens again under the same store id', async () => {
  const { store } = await open(await usedFolder());
  expect(await store.getMany('meta', [utf8('k')])).toEqual([utf8('v')]);
  await store.close();
});

test('the folder of another store is refused with what to do', async () => {
  const folder = await usedFolder();
  await expect(open(folder, OTHER)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  await expect(open(folder, OTHER)).rejects.toThrow(/dataFolder.*declare it lost/);
});

test('a named folder whose database is gone does not start an empty one', async () => {
  const folder = await usedFolder();
  await rm(join(folder, 'database'), { recursive: true });
  await expect(open(folder)).rejects.toMatchObject({ code: 'STORE_FAILED' });
  await expect(open(folder)).rejects.toMatchObject({ code: 'STORE_FAILED' });
});

test('a database with rows but without a name is refused', async () => {
  const folder = await usedFolder();
  await rm(join(folder, 'store.json'));
  await expect(open(folder)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
});

test('a damaged name is an error, not a new store', async () => {
  const folder = await usedFolder();
  await writeFile(join(folder, 'store.json'), '{"format":1}');
  await expect(open(folder)).rejects.toMatchObject({ code: 'STORE_FAILED' });
});

test('a store of another format is refused and named', async () => {
  const folder = await usedFolder();
  await writeFile(join(folder, 'store.json'), JSON.stringify({ format: 1, storeId: STORE }));
  await expect(open(folder)).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: expect.stringContaining(`expected a store of format 3 in ${folder}, got format 1`),
  });
});

test('a start that ended between database and name starts again', async () => {
  const folder = await temporaryFolder();
  const first = await open(folder);
  await first.store.close();
  await rm(join(folder, 'store.json'));
  const second = await open(folder);
  await second.store.close();
});

test('a refused folder is left unlocked', async () => {
  const folder = await usedFolder();
  await rm(join(folder, 'store.json'));
  await expect(open(folder)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  await writeFile(join(folder, 'store.json'), JSON.stringify({ format: 3, storeId: STORE }));
  const { store } = await open(folder);
  await store.close();
});
