import { describe, expect, it } from 'vitest';
import {
  COMMIT_GROUP_MAX,
  type Journal,
  openJournal,
  STAGED_OPERATIONS_MAX,
} from '../../../node/engine/journal.ts';
import { fromUtf8, utf8 } from '../../../src/foundation/index.ts';
import type { StoreOperation } from '../../../src/ports/index.ts';
import { createMemoryStore, type MemoryStore } from '../../support/memory-store.ts';
import { fc, test } from '../../support/property.ts';

const put = (key: string, value: string): StoreOperation => ({
  kind: 'put',
  table: 'windows',
  key: utf8(key),
  value: utf8(value),
});
const remove = (key: string): StoreOperation => ({ kind: 'delete', table: 'windows', key: utf8(key) });

function journalOver(store: MemoryStore, lastSeq = 0): Journal {
  return openJournal(store, { seq: lastSeq, counts: { flags: 0, values: 0 } }, (seq) => [
    { kind: 'put', table: 'meta', key: utf8('commit'), value: utf8(String(seq)) },
  ]);
}

async function textOf(journal: Journal, key: string): Promise<string | undefined> {
  const [row] = await journal.read('windows', [utf8(key)]);
  return row && fromUtf8(row);
}

/** The keys of each commit, without the record of its number. */
const keysOf = (store: MemoryStore): string[][] =>
  store.commits.map((operations) =>
    operations.filter(({ table }) => table !== 'meta').map(({ key }) => fromUtf8(key)),
  );

/** What became of a promise so far. */
function watch(promise: Promise<unknown>): { state: string } {
  const seen = { state: 'waiting' };
  promise.then(
    () => {
      seen.state = 'done';
    },
    (error) => {
      seen.state = String(error.code);
    },
  );
  return seen;
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('writes', () => {
  it('count no records below none, where a store has lost the numbers of some', async () => {
    const journal = journalOver(createMemoryStore());
    journal.stage([{ kind: 'delete', table: 'values', key: utf8('lost') }]);
    await journal.synced();
    expect(journal.counts()).toEqual({ flags: 0, values: 0 });
  });

  it('gather while a commit runs, and go to the disk as one group in their order', async () => {
    const store = createMemoryStore();
    store.hold();
    const journal = journalOver(store);
    journal.stage([put('a', '1')]);
    journal.stage([put('b', '1')]);
    journal.stage([put('c', '1'), remove('a')]);
    expect(keysOf(store)).toEqual([['a']]);
    await store.release();
    expect(keysOf(store)).toEqual([['a'], ['b', 'c', 'a']]);
    await store.release();
    expect(await textOf(journal, 'a')).toBeUndefined();
    expect(await textOf(journal, 'c')).toBe('1');
  });

  it('are numbered on from the last group on disk, in the same batch', async () => {
    const store = createMemoryStore();
    const journal = journalOver(store, 41);
    expect(journal.commitSeq()).toBe(41);
    journal.stage([put('a', '1')]);
    await journal.synced();
    expect(journal.commitSeq()).toBe(42);
    expect(store.rows('meta').map(([, value]) => fromUtf8(value))).toEqual(['42']);
    journal.stage([]);
    await journal.synced();
    expect(journal.commitSeq()).toBe(42);
  });

  it('never make a group that is larger than one synced batch may be', async () => {
    const store = createMemoryStore();
    store.hold();
    const journal = journalOver(store);
    const some = (from: number) => Array.from({ length: 3_000 }, (_, i) => put(`${from + i}`, ''));
    for (let i = 0; i < 5; i++) journal.stage(some(3_000 * i));
    const done = watch(journal.synced());
    for (let i = 0; i < 4 && done.state === 'waiting'; i++) await store.release();
    expect(done.state).toBe('done');
    const sizes = keysOf(store).map(({ length }) => length);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(COMMIT_GROUP_MAX);
    expect(sizes.reduce((a, b) => a + b)).toBe(15_000);
  });

  it('are refused as a whole when too many wait for the disk, and taken again afterwards', async () => {
    const store = createMemoryStore();
    store.hold();
    const journal = journalOver(store);
    journal.stage(Array.from({ length: STAGED_OPERATIONS_MAX - 1 }, (_, i) => put(String(i), '')));
    expect(() => journal.stage([put('x', '1'), put('y', '1')])).toThrow(
      expect.objectContaining({ code: 'OVERLOADED' }),
    );
    expect(await textOf(journal, 'x')).toBeUndefined();
    journal.stage([put('z', '1')]);
    await store.release();
    await store.release();
    journal.stage([put('x', '1')]);
    expect(await textOf(journal, 'x')).toBe('1');
  });
});

describe('reading', () => {
  it('sees what is staged before it is on disk, deletions too', async () => {
    const store = createMemoryStore();
    store.put('windows', utf8('b'), utf8('old'));
    store.hold();
    const journal = journalOver(store);
    journal.stage([put('a', 'new'), remove('b')]);
    const rows = await journal.read('windows', [utf8('b'), utf8('a'), utf8('c')]);
    expect(rows.map((row) => row && fromUtf8(row))).toEqual([undefined, 'new', undefined]);
    expect(await journal.read('values', [utf8('a')])).toEqual([undefined]);
  });

  it('goes to the disk again once the write is there', async () => {
    const store = createMemoryStore();
    const journal = journalOver(store);
    journal.stage([put('a', '1')]);
    await journal.synced();
    store.put('windows', utf8('a'), utf8('changed beneath'));
    expect(await textOf(journal, 'a')).toBe('changed beneath');
  });

  it('keeps to the newest write of a key while an older one arrives on disk', async () => {
    const store = createMemoryStore();
    store.hold();
    const journal = journalOver(store);
    journal.stage([put('a', '1')]);
    journal.stage([put('a', '2')]);
    await store.release();
    expect(await textOf(journal, 'a')).toBe('2');
    journal.stage([put('a', '3')]);
    await store.release();
    expect(await textOf(journal, 'a')).toBe('3');
    await store.release();
    expect(await textOf(journal, 'a')).toBe('3');
  });

  const anyKey = fc.constantFrom('a', 'b', 'c');
  const anyStep = fc.oneof(
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('put'), key: anyKey, value: fc.string() }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('delete'), key: anyKey }) },
    { weight: 2, arbitrary: fc.constant({ kind: 'release' }) },
  );
  test.prop([fc.array(fc.array(anyStep, { minLength: 1, maxLength: 3 }), { maxLength: 12 })], {
    numRuns: 60,
  })('shows at every moment the last write of each key, and so does the disk at the end', async (steps) => {
    const store = createMemoryStore();
    store.hold();
    const journal = journalOver(store);
    const model = new Map<string, string>();
    let staged = 0;
    for (const step of steps.flat()) {
      if ('value' in step) {
        journal.stage([put(step.key, step.value)]);
        model.set(step.key, step.value);
      } else if ('key' in step) {
        journal.stage([remove(step.key)]);
        model.delete(step.key);
      } else if (store.commits.length > staged) {
        staged += 1;
        await store.release();
      }
      for (const key of ['a', 'b', 'c']) expect(await textOf(journal, key)).toBe(model.get(key));
    }
    while (store.commits.length > staged) {
      staged += 1;
      await store.release();
    }
    const disk = store.rows('windows').map(([key, value]) => [fromUtf8(key), fromUtf8(value)]);
    expect(new Map(disk as [string, string][])).toEqual(model);
  });
});

describe('waiting for the disk', () => {
  it('ends with the group of what was staged before, and not with a later one', async () => {
    const store = createMemoryStore();
    store.hold();
    const journal = journalOver(store);
    journal.stage([put('a', '1')]);
    const first = watch(journal.synced());
    journal.stage([put('b', '1')]);
    const second = watch(journal.synced());
    await turn();
    expect([first.state, second.state]).toEqual(['waiting', 'waiting']);
    await store.release();
    expect([first.state, second.state]).toEqual(['done', 'waiting']);
    journal.stage([put('c', '1')]);
    await store.release();
    expect(second.state).toBe('done');
  });

  it('is over at once where nothing is staged', async () => {
    await expect(journalOver(createMemoryStore()).synced()).resolves.toBeUndefined();
  });

  it('is what closing does', async () => {
    const store = createMemoryStore();
    store.hold();
    const journal = journalOver(store);
    journal.stage([put('a', '1')]);
    const closed = watch(journal.close());
    await turn();
    expect(closed.state).toBe('waiting');
    await store.release();
    expect(closed.state).toBe('done');
  });
});

describe('a disk that refuses a write', () => {
  it('fails everyone who waits and everyone who comes later, and is written no more', async () => {
    const store = createMemoryStore();
    store.hold();
    const journal = journalOver(store);
    journal.stage([put('a', '1')]);
    const first = watch(journal.synced());
    journal.stage([put('b', '1')]);
    const second = watch(journal.synced());
    const reported = watch(journal.failed);
    await store.fail();
    expect([first.state, second.state, reported.state]).toEqual(['STORE_FAILED', 'STORE_FAILED', 'done']);
    expect(() => journal.stage([put('c', '1')])).toThrow(expect.objectContaining({ code: 'STORE_FAILED' }));
    await expect(journal.synced()).rejects.toMatchObject({ code: 'STORE_FAILED' });
    expect(keysOf(store)).toEqual([['a']]);
    expect(journal.commitSeq()).toBe(0);
    await journal.close();
  });
});
