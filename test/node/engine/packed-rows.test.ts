import { describe, expect, it } from 'vitest';
import { createCorruptRows } from '../../../node/engine/corrupt-rows.ts';
import { createEntryHash } from '../../../node/engine/entry-hash.ts';
import { RECORD_BYTES_MAX } from '../../../node/engine/growing-records.ts';
import { openJournal } from '../../../node/engine/journal.ts';
import { createKeptWindows } from '../../../node/engine/kept-windows.ts';
import { createOpenedRecords } from '../../../node/engine/opened-records.ts';
import { createPackedRows } from '../../../node/engine/packed-rows.ts';
import { emptyRecord } from '../../../node/engine/row-record.ts';
import { createRowSeal } from '../../../node/engine/row-seal.ts';
import type { RecordSource } from '../../../node/engine/window-rows.ts';
import { fromUtf8, utf8 } from '../../../src/foundation/index.ts';
import { cryptoRandomBytes } from '../../../src/platform/index.ts';
import type { FlagEntry, WindowScope } from '../../../src/protocol/index.ts';
import { entryKey, entryKeys, readingId, sensorId } from '../../../src/protocol/index.ts';
import { partition, streamHash, windowId } from '../../../src/ring/identifiers.ts';
import { expectCode } from '../../support/bad-input.ts';
import { createMemoryStore, type MemoryStore } from '../../support/memory-store.ts';
import { fc, test } from '../../support/property.ts';
import { recordingLog } from '../../support/recording-log.ts';
import { dropRow, flipBit } from '../../support/tampering.ts';

const AT = partition(0);
const SCOPE: WindowScope = { stream: streamHash('0'.repeat(64)), window: windowId(1), group: 0 };
const OWNER = { scope: SCOPE, rowKey: new Uint8Array(32).fill(7), erased: false };

/** An entry of partition 0 by a number. */
function entryOf(number: number): FlagEntry {
  const id = new Uint8Array(16);
  new DataView(id.buffer).setUint32(12, number);
  return { readingId: readingId(id), sensorId: sensorId(new Uint8Array(16)), count: 1 };
}

const numberOf = ({ readingId: id }: FlagEntry): number =>
  new DataView(id.buffer, id.byteOffset).getUint32(12);

function openRows(store: MemoryStore, hash = createEntryHash(new Uint8Array(8))) {
  const seq = store.commits.length;
  const journal = openJournal(store, { seq, counts: { flags: 0, values: 0 } }, () => []);
  const corrupt = createCorruptRows(recordingLog(), () => {});
  const opened = createOpenedRecords();
  const source: RecordSource = { journal, rowSeal: createRowSeal(cryptoRandomBytes), corrupt, opened, hash };
  const packed = createPackedRows(source);

  async function write(rows: ReadonlyMap<number, string | null>): Promise<void> {
    const numbers = [...rows.keys()];
    const found = await packed.find('values', OWNER, AT, entryKeys(numbers.map(entryOf)));
    const versions = numbers.map((number, place) => {
      const text = rows.get(number);
      return { place, body: text == null ? null : utf8(text) };
    });
    journal.stage([found.write(versions)]);
  }

  async function read(...numbers: readonly number[]) {
    const { bodies } = await packed.find('values', OWNER, AT, entryKeys(numbers.map(entryOf)));
    return bodies.map((body) => (body == null ? body : fromUtf8(body)));
  }

  async function scanned(after?: number) {
    const rows: (readonly [number, string] | null)[] = [];
    for await (const { entry, plain } of packed.scan(
      'values',
      OWNER,
      null,
      after === undefined ? undefined : entryOf(after),
    ))
      rows.push(entry === null ? null : [numberOf(entry), fromUtf8(plain)]);
    return rows;
  }

  return { journal, packed, corrupt, opened, source, write, read, scanned };
}

describe('rows of one commit group, window and partition', () => {
  it('are one record on the disk, and another one for every other group', async () => {
    const store = createMemoryStore();
    store.hold();
    const { journal, write } = openRows(store);
    await write(new Map([[1, 'a']]));
    await write(new Map([[2, 'b']]));
    await write(new Map([[3, 'c']]));
    await store.release();
    await store.release();
    await journal.synced();
    expect(store.rows('values')).toHaveLength(2);
    expect(journal.counts()).toEqual({ flags: 0, values: 2 });
  });

  it('are read before they are on disk, and without a cipher', async () => {
    const store = createMemoryStore();
    store.hold();
    const { write, read } = openRows(store);
    await write(new Map([[1, 'a']]));
    await write(new Map([[2, 'b']]));
    expect(await read(1, 2, 3)).toEqual(['a', 'b', undefined]);
    expect(store.rows('values')).toEqual([]);
  });

  it('begin another record where the first is full', async () => {
    const store = createMemoryStore();
    const { journal, write, read } = openRows(store);
    const large = 'x'.repeat(RECORD_BYTES_MAX / 2);
    await write(
      new Map([
        [1, large],
        [2, large],
        [3, large],
        [4, 'small'],
      ]),
    );
    await journal.synced();
    expect(store.rows('values')).toHaveLength(3);
    const again = openRows(store);
    expect(await again.read(1, 4)).toEqual([large, 'small']);
    expect(await read(2, 3)).toEqual([large, large]);
  });

  it('are refused where they are not of the partition', async () => {
    const { packed } = openRows(createMemoryStore());
    await expectCode(packed.find('values', OWNER, partition(1), entryKey(entryOf(1))), 'MALFORMED_BODY');
  });
});

describe('an index in memory', () => {
  it('answers that there is no row without a look at the disk', async () => {
    const store = createMemoryStore();
    const { journal, write, read, opened } = openRows(store);
    await write(new Map([[1, 'a']]));
    await journal.synced();
    opened.forget('');
    let looks = 0;
    const getMany = store.getMany;
    store.getMany = (table, keys) => {
      looks += 1;
      return getMany(table, keys);
    };
    expect(await read(2, 3, 4)).toEqual([undefined, undefined, undefined]);
    expect(looks).toBe(0);
    expect(await read(1)).toEqual(['a']);
    expect(looks).toBe(1);
  });

  it('may have one hash for all rows: rows are told apart by the record itself', async () => {
    const store = createMemoryStore();
    const same = () => 77;
    const { journal, write, read, scanned } = openRows(store, same);
    await write(
      new Map([
        [1, 'a'],
        [2, 'b'],
        [3, 'c'],
      ]),
    );
    await write(
      new Map([
        [2, 'B'],
        [3, null],
      ]),
    );
    await journal.synced();
    expect(await read(1, 2, 3, 4)).toEqual(['a', 'B', undefined, undefined]);
    expect(await scanned()).toEqual([
      [1, 'a'],
      [2, 'B'],
    ]);
    expect(await openRows(store, same).read(3, 2, 1)).toEqual([undefined, 'B', 'a']);
  });

  it('is put away and read again where other windows need the room, but not while it is written', async () => {
    const store = createMemoryStore();
    const { source, journal, write } = openRows(store);
    await write(
      new Map([
        [1, 'a'],
        [2, 'b'],
      ]),
    );
    await journal.synced();
    const windows = createKeptWindows(source, 1);
    const first = await windows.of('values', OWNER);
    expect(first.rows).toBe(2);
    const other = { ...OWNER, scope: { ...SCOPE, window: windowId(2) } };
    const growing = first.partitions.get(AT)?.growing ?? expect.fail('no partition');
    growing.set(1, emptyRecord());
    await windows.of('values', other);
    expect(first.gone).toBe(false);
    growing.clear();
    await windows.of('flags', other);
    expect(first.gone).toBe(true);
    const again = await windows.of('values', OWNER);
    expect(again).not.toBe(first);
    expect(again.rows).toBe(2);
  });
});

describe('partitions with a row each', () => {
  const COUNT = 100;

  /** An entry in the partition of that number. */
  function loneEntry(number: number): FlagEntry {
    const id = new Uint8Array(16);
    new DataView(id.buffer).setUint16(0, number << 6);
    return { readingId: readingId(id), sensorId: sensorId(new Uint8Array(16)), count: 1 };
  }

  async function written() {
    const store = createMemoryStore();
    const owner = { ...OWNER };
    const { journal, packed } = openRows(store);
    const put = async (number: number, text: string): Promise<void> => {
      const key = entryKey(loneEntry(number));
      const found = await packed.find('values', owner, partition(number), key);
      journal.stage([found.write([{ place: 0, body: utf8(text) }])]);
      await journal.synced();
    };
    for (let number = 0; number < COUNT; number++) await put(number, `row ${number}`);
    const looks = { count: 0 };
    const { getMany } = store;
    store.getMany = (table, keys) => {
      looks.count += 1;
      return getMany(table, keys);
    };
    return { store, owner, journal, packed, put, looks, rows: packed.scan('values', owner, null) };
  }

  const textOf = ({ plain }: { readonly plain: Uint8Array | null }): string => fromUtf8(plain ?? utf8('?'));

  it('are read many at a time, by who scans them and by who searches for each', async () => {
    const { store, packed, owner, looks, rows } = await written();
    const texts: string[] = [];
    for await (const row of rows) texts.push(textOf(row));
    expect(texts).toEqual(Array.from({ length: COUNT }, (_, number) => `row ${number}`));
    expect(looks.count).toBe(2);
    expect(await packed.search('values', owner)).toEqual({ records: COUNT, hidden: 0 });
    expect(looks.count).toBe(4);
    await dropRow(store, 'values', 70);
    expect(await packed.search('values', owner)).toEqual({ records: COUNT, hidden: 1 });
  });

  it('are shown as they are when their turn comes, also where they were read before', async () => {
    const { owner, journal, packed, put, rows } = await written();
    expect(textOf((await rows.next()).value)).toBe('row 0');
    await put(1, 'newer');
    journal.stage(await packed.remove('values', owner, partition(2), entryKey(loneEntry(2))));
    await journal.synced();
    expect(textOf((await rows.next()).value)).toBe('newer');
    expect(textOf((await rows.next()).value)).toBe('row 3');
    owner.erased = true;
    await expectCode(rows.next(), 'WINDOW_ERASED');
  });
});

describe('versions of a row', () => {
  const anyWrites = fc.array(
    fc.record({
      rows: fc.uniqueArray(fc.tuple(fc.nat(7), fc.option(fc.string({ minLength: 1, maxLength: 5 }))), {
        selector: ([number]) => number,
        minLength: 1,
        maxLength: 4,
      }),
      synced: fc.boolean(),
      restarted: fc.boolean(),
    }),
    { maxLength: 12 },
  );
  test.prop([anyWrites], { numRuns: 100 })(
    'supersede each other, and a scan shows the newest version of every row, also after a start',
    async (writes) => {
      const store = createMemoryStore();
      let rows = openRows(store);
      const model = new Map<number, string>();
      for (const write of writes) {
        await rows.write(new Map(write.rows));
        for (const [number, text] of write.rows) {
          if (text === null) model.delete(number);
          else model.set(number, text);
        }
        if (write.synced || write.restarted) await rows.journal.synced();
        if (write.restarted) rows = openRows(store);
        const all = Array.from({ length: 8 }, (_, number) => number);
        expect(await rows.read(...all)).toEqual(all.map((number) => model.get(number)));
        const inOrder = [...model].sort(([a], [b]) => a - b);
        expect(await rows.scanned()).toEqual(inOrder);
        expect(await rows.scanned(3)).toEqual(inOrder.filter(([number]) => number > 3));
      }
    },
  );

  it('that were removed take their records along when no other row is left', async () => {
    const store = createMemoryStore();
    const { journal, packed, write, read } = openRows(store);
    await write(
      new Map([
        [1, 'a'],
        [2, 'b'],
      ]),
    );
    await journal.synced();
    journal.stage(await packed.remove('values', OWNER, AT, entryKeys([entryOf(1), entryOf(5)])));
    await journal.synced();
    expect(await read(1, 2)).toEqual([undefined, 'b']);
    expect(store.rows('values')).toHaveLength(2);
    journal.stage(await packed.remove('values', OWNER, AT, entryKeys([entryOf(1), entryOf(2)])));
    await journal.synced();
    expect(store.rows('values')).toEqual([]);
    expect(journal.counts()).toEqual({ flags: 0, values: 0 });
    await write(new Map([[2, 'again']]));
    expect(await read(1, 2)).toEqual([undefined, 'again']);
  });
});

describe('a record that does not open', () => {
  async function damaged() {
    const store = createMemoryStore();
    const rows = openRows(store);
    await rows.write(new Map([[1, 'a']]));
    await rows.journal.synced();
    await rows.write(
      new Map([
        [1, 'newer'],
        [2, 'b'],
      ]),
    );
    await rows.journal.synced();
    flipBit(store, 'values', 1);
    return { store, ...rows };
  }

  it('leaves its rows unknown, and no older version in their place', async () => {
    const { opened, read, scanned, corrupt } = await damaged();
    opened.forget('');
    expect(await read(1, 2, 3)).toEqual([null, null, undefined]);
    expect(await scanned()).toEqual([null]);
    expect(corrupt.count()).toBe(1);
  });

  it('is not answered from memory any more once the disk has shown it', async () => {
    const store = createMemoryStore();
    const { journal, packed, write, read } = openRows(store);
    await write(new Map([[1, 'a']]));
    await journal.synced();
    expect(await read(1)).toEqual(['a']);
    flipBit(store, 'values', 0);
    const { bodies } = await packed.find('values', OWNER, AT, entryKey(entryOf(1)), 'disk');
    expect(bodies).toEqual([null]);
    expect(await read(1)).toEqual([null]);
  });

  it('makes its partition unsure at the next start, because older versions are all that is left', async () => {
    const { store } = await damaged();
    const { packed, read } = openRows(store);
    expect(await packed.unsure('values', OWNER)).toEqual(new Set([AT]));
    expect(await read(1, 2)).toEqual(['a', undefined]);
    await packed.replaceCorrupt('values', OWNER, AT, false);
    expect(await packed.unsure('values', OWNER)).toEqual(new Set());
  });

  it('is kept while a row in it was not written anew, and dropped afterwards', async () => {
    const { store, opened, journal, packed, write, read, corrupt } = await damaged();
    opened.forget('');
    await write(new Map([[1, 'from another owner']]));
    expect(await packed.replaceCorrupt('values', OWNER, AT, true)).toEqual([]);
    await write(new Map([[2, 'this one too']]));
    await journal.synced();
    const deletes = await packed.replaceCorrupt('values', OWNER, AT, true);
    expect(deletes).toHaveLength(1);
    journal.stage(deletes);
    await journal.synced();
    expect(corrupt.count()).toBe(0);
    expect(await read(1, 2)).toEqual(['from another owner', 'this one too']);
    expect(await openRows(store).read(1, 2)).toEqual(['from another owner', 'this one too']);
  });
});

describe('a record whose name the disk has damaged', () => {
  it.each([
    ['a number that was never given', 8],
    ['a partition that there is not', 10],
  ])('is left out where it names %s, and the others are read', async (_, fromEnd) => {
    const store = createMemoryStore();
    const rows = openRows(store);
    for (const number of [1, 2]) {
      await rows.write(new Map([[number, `row ${number}`]]));
      await rows.journal.synced();
    }
    const [first] = store.rows('values');
    if (first === undefined) throw new Error('expected a record');
    const [key, sealed] = first;
    await dropRow(store, 'values', 0);
    const damaged = key.slice();
    damaged[damaged.length - fromEnd] = 0x80;
    store.put('values', damaged, sealed);
    const again = openRows(store);
    expect((await again.scanned()).filter((row) => row !== null)).toEqual([[2, 'row 2']]);
    expect(await again.read(1, 2)).toEqual([undefined, 'row 2']);
    expect(again.corrupt.count()).toBe(1);
  });
});

describe('a window that is erased', () => {
  it('takes no row any more, also not of whoever has looked already', async () => {
    const owner = { ...OWNER, erased: false };
    const { packed } = openRows(createMemoryStore());
    const found = await packed.find('values', owner, AT, entryKey(entryOf(1)));
    owner.erased = true;
    packed.forget(SCOPE);
    expect(() => found.write([{ place: 0, body: utf8('late') }])).toThrow(
      expect.objectContaining({ code: 'WINDOW_ERASED' }),
    );
  });

  /** Rows on a disk, and what an erasure leaves of them while somebody still reads. */
  async function erasedScene() {
    const owner = { ...OWNER, erased: false };
    const store = createMemoryStore();
    const first = openRows(store);
    await first.write(new Map([[1, 'a']]));
    await first.journal.synced();
    const { journal, packed, corrupt } = openRows(store);
    const erase = async () => {
      owner.erased = true;
      packed.forget(SCOPE);
      journal.stage(store.rows('values').map(([key]) => ({ kind: 'delete', table: 'values', key })));
      await journal.synced();
    };
    return {
      owner,
      packed,
      corrupt,
      erase,
      seek: () => packed.find('values', owner, AT, entryKey(entryOf(1)), 'disk'),
    };
  }

  it('is called erased, and neither empty nor damaged, by whoever reads of it meanwhile', async () => {
    const { owner, packed, corrupt, erase, seek } = await erasedScene();
    expect((await seek()).bodies).toHaveLength(1);
    const scan = packed.scan('values', owner, null);
    const sought = seek();
    const erasing = erase();
    await expectCode(sought, 'WINDOW_ERASED');
    await expectCode(scan.next(), 'WINDOW_ERASED');
    await erasing;
    expect(corrupt.count()).toBe(0);
  });

  it('is called so also by whoever had not read anything of it before', async () => {
    const { erase, seek } = await erasedScene();
    await erase();
    await expectCode(seek(), 'WINDOW_ERASED');
  });
});
