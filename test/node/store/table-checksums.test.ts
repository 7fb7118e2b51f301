import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openDataFolder } from '../../../node/store/index.ts';
import { reader } from '../../../node/store/level-format.ts';
import { isOfValues, openLevelStore } from '../../../node/store/level-store.ts';
import { findDamagedTable } from '../../../node/store/table-checksums.ts';
import { hasCode, toHex, utf8 } from '../../../src/foundation/index.ts';
import { cryptoRandomBytes } from '../../../src/platform/index.ts';
import type { TableName } from '../../../src/ports/index.ts';
import { storeId } from '../../../src/ring/index.ts';
import { temporaryFolder } from '../../support/folders.ts';

const ROWS = 400;
const STORE_ID = storeId('0123456789abcdef0123456789abcdef');
const everyBlock = (_firstByte: number): boolean => false;

/** A database whose rows, written twice each, lie in a table file: LevelDB empties its log when it opens. */
async function databaseWith(tables: readonly TableName[]): Promise<string> {
  const folder = await temporaryFolder();
  for (const value of [1, 2]) {
    const store = await openLevelStore(folder);
    for (const table of tables) {
      await store.commit(
        Array.from({ length: ROWS }, (_, i) => ({
          kind: 'put',
          table,
          key: utf8(`row-${i}`),
          value: new Uint8Array(100).fill(value),
        })),
      );
    }
    await store.close();
  }
  await (await openLevelStore(folder)).close();
  return folder;
}

async function tablePaths(folder: string): Promise<readonly string[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.ldb')).sort();
  return names.map((name) => join(folder, name));
}

async function flip(path: string, at: number): Promise<void> {
  const bytes = await readFile(path);
  bytes[at] = (bytes[at] ?? 0) ^ 64;
  await writeFile(path, bytes);
}

/** In front of a block's first key stand three numbers. */
const FIRST_KEY_AT = 3;
const FOOTER_BYTES = 48;

/** The blocks of a table file, and where the list of blocks ends its words about each. */
function blocksOf(file: Uint8Array): readonly { readonly offset: number; readonly handleEnd: number }[] {
  const footer = reader(file, file.length - FOOTER_BYTES);
  const [, , indexAt, indexBytes] = [footer.varint(), footer.varint(), footer.varint(), footer.varint()];
  const index = reader(file, indexAt ?? 0, (indexAt ?? 0) + (indexBytes ?? 0));
  const found: { offset: number; handleEnd: number }[] = [];
  // Behind them stand a place of four bytes for each, the first of them 0, and their number.
  while (toHex(file.subarray(index.at(), index.at() + 4)) !== '00000000') {
    const [, rest, value] = [index.varint(), index.varint(), index.varint()];
    index.take(rest ?? 0);
    const offset = reader(index.take(value ?? 0), 0).varint();
    found.push({ offset, handleEnd: index.at() });
  }
  return found;
}

/** What is said of a database: that a block is damaged, or that LevelDB must not read it. */
const said = (folder: string, leave = everyBlock): Promise<string | null> =>
  findDamagedTable(folder, leave).catch((error: unknown) => {
    if (hasCode(error, 'STORE_FAILED')) return error.message;
    throw error;
  });

/** Flips one bit at so many places all over the file; gives how many of them are noticed. */
async function noticed(folder: string, places: number, leave = everyBlock): Promise<number> {
  const [path = ''] = await tablePaths(folder);
  const whole = await readFile(path);
  let count = 0;
  for (let i = 0; i < places; i++) {
    const spoilt = Uint8Array.from(whole);
    const at = Math.floor((i * whole.length) / places);
    spoilt[at] = (spoilt[at] ?? 0) ^ (1 << (i & 7));
    await writeFile(path, spoilt);
    if ((await said(folder, leave)) !== null) count += 1;
  }
  await writeFile(path, whole);
  return count;
}

describe('the checksums of table files', () => {
  test('are right in a database that nothing happened to, and in a folder without one', async () => {
    expect(await findDamagedTable(await databaseWith(['flags', 'values', 'meta']), everyBlock)).toBeNull();
    expect(await findDamagedTable(join(await temporaryFolder(), 'none'), everyBlock)).toBeNull();
  });

  test('show a flipped bit in every block', async () => {
    const folder = await databaseWith(['flags']);
    const places = 120;
    // None of these places lies in the footer, where some bytes mean nothing.
    expect(await noticed(folder, places)).toBe(places);
  });

  test('leave a block to its reader where all its rows check themselves', async () => {
    const folder = await databaseWith(['values']);
    const left = await noticed(folder, 50, isOfValues);
    expect(left).toBeLessThan(10);
    expect(await noticed(await databaseWith(['flags']), 50, isOfValues)).toBe(50);
  });

  test('show a file that ends too early', async () => {
    const folder = await databaseWith(['flags']);
    const [path = ''] = await tablePaths(folder);
    const whole = await readFile(path);
    for (const bytes of [0, 1, 47, 48, 1_000, whole.length - 1]) {
      await writeFile(path, whole.subarray(0, bytes));
      expect(await said(folder)).toContain('.ldb');
    }
  });

  test.each([
    ['a key without its own bytes', 1, 3],
    ['a length beyond the block', 2, 127],
    ['an entry that shares more than there is before it', 0, 9],
  ])(
    'refuse %s, over which LevelDB may end the process, also in a block that checks itself',
    async (...one) => {
      const [, at, byte] = one;
      const folder = await databaseWith(['values']);
      const [path = ''] = await tablePaths(folder);
      const bytes = await readFile(path);
      bytes[at] = byte;
      await writeFile(path, bytes);
      await expect(findDamagedTable(folder, isOfValues)).rejects.toMatchObject({ code: 'STORE_FAILED' });
    },
  );

  test('refuse a place to search from at which no entry begins', async () => {
    const folder = await databaseWith(['values']);
    const [path = ''] = await tablePaths(folder);
    const bytes = await readFile(path);
    // Sixteen entries of over a hundred bytes lie between two of the places, which stand behind them, the first of them 0.
    const places = Array.from(bytes.keys()).find(
      (at) =>
        at > 4_000 && bytes.readUInt32LE(at) === 0 && Math.abs(bytes.readUInt32LE(at + 4) - 2_000) < 400,
    );
    if (places === undefined) throw new Error('expected a block with places to search from');
    bytes[places + 4] = (bytes[places + 4] ?? 0) ^ 1;
    await writeFile(path, bytes);
    await expect(findDamagedTable(folder, isOfValues)).rejects.toMatchObject({ code: 'STORE_FAILED' });
  });

  test.each([
    ['between two rows', () => FIRST_KEY_AT + 'xrow-'.length, '9'],
    ['at the beginning of a file', () => FIRST_KEY_AT + 'xrow-'.length, '!'],
    ['at the end of a file', (bytes: Buffer) => bytes.lastIndexOf('row-99') + 'row-9'.length, ':'],
    ['in the type of a row', () => FIRST_KEY_AT + 'xrow-0'.length, '\u0002'],
  ])(
    'refuse a key out of order %s, over which LevelDB would end the process when it merges files',
    async (_where, at, text) => {
      const folder = await databaseWith(['values']);
      const [path = ''] = await tablePaths(folder);
      const bytes = await readFile(path);
      bytes[at(bytes)] = text.charCodeAt(0);
      await writeFile(path, bytes);
      await expect(findDamagedTable(folder, isOfValues)).rejects.toMatchObject({ code: 'STORE_FAILED' });
    },
  );

  test('are compared behind a wrong place in a list of blocks, and in the files behind a damaged one', async () => {
    const folder = await databaseWith(['flags']);
    const [path = ''] = await tablePaths(folder);
    const bytes = await readFile(path);
    const whole = Uint8Array.from(bytes);
    const [first, second] = blocksOf(bytes);
    if (first === undefined || second === undefined) throw new Error('expected a file of two blocks');
    // The last byte of a number says that there is another one.
    bytes[first.handleEnd - 1] = 255;
    await writeFile(path, bytes);
    expect(await findDamagedTable(folder, isOfValues)).toContain('checksum');
    // A key without its own bytes.
    bytes[second.offset + 1] = 3;
    await writeFile(path, bytes);
    await expect(findDamagedTable(folder, isOfValues)).rejects.toMatchObject({ code: 'STORE_FAILED' });

    await writeFile(path, whole);
    const [, next = ''] = await tablePaths(folder);
    await flip(path, 20);
    expect(await findDamagedTable(folder, isOfValues)).toContain('checksum');
    await flip(next, 1);
    await expect(findDamagedTable(folder, isOfValues)).rejects.toMatchObject({ code: 'STORE_FAILED' });
  });

  test('are not asked of a file that LevelDB was still writing when it was killed, or had merged into another one', async () => {
    const folder = await databaseWith(['flags', 'values']);
    const [path = ''] = await tablePaths(folder);
    const bytes = await readFile(path);
    for (const length of [0, 30, 1_000, 4_096, bytes.length - 1]) {
      await writeFile(join(folder, '000987.ldb'), bytes.subarray(0, length));
      expect(await said(folder)).toBeNull();
    }
    const store = await openLevelStore(folder);
    expect(await store.range('values', { from: utf8('row'), to: utf8('s'), limit: 1_000 })).toHaveLength(
      ROWS,
    );
    await store.close();
    expect(await tablePaths(folder)).not.toContain(join(folder, '000987.ldb'));
  });

  test('are asked of every file where the list of files says nothing', async () => {
    const folder = await databaseWith(['flags']);
    const [path = ''] = await tablePaths(folder);
    await flip(path, 20);
    const [list = ''] = (await readdir(folder)).filter((name) => name.startsWith('MANIFEST'));
    await flip(join(folder, list), 9);
    expect(await findDamagedTable(folder, everyBlock)).toContain('checksum');
  });
});

test('a data folder whose table file is damaged opens in doubt, also once LevelDB has written the file anew', async () => {
  const folder = await temporaryFolder();
  for (let run = 0; run < 2; run++) {
    const { store, doubt } = await openDataFolder(folder, STORE_ID, cryptoRandomBytes);
    expect(doubt).toBeNull();
    await store.commit([{ kind: 'put', table: 'flags', key: utf8('a'), value: new Uint8Array(50) }]);
    await store.close();
  }
  const [path = ''] = await tablePaths(join(folder, 'database'));
  const bytes = await readFile(path);
  bytes[20] = (bytes[20] ?? 0) ^ 1;
  await writeFile(path, bytes);
  const { store, doubt } = await openDataFolder(folder, STORE_ID, cryptoRandomBytes);
  expect(doubt).toContain('checksum');
  // Who is killed before its first commit has noted nothing in the database itself.
  await store.compact('flags', { from: utf8('a'), to: utf8('b') });
  await store.close();
  expect(await findDamagedTable(join(folder, 'database'), everyBlock)).toBeNull();
  const again = await openDataFolder(folder, STORE_ID, cryptoRandomBytes);
  await again.store.close();
  expect(again.doubt).toContain('checksum');
});
