import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareBytes, toHex, utf8 } from '../../src/foundation/index.ts';
import type { Store, StoreOperation, TableName } from '../../src/ports/index.ts';

/** How the suite gets stores: each call of `create` an empty one, whose disk `reopen` opens again. */
export interface StoreFactory {
  create(): Promise<{ readonly store: Store; reopen(): Promise<Store> }>;
}

const TABLES: readonly TableName[] = ['documents', 'flags', 'meta', 'values', 'windows'];
const LAST = new Uint8Array(8).fill(0xff);
const EVERYTHING = { from: new Uint8Array(), to: LAST, limit: 100_000 };

/** What src/ports/store.ts promises, as tests; every Store runs them. */
export function describeStore(name: string, factory: StoreFactory): void {
  describe(`${name} is a Store`, () => {
    describeRows(factory);
    describeRanges(factory);
    describeCommits(factory);
  });
}

function describeRows(factory: StoreFactory): void {
  test('rows are read in the order of the asked keys, with undefined where there is none', async () => {
    const { store } = await factory.create();
    await store.commit([put('flags', 'a', '1'), put('flags', 'b', '2')]);
    const rows = await store.getMany('flags', [utf8('b'), utf8('x'), utf8('a'), utf8('b')]);
    expect(rows.map((row) => row && toHex(row))).toEqual(['32', undefined, '31', '32']);
    expect(await store.getMany('flags', [])).toEqual([]);
    await store.close();
  });

  test('tables do not see each other, whatever their keys are', async () => {
    const { store } = await factory.create();
    await store.commit(TABLES.map((table) => put(table, 'same', table)));
    for (const table of TABLES) {
      expect(text(await store.range(table, EVERYTHING))).toEqual([['same', table]]);
    }
    await store.commit([{ kind: 'delete', table: 'flags', key: utf8('same') }]);
    expect(await store.range('flags', EVERYTHING)).toEqual([]);
    expect(text(await store.range('values', EVERYTHING))).toEqual([['same', 'values']]);
    await store.close();
  });

  test('empty values and empty keys are rows like others', async () => {
    const { store } = await factory.create();
    await store.commit([put('meta', 'k', ''), put('meta', '', 'v')]);
    const rows = await store.getMany('meta', [utf8('k'), utf8('')]);
    expect(rows).toEqual([new Uint8Array(), utf8('v')]);
    expect(text(await store.range('meta', EVERYTHING))).toEqual([
      ['', 'v'],
      ['k', ''],
    ]);
    await store.close();
  });

  test('what a caller does to its arrays after a commit or a read changes no row', async () => {
    const { store } = await factory.create();
    const value = utf8('value');
    await store.commit([{ kind: 'put', table: 'meta', key: utf8('k'), value }]);
    value.fill(0);
    const [first] = await store.getMany('meta', [utf8('k')]);
    first?.fill(0);
    expect(await store.getMany('meta', [utf8('k')])).toEqual([utf8('value')]);
    await store.close();
  });
}

function describeRanges(factory: StoreFactory): void {
  test('a range is in byte order and equals a sorted map under any writes', async () => {
    const key = fc.uint8Array({ maxLength: 4 });
    const write = fc.record({ key, value: fc.option(fc.uint8Array({ maxLength: 3 })) });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(write, { maxLength: 8 }), { maxLength: 6 }),
        key,
        key,
        async (commits, from, to) => {
          const { store } = await factory.create();
          const model = new Map<string, readonly [Uint8Array, Uint8Array]>();
          for (const writes of commits) {
            await store.commit(writes.map((w) => operation('values', w.key, w.value)));
            for (const w of writes) {
              if (w.value === null) model.delete(toHex(w.key));
              else model.set(toHex(w.key), [w.key, w.value]);
            }
          }
          const expected = [...model.values()]
            .filter(([k]) => compareBytes(k, from) >= 0 && compareBytes(k, to) < 0)
            .sort(([a], [b]) => compareBytes(a, b));
          expect(await store.range('values', { from, to, limit: 1_000 })).toEqual(expected);
          const last = await store.range('values', { from, to, limit: 2, backward: true });
          expect(last).toEqual(expected.slice(-2).reverse());
          await store.close();
        },
      ),
      { numRuns: 25 },
    );
  });

  test('paging on from the last key finds every row once', async () => {
    const { store } = await factory.create();
    const keys = Array.from({ length: 1_000 }, (_, i) => Uint8Array.of(i >> 8, i & 0xff));
    await store.commit(keys.map((key) => operation('values', key, key)));
    const found: Uint8Array[] = [];
    let from: Uint8Array = new Uint8Array();
    for (;;) {
      const page = await store.range('values', { from, to: LAST, limit: 97 });
      expect(page.length).toBeLessThanOrEqual(97);
      const last = page.at(-1);
      if (last === undefined) break;
      found.push(...page.map(([key]) => key));
      // The smallest key above the last one.
      from = Uint8Array.of(...last[0], 0);
    }
    expect(found).toEqual(keys);
    await store.close();
  });

  test('a range includes its start and excludes its end', async () => {
    const { store } = await factory.create();
    await store.commit(['a', 'b', 'c'].map((key) => put('flags', key, '')));
    const rows = await store.range('flags', { from: utf8('a'), to: utf8('c'), limit: 10 });
    expect(text(rows).map(([key]) => key)).toEqual(['a', 'b']);
    await store.close();
  });
}

function describeCommits(factory: StoreFactory): void {
  test('committed rows are there after closing and opening again', async () => {
    const { store, reopen } = await factory.create();
    await store.commit([put('flags', 'a', '1'), put('values', 'b', '2')]);
    await store.commit([{ kind: 'delete', table: 'flags', key: utf8('a') }]);
    await store.close();
    const again = await reopen();
    expect(await again.getMany('flags', [utf8('a')])).toEqual([undefined]);
    expect(await again.getMany('values', [utf8('b')])).toEqual([utf8('2')]);
    await again.close();
  });

  test('the last operation of a commit on a key wins', async () => {
    const { store } = await factory.create();
    await store.commit([
      put('meta', 'k', '1'),
      { kind: 'delete', table: 'meta', key: utf8('k') },
      put('meta', 'k', '2'),
    ]);
    expect(await store.getMany('meta', [utf8('k')])).toEqual([utf8('2')]);
    await store.commit([]);
    await store.close();
  });

  test('a reader never sees a part of a commit', async () => {
    const { store } = await factory.create();
    const keys = Array.from({ length: 50 }, (_, i) => utf8(`row-${i}`));
    const commits: Promise<void>[] = [];
    for (let round = 0; round < 20; round++) {
      commits.push(store.commit(keys.map((key) => operation('values', key, Uint8Array.of(round)))));
      const seen = new Set((await store.range('values', EVERYTHING)).map(([, value]) => value[0]));
      expect(seen.size).toBeLessThanOrEqual(1);
    }
    await Promise.all(commits);
    await store.close();
  });

  test('concurrent commits take effect in the order of their calls', async () => {
    const { store, reopen } = await factory.create();
    const commits = Array.from({ length: 200 }, (_, i) =>
      store.commit([put('meta', 'last', `${i}`), put('values', `row-${i}`, `${i}`)]),
    );
    await Promise.all(commits);
    await store.close();
    const again = await reopen();
    expect(await again.getMany('meta', [utf8('last')])).toEqual([utf8('199')]);
    expect(await again.range('values', EVERYTHING)).toHaveLength(200);
    await again.close();
  });

  test('a commit of many rows is one commit', async () => {
    const { store } = await factory.create();
    const value = new Uint8Array(100).fill(7);
    const operations = Array.from({ length: 20_000 }, (_, i) =>
      operation('values', Uint8Array.of(i >> 16, (i >> 8) & 0xff, i & 0xff), value),
    );
    await store.commit(operations);
    expect(await store.range('values', EVERYTHING)).toHaveLength(20_000);
    await store.close();
  });

  test('closing twice is closing once, and what was committed before is kept', async () => {
    const { store, reopen } = await factory.create();
    const commit = store.commit([put('meta', 'k', 'v')]);
    await Promise.all([store.close(), store.close()]);
    await commit;
    await store.close();
    const again = await reopen();
    expect(await again.getMany('meta', [utf8('k')])).toEqual([utf8('v')]);
    await again.close();
  });

  test('compacting takes nothing away but what was deleted, also while commits come', async () => {
    const { store, reopen } = await factory.create();
    const keys = Array.from({ length: 50 }, (_, i) => `k${String(i).padStart(2, '0')}`);
    await store.commit(keys.map((key) => put('values', key, `value of ${key}`)));
    await store.commit([put('flags', 'k10', 'flag'), put('values', 'k', 'v'), put('values', 'l', 'w')]);
    const deleted = keys.slice(10, 40);
    await store.commit(deleted.map((key) => ({ kind: 'delete', table: 'values', key: utf8(key) })));
    const compacting = store.compact('values', { from: utf8('k'), to: utf8('l') });
    const during = store.commit([put('values', 'k20', 'again')]);
    await Promise.all([compacting, during]);
    const left = [...keys.slice(0, 10), 'k20', ...keys.slice(40)];
    const expected = [['k', 'v'], ...left.map((key) => [key, key === 'k20' ? 'again' : `value of ${key}`])];
    for (const opened of [store, undefined]) {
      const at = opened ?? (await reopen());
      expect(text(await at.range('values', EVERYTHING))).toEqual([...expected, ['l', 'w']]);
      expect(text(await at.range('flags', EVERYTHING))).toEqual([['k10', 'flag']]);
      await at.close();
    }
  });

  test('a closed store refuses every call', async () => {
    const { store } = await factory.create();
    await store.close();
    await expect(store.commit([put('meta', 'k', 'v')])).rejects.toMatchObject({ code: 'NOT_READY' });
    await expect(store.getMany('meta', [utf8('k')])).rejects.toMatchObject({ code: 'NOT_READY' });
    await expect(store.range('meta', EVERYTHING)).rejects.toMatchObject({ code: 'NOT_READY' });
    await expect(store.compact('meta', EVERYTHING)).rejects.toMatchObject({ code: 'NOT_READY' });
  });
}

function put(table: TableName, key: string, value: string): StoreOperation {
  return operation(table, utf8(key), utf8(value));
}

function operation(table: TableName, key: Uint8Array, value: Uint8Array | null): StoreOperation {
  return value === null ? { kind: 'delete', table, key } : { kind: 'put', table, key, value };
}

function text(rows: readonly (readonly [Uint8Array, Uint8Array])[]): string[][] {
  return rows.map((row) => row.map((bytes) => new TextDecoder().decode(bytes)));
}
