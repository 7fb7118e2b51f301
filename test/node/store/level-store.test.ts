import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Level } from 'level';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { openLevelStore } from '../../../node/store/index.ts';
import { utf8 } from '../../../src/foundation/index.ts';
import type { StoreOperation } from '../../../src/ports/index.ts';
import { describeStore } from '../../conformance/store-conformance.ts';
import { temporaryFolder } from '../../support/folders.ts';

describeStore('the Level store', {
  async create() {
    const folder = await temporaryFolder();
    return { store: await openLevelStore(folder), reopen: () => openLevelStore(folder) };
  },
});

describe('the Level store on a disk with problems', () => {
  test('a folder that another store has open is STORE_LOCKED', async () => {
    const folder = await temporaryFolder();
    const store = await openLevelStore(folder);
    onTestFinished(() => store.close());
    await expect(openLevelStore(folder)).rejects.toMatchObject({ code: 'STORE_LOCKED' });
  });

  test('a file where the folder should be is DATA_FOLDER_UNUSABLE', async () => {
    const file = join(await temporaryFolder(), 'taken');
    await writeFile(file, '');
    await expect(openLevelStore(file)).rejects.toMatchObject({ code: 'DATA_FOLDER_UNUSABLE' });
    await expect(openLevelStore(join(file, 'below'))).rejects.toMatchObject({ code: 'DATA_FOLDER_UNUSABLE' });
  });

  test('a folder without a database is refused where one is expected', async () => {
    const folder = await temporaryFolder();
    await expect(openLevelStore(folder, { createIfMissing: false })).rejects.toMatchObject({
      code: 'STORE_FAILED',
    });
  });

  test('records that LevelDB dropped after a flipped byte are noticed, also at the second start', async () => {
    const folder = await temporaryFolder();
    const store = await openLevelStore(folder);
    for (let i = 0; i < 50; i++) await store.commit([row(i)]);
    await store.close();
    await flipByte(folder, /\.log$/, 2_000);
    const first = openLevelStore(folder);
    await expect(first).rejects.toMatchObject({ code: 'STORE_FAILED' });
    await expect(first).rejects.toThrow(/declare the store lost/);
    await expect(openLevelStore(folder)).rejects.toMatchObject({ code: 'STORE_FAILED' });
  });

  test('a compaction whose write the disk refuses is the last write, as any other is', async () => {
    const store = await openLevelStore(await temporaryFolder());
    await store.commit([row(0)]);
    const begun = vi.spyOn(Level.prototype, 'batch').mockImplementation(() => {
      const refused = Object.assign(new Error('IO error: No space left on device'), {
        code: 'LEVEL_IO_ERROR',
      });
      const batch = { put: () => batch, del: () => batch, write: () => Promise.reject(refused) };
      return batch as never;
    });
    const range = { from: new Uint8Array(), to: utf8('z') };
    await expect(store.compact('values', range)).rejects.toMatchObject({ code: 'STORE_FAILED' });
    begun.mockRestore();
    await expect(store.commit([row(1)])).rejects.toMatchObject({ code: 'STORE_FAILED' });
    await store.close();
  });

  test('a log that ends in the middle of an unsynced record is an ordinary crash', async () => {
    const folder = await temporaryFolder();
    const store = await openLevelStore(folder);
    for (let i = 0; i < 50; i++) await store.commit([row(i)]);
    await store.close();
    const path = await onlyFile(folder, /\.log$/);
    const bytes = await readFile(path);
    await writeFile(path, bytes.subarray(0, bytes.length - 10));
    const again = await openLevelStore(folder);
    const rows = await again.range('values', { from: new Uint8Array(), to: utf8('z'), limit: 100 });
    expect(rows).toHaveLength(49);
    await again.close();
  });
});

function row(i: number): StoreOperation {
  return { kind: 'put', table: 'values', key: utf8(`row-${i}`), value: new Uint8Array(100).fill(i) };
}

async function flipByte(folder: string, name: RegExp, at: number): Promise<void> {
  const path = await onlyFile(folder, name);
  const bytes = await readFile(path);
  expect(bytes.length).toBeGreaterThan(at);
  bytes[at] = (bytes[at] ?? 0) ^ 0x10;
  await writeFile(path, bytes);
}

async function onlyFile(folder: string, name: RegExp): Promise<string> {
  const found = (await readdir(folder)).filter((file) => name.test(file));
  expect(found).toHaveLength(1);
  return join(folder, found[0] ?? '');
}
