import { describe, expect, it } from 'vitest';
import { COMMIT_RECORDS_MAX, commitRecords, readCommitLog } from '../../../node/engine/commit-log.ts';
import { createRowSeal, type RowSeal } from '../../../node/engine/row-seal.ts';
import { cryptoRandomBytes } from '../../../src/platform/index.ts';
import { createMemoryStore, type MemoryStore } from '../../support/memory-store.ts';
import { fc, test } from '../../support/property.ts';
import { dropRow, flipBit } from '../../support/tampering.ts';

const KEY = new Uint8Array(32).fill(7);
const rowSeal = createRowSeal(cryptoRandomBytes);

const countsAt = (seq: number) => ({ flags: 2 * seq, values: 3 * seq });

/** A disk with the records of the commit groups `first` to `last`. */
async function diskWith(first: number, last: number): Promise<MemoryStore> {
  const store = createMemoryStore();
  for (let seq = first; seq <= last; seq++) {
    await store.commit(commitRecords(rowSeal, KEY, seq, countsAt(seq)));
  }
  return store;
}

const read = (store: MemoryStore) => readCommitLog(store, rowSeal, KEY);

describe('the commit records of a store', () => {
  it('say which group was the last and how many rows there were after it', async () => {
    expect(await read(await diskWith(1, 9))).toEqual({ seq: 9, counts: countsAt(9), doubt: null });
  });

  it('are none on a new disk, and that is no doubt', async () => {
    expect(await read(createMemoryStore())).toEqual({
      seq: 0,
      counts: { flags: 0, values: 0 },
      doubt: null,
    });
  });

  test.prop([fc.integer({ min: 2, max: 30 }), fc.nat()], { numRuns: 40 })(
    'put the store in doubt when any of them but the last is gone',
    async (last, place) => {
      const store = await diskWith(1, last);
      const gone = place % (last - 1);
      await dropRow(store, 'meta', gone);
      const { seq, doubt } = await read(store);
      expect(seq).toBe(last);
      expect(doubt).toBe(`commit records ${gone + 1} to ${gone + 1} are missing`);
    },
  );

  it('name the whole gap where several groups are gone', async () => {
    const store = await diskWith(1, 9);
    for (let i = 0; i < 3; i++) await dropRow(store, 'meta', 4);
    expect((await read(store)).doubt).toBe('commit records 5 to 7 are missing');
  });

  it('can not show that the last ones are gone: that only the other nodes know', async () => {
    const store = await diskWith(1, 9);
    await dropRow(store, 'meta', 8);
    expect(await read(store)).toEqual({ seq: 8, counts: countsAt(8), doubt: null });
  });

  it('put the store in doubt when one was changed or moved', async () => {
    const changed = await diskWith(1, 5);
    flipBit(changed, 'meta', 2);
    expect((await read(changed)).doubt).toBe('commit record 3 does not authenticate');

    const moved = await diskWith(1, 5);
    const [third, fourth] = moved.rows('meta').slice(2);
    if (third === undefined || fourth === undefined) throw new Error('expected five records');
    moved.put('meta', third[0], fourth[1]);
    expect((await read(moved)).doubt).toBe('commit record 3 does not authenticate');
  });

  it('keep the first reason where there are several', async () => {
    const store = await diskWith(1, 9);
    flipBit(store, 'meta', 1);
    await dropRow(store, 'meta', 6);
    expect((await read(store)).doubt).toBe('commit record 2 does not authenticate');
  });

  it('put the store in doubt when the first ones are missing', async () => {
    expect((await read(await diskWith(4, 9))).doubt).toBe('commit records 1 to 3 are missing');
    const late = COMMIT_RECORDS_MAX + 50;
    expect((await read(await diskWith(late - 2, late))).doubt).toBe(
      `commit records 51 to ${late - 3} are missing`,
    );
  });
});

describe('commit records that are no longer kept', () => {
  /** Sealing is beside the point here, and there are very many records. */
  const plainly: RowSeal = {
    seal: (_key, _table, _rowKey, plain) => plain,
    open: (_key, _table, _rowKey, plain) => plain,
  };
  const last = COMMIT_RECORDS_MAX + 100;

  it('are not missed, as long as all that should be kept are there', async () => {
    const store = createMemoryStore();
    for (let seq = 101; seq <= last; seq++) {
      const [record] = commitRecords(plainly, KEY, seq, countsAt(seq));
      if (record?.kind === 'put') store.put('meta', record.key, record.value);
    }
    expect(await readCommitLog(store, plainly, KEY)).toEqual({
      seq: last,
      counts: countsAt(last),
      doubt: null,
    });
    await store.commit(commitRecords(plainly, KEY, last + 1, countsAt(last + 1)));
    expect(store.rows('meta')).toHaveLength(COMMIT_RECORDS_MAX);
    expect((await readCommitLog(store, plainly, KEY)).doubt).toBeNull();
    await dropRow(store, 'meta', 0);
    expect((await readCommitLog(store, plainly, KEY)).doubt).toBe('commit records 102 to 102 are missing');
  });

  it('go with the first group that makes them too many', () => {
    const kinds = (seq: number) => commitRecords(plainly, KEY, seq, countsAt(seq)).map(({ kind }) => kind);
    expect(kinds(COMMIT_RECORDS_MAX)).toEqual(['put']);
    expect(kinds(COMMIT_RECORDS_MAX + 1)).toEqual(['put', 'delete']);
  });
});
