import { describe, expect, it } from 'vitest';
import { createCorruptRows } from '../../../node/engine/corrupt-rows.ts';
import { openJournal } from '../../../node/engine/journal.ts';
import { createRowSeal } from '../../../node/engine/row-seal.ts';
import { afterKey, createTables, endOfPrefix, SCAN_PAGE_ROWS } from '../../../node/engine/tables.ts';
import { compareBytes, fromUtf8, utf8 } from '../../../src/foundation/index.ts';
import { cryptoRandomBytes } from '../../../src/platform/index.ts';
import { createMemoryStore } from '../../support/memory-store.ts';
import { fc, test } from '../../support/property.ts';
import { recordingLog } from '../../support/recording-log.ts';

const NOTHING = { seq: 0, counts: { flags: 0, values: 0 } };
const KEY = new Uint8Array(32).fill(1);

async function tablesWith(rows: readonly string[]) {
  const store = createMemoryStore();
  const log = recordingLog();
  const journal = openJournal(store, NOTHING, () => []);
  const corrupt = createCorruptRows(log, () => {});
  const tables = createTables({ journal, rowSeal: createRowSeal(cryptoRandomBytes), corrupt });
  journal.stage(rows.map((name) => tables.put('values', KEY, utf8(name), utf8(`share of ${name}`))));
  await journal.synced();
  return {
    tables,
    log,
    corrupt,
    spoil(name: string) {
      const sealed = store
        .rows('values')
        .find(([key]) => fromUtf8(key) === name)?.[1]
        .slice();
      if (sealed === undefined) throw new Error(`expected a row ${name}`);
      sealed[sealed.length - 1] = (sealed.at(-1) ?? 0) ^ 1;
      store.put('values', utf8(name), sealed);
    },
    async scanned(prefix: string, after?: string) {
      const found: [string, string | null][] = [];
      const start = after === undefined ? undefined : utf8(after);
      for await (const { key, plain } of tables.scan('values', KEY, utf8(prefix), start)) {
        found.push([fromUtf8(key), plain === null ? null : fromUtf8(plain)]);
      }
      return found;
    },
  };
}

describe('the rows of a table', () => {
  it('are read in the order of their keys, with undefined where there is none', async () => {
    const { tables } = await tablesWith(['a', 'b']);
    const rows = await tables.readMany('values', KEY, [utf8('b'), utf8('x'), utf8('a')]);
    expect(rows.map((row) => row && fromUtf8(row))).toEqual(['share of b', undefined, 'share of a']);
  });

  it('are scanned by the beginning of their key, from a place on', async () => {
    const { scanned } = await tablesWith(['a', 'b1', 'b2', 'b3', 'c']);
    expect((await scanned('b')).map(([key]) => key)).toEqual(['b1', 'b2', 'b3']);
    expect((await scanned('b', 'b1')).map(([key]) => key)).toEqual(['b2', 'b3']);
    expect(await scanned('d')).toEqual([]);
  });

  it('are scanned page by page without a gap or a row twice', async () => {
    const names = Array.from({ length: 2 * SCAN_PAGE_ROWS }, (_, i) => `p${String(i).padStart(5, '0')}`);
    const { scanned } = await tablesWith([...names, 'q']);
    expect((await scanned('p')).map(([key]) => key)).toEqual(names);
  });
});

describe('a row that was changed on disk', () => {
  it('is refused, counted and logged without a word of what is in it', async () => {
    const { tables, log, corrupt, spoil, scanned } = await tablesWith(['a', 'b']);
    expect(corrupt.count()).toBe(0);
    spoil('a');
    await expect(tables.readMany('values', KEY, [utf8('b'), utf8('a')])).rejects.toMatchObject({
      code: 'ROW_CORRUPT',
    });
    expect(await scanned('')).toEqual([
      ['a', null],
      ['b', 'share of b'],
    ]);
    const peeked = await tables.peekMany('values', KEY, [utf8('a'), utf8('x')]);
    expect(peeked).toEqual([null, undefined]);
    expect(corrupt.count()).toBeGreaterThan(0);
    expect(log.lines.join()).toContain('does not authenticate');
    expect(log.lines.join()).not.toContain('share of');
  });

  it('of another place does not pass for this one', async () => {
    const { tables } = await tablesWith(['a']);
    const moved = await tablesWith(['b']);
    const put = tables.put('values', KEY, utf8('a'), utf8('moved'));
    const store = createMemoryStore();
    if (put.kind === 'put') store.put('values', utf8('b'), put.value);
    const journal = openJournal(store, NOTHING, () => []);
    const others = createTables({
      journal,
      rowSeal: createRowSeal(cryptoRandomBytes),
      corrupt: createCorruptRows(moved.log, () => {}),
    });
    await expect(others.readMany('values', KEY, [utf8('b')])).rejects.toMatchObject({ code: 'ROW_CORRUPT' });
  });
});

describe('the end of a prefix', () => {
  const anyBytes = fc.uint8Array({ minLength: 1, maxLength: 6 });
  test.prop([anyBytes.filter((prefix) => prefix.some((byte) => byte < 255)), anyBytes])(
    'lies above every key that begins with it and below none of the others that follow',
    (prefix, rest) => {
      const end = endOfPrefix(prefix);
      expect(compareBytes(Uint8Array.of(...prefix, ...rest), end)).toBeLessThan(0);
      expect(compareBytes(Uint8Array.of(...prefix, 255, 255, 255), end)).toBeLessThan(0);
      const begins = prefix.every((byte, i) => byte === rest[i]);
      if (!begins && compareBytes(rest, prefix) > 0)
        expect(compareBytes(rest, end)).toBeGreaterThanOrEqual(0);
    },
  );

  test.prop([anyBytes, anyBytes])('a key after a key has nothing in between', (key, other) => {
    const next = afterKey(key);
    expect(compareBytes(key, next)).toBeLessThan(0);
    if (compareBytes(other, key) > 0) expect(compareBytes(other, next)).toBeGreaterThanOrEqual(0);
  });
});
