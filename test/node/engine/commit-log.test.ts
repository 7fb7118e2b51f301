import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  COMMIT_BYTES_KEPT_MIN,
  COMMIT_RECORDS_DROPPED_MAX,
  openCommitLog,
} from '../../../node/engine/commit-log.ts';
import { createRowSeal } from '../../../node/engine/row-seal.ts';
import { openLevelStore, WRITE_BUFFER_BYTES_MAX } from '../../../node/store/level-store.ts';
import { cryptoRandomBytes } from '../../../src/platform/index.ts';
import type { StoreOperation } from '../../../src/ports/index.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { createMemoryStore, type MemoryStore } from '../../support/memory-store.ts';
import { fc, test } from '../../support/property.ts';
import { dropRow, flipBit } from '../../support/tampering.ts';

const KEY = new Uint8Array(32).fill(7);
const rowSeal = createRowSeal(cryptoRandomBytes);

const countsAt = (seq: number) => ({ flags: 2 * seq, values: 3 * seq });

const ZEROS = new Uint8Array(2 * COMMIT_BYTES_KEPT_MIN);

/** A group that writes so many bytes. */
const writing = (bytes: number): readonly StoreOperation[] => [
  { kind: 'put', table: 'values', key: new Uint8Array(0), value: ZEROS.subarray(0, bytes) },
];

/** A disk with the records of the commit groups 1 to `last`, of so many bytes each. */
async function diskWith(last: number, bytes = 1_000): Promise<MemoryStore> {
  const store = createMemoryStore();
  const { record } = await openCommitLog(store, rowSeal, KEY);
  for (let seq = 1; seq <= last; seq++) await store.commit(record(seq, countsAt(seq), writing(bytes)));
  return store;
}

async function read(store: MemoryStore) {
  const { seq, counts, doubt } = await openCommitLog(store, rowSeal, KEY);
  return { seq, counts, doubt };
}

describe('the commit records of a store', () => {
  it('say which group was the last and how many rows there were after it', async () => {
    expect(await read(await diskWith(9))).toEqual({ seq: 9, counts: countsAt(9), doubt: null });
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
      const store = await diskWith(last);
      const gone = place % (last - 1);
      await dropRow(store, 'meta', gone);
      const { seq, doubt } = await read(store);
      expect(seq).toBe(last);
      const which = gone === 0 ? 'before 2' : `${gone + 1} to ${gone + 1}`;
      expect(doubt).toBe(`commit records ${which} are missing`);
    },
  );

  it('name the whole gap where several groups are gone', async () => {
    const store = await diskWith(9);
    for (let i = 0; i < 3; i++) await dropRow(store, 'meta', 4);
    expect((await read(store)).doubt).toBe('commit records 5 to 7 are missing');
  });

  it('can not show that the last ones are gone: that only the other nodes know', async () => {
    const store = await diskWith(9);
    await dropRow(store, 'meta', 8);
    expect(await read(store)).toEqual({ seq: 8, counts: countsAt(8), doubt: null });
  });

  it('put the store in doubt when one was changed or moved', async () => {
    const changed = await diskWith(5);
    flipBit(changed, 'meta', 2);
    expect((await read(changed)).doubt).toBe('commit record 3 does not authenticate');

    const moved = await diskWith(5);
    const [third, fourth] = moved.rows('meta').slice(2);
    if (third === undefined || fourth === undefined) throw new Error('expected five records');
    moved.put('meta', third[0], fourth[1]);
    expect((await read(moved)).doubt).toBe('commit record 3 does not authenticate');
  });

  it.each([
    ['no number', [1, 0x80]],
    ['a number that no store comes to', [3, 0x40]],
  ])(
    'put the store in doubt, and do not keep its node from going on, when one has %s',
    async (_, [at = 0, bit = 0]) => {
      const store = await diskWith(5);
      const [, , third] = store.rows('meta');
      if (third === undefined) throw new Error('expected five records');
      const [key, sealed] = third;
      const damaged = key.slice();
      damaged[at] = bit;
      await dropRow(store, 'meta', 2);
      store.put('meta', damaged, sealed);
      const log = await openCommitLog(store, rowSeal, KEY);
      expect(log.seq).toBe(5);
      expect(log.doubt).toMatch(/^commit record/);
      await store.commit(log.record(6, countsAt(6), writing(1)));
      expect((await read(store)).seq).toBe(6);
    },
  );

  it('keep the first reason where there are several', async () => {
    const store = await diskWith(9);
    flipBit(store, 'meta', 1);
    await dropRow(store, 'meta', 6);
    expect((await read(store)).doubt).toBe('commit record 2 does not authenticate');
  });

  it('put the store in doubt when the first ones are missing', async () => {
    const store = await diskWith(9);
    for (let i = 0; i < 3; i++) await dropRow(store, 'meta', 0);
    expect((await read(store)).doubt).toBe('commit records before 4 are missing');
  });
});

describe('commit records that are no longer kept', () => {
  const BYTES = COMMIT_BYTES_KEPT_MIN / 8;
  const seqsIn = (store: MemoryStore) => store.rows('meta').map(([key]) => key.at(-1));

  it('are those behind which enough was written, and are not missed', async () => {
    const store = await diskWith(12, BYTES);
    expect(seqsIn(store)).toEqual([4, 5, 6, 7, 8, 9, 10, 11, 12]);
    expect(await read(store)).toEqual({ seq: 12, counts: countsAt(12), doubt: null });
    await dropRow(store, 'meta', 0);
    expect((await read(store)).doubt).toBe('commit records before 5 are missing');
  });

  it('go on going after a restart', async () => {
    const store = await diskWith(12, BYTES);
    const { record } = await openCommitLog(store, rowSeal, KEY);
    await store.commit(record(13, countsAt(13), writing(BYTES)));
    expect(seqsIn(store)).toEqual([5, 6, 7, 8, 9, 10, 11, 12, 13]);
    expect((await read(store)).doubt).toBeNull();
  });

  it('go a few at a time where one large group follows many small ones', async () => {
    const store = await diskWith(40, 1);
    const { record } = await openCommitLog(store, rowSeal, KEY);
    const large = record(41, countsAt(41), writing(2 * COMMIT_BYTES_KEPT_MIN));
    expect(large.filter(({ kind }) => kind === 'delete')).toHaveLength(COMMIT_RECORDS_DROPPED_MAX);
    await store.commit(large);
    await store.commit(record(42, countsAt(42), writing(1)));
    expect(seqsIn(store)[0]).toBe(2 * COMMIT_RECORDS_DROPPED_MAX + 1);
    expect((await read(store)).doubt).toBeNull();
  });

  test.prop([fc.array(fc.integer({ min: 0, max: 3 * BYTES }), { minLength: 1, maxLength: 60 })], {
    numRuns: 30,
  })('leave a gap wherever a group is lost that the store still has in its log', async (sizes) => {
    const store = createMemoryStore();
    const { record } = await openCommitLog(store, rowSeal, KEY);
    for (const [i, bytes] of sizes.entries())
      await store.commit(record(i + 1, countsAt(i + 1), writing(bytes)));
    let behind = 0;
    for (let seq = sizes.length; seq >= 1 && behind < COMMIT_BYTES_KEPT_MIN; seq--) {
      expect(seqsIn(store)).toContain(seq);
      behind += sizes[seq - 1] ?? 0;
    }
    expect((await read(store)).doubt).toBeNull();
  });
});

it('commit records are kept for longer than two of the logs that LevelDB may lose, and what a group counts is less than its log takes', async () => {
  const folder = await temporaryFolder();
  const store = await openLevelStore(folder);
  const { record } = await openCommitLog(store, rowSeal, KEY);
  const sizes = [0, 1, 100, 40_000];
  for (const [i, bytes] of sizes.entries()) {
    const group = writing(bytes);
    await store.commit([...record(i + 1, countsAt(i + 1), group), ...group]);
  }
  const logs = (await readdir(folder)).filter((name) => name.endsWith('.log'));
  expect(logs).toHaveLength(1);
  const { size } = await stat(join(folder, logs[0] ?? ''));
  await store.close();
  expect(size).toBeGreaterThan(sizes.reduce((sum, bytes) => sum + bytes, 0));
  // A log ends with the group that fills it, which is never as large as a log.
  expect(COMMIT_BYTES_KEPT_MIN).toBeGreaterThanOrEqual(4 * WRITE_BUFFER_BYTES_MAX);
});
