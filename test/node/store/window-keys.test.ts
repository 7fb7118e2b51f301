import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openWindowKeys } from '../../../node/store/index.ts';
import { cryptoRandomBytes } from '../../../src/platform/index.ts';
import { streamHash, windowId } from '../../../src/ring/index.ts';
import { temporaryFolder } from '../../support/folders.ts';

const STREAM = streamHash('ab'.repeat(32));
const OTHER_STREAM = streamHash('cd'.repeat(32));
const WINDOW = windowId(1_700_000_000_000);

test('a key is made once, found by everybody after, and kept over a restart', async () => {
  const folder = await temporaryFolder();
  const keys = await openWindowKeys(folder, cryptoRandomBytes);
  expect(await keys.find(STREAM, WINDOW, 0)).toBeUndefined();
  const [first, second] = await Promise.all([keys.create(STREAM, WINDOW, 0), keys.create(STREAM, WINDOW, 0)]);
  expect(first).toHaveLength(32);
  expect(second).toEqual(first);
  expect(await keys.create(OTHER_STREAM, WINDOW, 0)).not.toEqual(first);
  expect(await keys.create(STREAM, WINDOW, 1)).not.toEqual(first);
  expect(await keys.find(STREAM, WINDOW, 0)).toEqual(first);
  const reopened = await openWindowKeys(folder, cryptoRandomBytes);
  expect(await reopened.find(STREAM, WINDOW, 0)).toEqual(first);
  expect(await reopened.create(STREAM, WINDOW, 0)).toEqual(first);
});

test('a key file holds the key alone and only its owner may read it', async () => {
  const folder = await temporaryFolder();
  const keys = await openWindowKeys(folder, cryptoRandomBytes);
  const key = await keys.create(STREAM, WINDOW, 0);
  const names = await readdir(folder);
  expect(names).toEqual([`${STREAM}-${WINDOW}-0.key`]);
  const path = join(folder, names[0] ?? '');
  expect(new Uint8Array(await readFile(path))).toEqual(key);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
});

test('a destroyed key is gone from memory and disk; destroying again is nothing', async () => {
  const folder = await temporaryFolder();
  const keys = await openWindowKeys(folder, cryptoRandomBytes);
  await keys.create(STREAM, WINDOW, 0);
  await keys.create(OTHER_STREAM, WINDOW, 3);
  await keys.destroy(OTHER_STREAM, WINDOW, 3);
  expect(await keys.list()).toEqual([{ stream: STREAM, window: WINDOW, group: 0 }]);
  await keys.destroy(STREAM, WINDOW, 0);
  await keys.destroy(STREAM, WINDOW, 0);
  expect(await keys.list()).toEqual([]);
  expect(await keys.find(STREAM, WINDOW, 0)).toBeUndefined();
  expect(await readdir(folder)).toEqual([]);
});

test('a file of another length is no key, and no new one takes its place', async () => {
  const folder = await temporaryFolder();
  await writeFile(join(folder, `${STREAM}-${WINDOW}-0.key`), new Uint8Array(31));
  const keys = await openWindowKeys(folder, cryptoRandomBytes);
  await expect(keys.find(STREAM, WINDOW, 0)).rejects.toMatchObject({ code: 'ROW_CORRUPT' });
  await expect(keys.create(STREAM, WINDOW, 0)).rejects.toMatchObject({ code: 'ROW_CORRUPT' });
});

test('what a crash left of an unfinished key is removed', async () => {
  const folder = await temporaryFolder();
  await writeFile(join(folder, `${STREAM}-${WINDOW}.key.unfinished`), new Uint8Array(7));
  const keys = await openWindowKeys(folder, cryptoRandomBytes);
  expect(await keys.find(STREAM, WINDOW, 0)).toBeUndefined();
  expect(await readdir(folder)).toEqual([]);
});
