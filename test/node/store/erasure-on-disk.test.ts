import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createRowSeal } from '../../../node/engine/row-seal.ts';
import { openLevelStore } from '../../../node/store/index.ts';
import { toHex, utf8 } from '../../../src/foundation/index.ts';
import { cryptoRandomBytes } from '../../../src/platform/index.ts';
import type { StoreOperation } from '../../../src/ports/index.ts';
import { temporaryFolder } from '../../support/folders.ts';

/** More than LevelDB keeps in its log, so that rows lie in table files of several levels. */
const ROWS = 2_000;
const CONTENT_BYTES = 3_000;
const WINDOW = utf8('window-1/');
const END = utf8('window-10');

/** A folder whose rows of one window are written, some of them twice, and deleted, among rows of others that stay. */
async function deletedRows() {
  const folder = await temporaryFolder();
  const store = await openLevelStore(folder);
  const seal = createRowSeal(cryptoRandomBytes);
  const key = cryptoRandomBytes(32);
  const ids = Array.from({ length: ROWS }, () => cryptoRandomBytes(16));
  const others = Array.from({ length: ROWS / 2 }, () => cryptoRandomBytes(16));
  const ciphertexts: Uint8Array[] = [];
  const keyOf = (window: Uint8Array, id: Uint8Array) => new Uint8Array([...window, ...id]);
  const write = async (window: Uint8Array, named: readonly Uint8Array[], place: number) => {
    const puts = named.slice(place, place + 100).map((id): StoreOperation => {
      const rowKey = keyOf(window, id);
      const value = seal.seal(key, 'values', rowKey, cryptoRandomBytes(CONTENT_BYTES));
      if (window === WINDOW) ciphertexts.push(value.slice(100, 132));
      return { kind: 'put', table: 'values', key: rowKey, value };
    });
    await store.commit(puts);
  };
  for (let place = 0; place < ROWS; place += 100) {
    await write(WINDOW, ids, place);
    if (place < others.length) await write(utf8('window-0/'), others, place);
  }
  for (let place = 0; place < 500; place += 100) await write(WINDOW, ids, place);
  const deletes = ids.map(
    (id): StoreOperation => ({ kind: 'delete', table: 'values', key: keyOf(WINDOW, id) }),
  );
  await store.commit(deletes);
  return { folder, store, ids, ciphertexts };
}

/** How many of the words, of at least four bytes, stand anywhere in the files of a folder: one pass over each. */
async function found(folder: string, words: readonly Uint8Array[]): Promise<number> {
  const names = (await readdir(folder)).filter((name) => /\.(?:ldb|log|sst)$/.test(name));
  const byHead = new Map<number, Buffer[]>();
  for (const word of words.map((bytes) => Buffer.from(bytes))) {
    const head = word.readUInt32BE(0);
    byHead.set(head, [...(byHead.get(head) ?? []), word]);
  }
  const seen = new Set<Buffer>();
  for (const name of names) {
    const file = await readFile(join(folder, name));
    let head = 0;
    for (let end = 1; end <= file.length; end++) {
      head = ((head << 8) | (file[end - 1] ?? 0)) >>> 0;
      const from = end - 4;
      for (const word of byHead.get(head) ?? []) {
        if (file.subarray(from, from + word.length).equals(word)) seen.add(word);
      }
    }
  }
  return seen.size;
}

/** What LevelDB leaves of a key whose neighbour begins alike. */
const tails = (ids: readonly Uint8Array[]) => ids.map((id) => id.slice(4));

test('after a compaction neither a deleted row nor its id is left in any file, and the others are', async () => {
  const { folder, store, ids, ciphertexts } = await deletedRows();
  await store.compact('values', { from: WINDOW, to: END });
  expect(await found(folder, ciphertexts)).toBe(0);
  expect(await found(folder, tails(ids))).toBe(0);
  const rest = await store.range('values', { from: utf8('window-0/'), to: END, limit: ROWS });
  expect(new Set(rest.map(([key]) => toHex(key))).size).toBe(ROWS / 2);
  await store.close();
});

test('without it they are all still there: what the search would miss, it would miss here too', async () => {
  const { folder, store, ids, ciphertexts } = await deletedRows();
  expect(await found(folder, ciphertexts)).toBeGreaterThan(ROWS / 2);
  expect(await found(folder, tails(ids))).toBe(ROWS);
  await store.close();
});

test('a few rows that never left the log are gone as well', async () => {
  const folder = await temporaryFolder();
  const store = await openLevelStore(folder);
  const secret = cryptoRandomBytes(40);
  const key = new Uint8Array([...WINDOW, 7]);
  await store.commit([{ kind: 'put', table: 'values', key, value: secret }]);
  await store.commit([{ kind: 'delete', table: 'values', key }]);
  expect(await found(folder, [secret])).toBe(1);
  await store.compact('values', { from: WINDOW, to: END });
  expect(await found(folder, [secret])).toBe(0);
  await store.close();
});
