import { describe, expect, it } from 'vitest';
import { createRowSeal } from '../../../node/engine/row-seal.ts';
import { openSealedStore } from '../../../node/engine/sealed-store.ts';
import { fromUtf8, utf8 } from '../../../src/foundation/index.ts';
import { cryptoRandomBytes } from '../../../src/platform/index.ts';
import type { TableName } from '../../../src/ports/index.ts';
import { entryKeys, readingId, sensorId } from '../../../src/protocol/index.ts';
import { partition, streamHash, windowId } from '../../../src/ring/identifiers.ts';
import { nodeId, storeId } from '../../../src/ring/index.ts';
import { createMemoryStore, type MemoryStore } from '../../support/memory-store.ts';
import { recordingLog } from '../../support/recording-log.ts';
import { dropRow, flipBit } from '../../support/tampering.ts';

const KEY = new Uint8Array(32).fill(7);
const OTHER = nodeId('b1');
const OTHERS_STORE = storeId('0123456789abcdef0123456789abcdef');
const rowSeal = createRowSeal(cryptoRandomBytes);

const open = (store: MemoryStore, log = recordingLog()) =>
  openSealedStore({ store, rowSeal, storeKey: KEY, randomBytes: cryptoRandomBytes, log });

const rowKey = (name: string): Uint8Array => utf8(name.padEnd(80, '.'));

/** A disk with one row in each of these tables, each from its own commit. */
async function diskWith(...tables: readonly TableName[]): Promise<MemoryStore> {
  const store = createMemoryStore();
  const { journal, tables: rows } = await open(store);
  for (const table of tables) {
    journal.stage([rows.put(table, KEY, rowKey(table), utf8(`a row of ${table}`))]);
    await journal.synced();
  }
  return store;
}

describe('a store that is opened again', () => {
  it('goes on from its last commit and knows how many records there were', async () => {
    const store = await diskWith('flags', 'values', 'windows');
    const { health, journal } = await open(store);
    expect(journal.counts()).toEqual({ flags: 1, values: 1 });
    expect(journal.commitSeq()).toBe(3);
    expect(health.doubt()).toBeNull();
    expect(() => health.checkVote()).not.toThrow();
  });

  it('counts records that come and records that go, however many rows are in them', async () => {
    const store = await diskWith('flags', 'values');
    const { journal, packed } = await open(store);
    const scope = { stream: streamHash('0'.repeat(64)), window: windowId(1), group: 0 };
    const owner = { scope, rowKey: KEY, erased: false };
    const at = partition(0);
    const entries = [1, 2, 3].map((last) => ({
      readingId: readingId(new Uint8Array(16).fill(last, 15)),
      sensorId: sensorId(new Uint8Array(16)),
      count: 1,
    }));
    const found = await packed.find('flags', owner, at, entryKeys(entries));
    journal.stage([
      found.write(entries.map((_, place) => ({ place, body: utf8('new') }))),
      { kind: 'delete', table: 'values', key: rowKey('values') },
    ]);
    await journal.synced();
    expect((await open(store)).journal.counts()).toEqual({ flags: 2, values: 0 });
  });

  it('writes what it saw of the others with its own next commit, and reads it back', async () => {
    const store = await diskWith('flags');
    const { memory, journal, tables } = await open(store);
    memory.note(OTHER, { storeId: OTHERS_STORE, commitSeq: 12 });
    await journal.synced();
    expect(store.commits).toHaveLength(1);
    journal.stage([tables.put('windows', KEY, rowKey('next'), utf8('next'))]);
    await journal.synced();
    expect(store.commits).toHaveLength(2);
    expect((await open(store)).memory.recall(OTHER, OTHERS_STORE)).toBe(12);
  });
});

describe('the number that others are asked about', () => {
  it('stays what it was before the first commit of which they have not been asked, however often it starts', async () => {
    const store = await diskWith('flags', 'values');
    const { journal, recallMark } = await open(store);
    await recallMark.clear(journal);
    for (let starts = 0; starts < 3; starts++) {
      const again = await open(store);
      expect(again.recallMark.seq).toBe(3);
      again.journal.stage([again.tables.put('windows', KEY, rowKey('next'), utf8('next'))]);
      await again.journal.synced();
    }
    expect((await open(store)).journal.commitSeq()).toBe(6);
  });

  it('is the last commit again once they have answered', async () => {
    const store = await diskWith('flags');
    const { journal, recallMark, tables } = await open(store);
    expect(recallMark.seq).toBe(0);
    await recallMark.clear(journal);
    journal.stage([tables.put('windows', KEY, rowKey('next'), utf8('next'))]);
    await journal.synced();
    const { seq, doubt } = (await open(store)).recallMark;
    expect({ seq, doubt }).toEqual({ seq: 3, doubt: null });
  });

  it('costs no commit where none was written before they answered', async () => {
    const store = createMemoryStore();
    const { journal, recallMark } = await open(store);
    await recallMark.clear(journal);
    expect(store.commits).toEqual([]);
  });
});

describe('a store in which something is wrong', () => {
  it('is in doubt for a lost commit, refuses to vote and stays so after every start', async () => {
    const store = await diskWith('flags', 'values', 'windows');
    await dropRow(store, 'meta', 1);
    const log = recordingLog();
    const { health, journal } = await open(store, log);
    expect(health.doubt()).toBe('commit records 2 to 2 are missing');
    expect(() => health.checkVote()).toThrow(expect.objectContaining({ code: 'STORE_IN_DOUBT' }));
    expect(log.lines.filter((line) => line.includes('in doubt'))).toHaveLength(1);
    await journal.synced();
    for (let i = 0; i < 2; i++) {
      expect((await open(store)).health.doubt()).toBe('commit records 2 to 2 are missing');
    }
  });

  it('is in doubt where the number that others are asked about was changed on disk', async () => {
    const store = await diskWith('flags');
    const place = store.rows('meta').findIndex(([key]) => fromUtf8(key) === 'U');
    flipBit(store, 'meta', place);
    expect((await open(store)).health.doubt()).toMatch(/last asked does not authenticate/);
  });

  it('keeps the first reason, whatever comes later', async () => {
    const store = await diskWith('flags');
    const { health, journal } = await open(store);
    health.raise('first');
    health.raise('second');
    expect(health.doubt()).toBe('first');
    await journal.synced();
    const again = await open(store);
    again.health.raise('third');
    expect(again.health.doubt()).toBe('first');
  });

  it('is in doubt also where the reason itself was changed on disk', async () => {
    const store = await diskWith();
    const { health, journal } = await open(store);
    health.raise('a reason');
    await journal.synced();
    const place = store.rows('meta').findIndex(([key]) => fromUtf8(key) === 'doubt');
    flipBit(store, 'meta', place);
    expect((await open(store)).health.doubt()).toContain('does not authenticate');
  });

  it.each<TableName>(['flags', 'windows', 'documents'])(
    'is in doubt when a row of %s does not open, from the moment it is read',
    async (table) => {
      const store = await diskWith(table);
      flipBit(store, table);
      const { health, tables, damaged } = await open(store);
      expect(health.doubt()).toBeNull();
      await tables.peekMany(table, KEY, [rowKey(table)]);
      expect(health.doubt()).toBe(`a row of the ${table} table does not authenticate`);
      expect(damaged.waiting()).toEqual([]);
    },
  );

  it('is not in doubt for a share that does not open, but has its partition fetched again', async () => {
    const store = await diskWith('values');
    flipBit(store, 'values');
    const { health, tables, damaged } = await open(store);
    await tables.peekMany('values', KEY, [rowKey('values')]);
    await tables.peekMany('values', KEY, [rowKey('values')]);
    expect(health.doubt()).toBeNull();
    expect(damaged.waiting()).toEqual([rowKey('values').slice(0, 44)]);
    damaged.repaired(rowKey('values').slice(0, 44));
    expect(damaged.waiting()).toEqual([]);
  });
});
