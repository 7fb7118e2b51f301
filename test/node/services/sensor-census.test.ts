import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createEntryHash } from '../../../node/engine/entry-hash.ts';
import { createSensorCensus } from '../../../node/services/sensor-census.ts';
import type { ShareTable } from '../../../node/services/share-table.ts';
import { createTallies } from '../../../node/services/tallies.ts';
import type { OpenWindowRecord } from '../../../node/services/windows.ts';
import type { FlagEntry } from '../../../src/protocol/index.ts';
import {
  digestOf,
  ENTRY_KEY_BYTES,
  entryKey,
  entryKeys,
  entryName,
  sensorId,
} from '../../../src/protocol/index.ts';
import { partition, partitionOf } from '../../../src/ring/identifiers.ts';
import { flagEntry } from '../../src/rounds/flag-entries.ts';
import { expectCode } from '../../support/bad-input.ts';

const PARTITIONS = [0, 1, 2].map(partition);
const KEY = new Uint8Array(32).fill(3);
const SHARE_BYTES = 16;

const newRecord = (window: number, publicData = false): OpenWindowRecord =>
  ({
    scope: { stream: 'aa', window, group: 0 },
    stream: { publicData, domains: [{ id: 'a' }], elements: ['count'] },
    terms: { value: { setHashKey: KEY } },
    release: null,
  }) as never;

/** Of a node that votes on every partition, or on none. */
function newTallies(votes: boolean, pairsMax?: number) {
  const placement = { acceptors: () => (votes ? ['node'] : []) };
  const rings = { of: () => ({ ring: { development: true }, placement }) };
  const entryHash = createEntryHash(new Uint8Array(8));
  return createTallies({ rings: rings as never, self: { nodeId: 'node' as never }, entryHash }, pairsMax);
}

interface Row {
  readonly entry: FlagEntry;
  readonly committed: boolean;
  readonly excluded: boolean;
}

const rowsOf = fc
  .array(
    fc.record({
      who: fc.nat(4),
      at: fc.constantFrom(...PARTITIONS),
      committed: fc.boolean(),
      excluded: fc.boolean(),
    }),
    { maxLength: 30 },
  )
  .map((some) =>
    some.map(({ who, at, committed, excluded }, i): Row => {
      const entry = { ...flagEntry(i, at), sensorId: sensorId(new Uint8Array(16).fill(who)) };
      return { entry, committed, excluded: committed && excluded };
    }),
  );

/** A node with these rows, which knows T. */
function newNode(rows: readonly Row[], votes: boolean) {
  const record = newRecord(1);
  const tallies = newTallies(votes);
  for (const { entry, committed } of rows) {
    const at = partitionOf(entry.readingId);
    tallies.add(record, at, { keys: entryKey(entry), shares: new Uint8Array(SHARE_BYTES) }, [0]);
    if (committed) tallies.committed(record, at, entryKey(entry));
  }
  const inT = rows.filter(({ committed }) => committed).map(({ entry }) => entry);
  let reads = 0;
  const shares: Pick<ShareTable, 'goodRows'> = {
    async *goodRows(_, at) {
      reads += 1;
      const sorted = rows.toSorted((a, b) => (entryName(a.entry) < entryName(b.entry) ? -1 : 1));
      for (const { entry } of sorted) {
        if (at === null || partitionOf(entry.readingId) === at) yield [entry, {} as never];
      }
    },
  };
  const census = createSensorCensus({
    journal: { synced: async () => {} } as never,
    shares: shares as ShareTable,
    lists: {
      members: async (_: unknown, named: { partition: number }) =>
        new Map(
          inT
            .filter(({ readingId }) => partitionOf(readingId) === named.partition)
            .map((one) => [entryName(one), one]),
        ),
    } as never,
    tallies,
  });
  const digests = PARTITIONS.map((at) => ({
    partition: at,
    digest: digestOf(
      KEY,
      inT.filter(({ readingId }) => partitionOf(readingId) === at),
    ),
  }));
  return { record, tallies, census, digests, reads: () => reads };
}

async function told(
  { record, census, digests }: ReturnType<typeof newNode>,
  rows: readonly Row[],
  standing: readonly number[],
  from: number,
) {
  const { sensors, next } = await census.page(record, {
    partitions: digests.filter((named) => standing.includes(named.partition)),
    excluded: rows.filter(({ excluded }) => excluded).map(({ entry }) => entry),
    from: partition(from),
  });
  expect(next).toBeNull();
  return new Map(sensors.map(({ sensor, included }) => [sensor[0], included]));
}

/** Whose rows there are, and who has one in T minus X where the node stands. */
function plain(rows: readonly Row[], standing: readonly number[], from: number) {
  const sensors = new Map<number | undefined, boolean>();
  for (const { entry, committed, excluded } of rows) {
    const at = partitionOf(entry.readingId);
    if (at < from) continue;
    const counts = committed && !excluded && standing.includes(at);
    sensors.set(entry.sensorId[0], sensors.get(entry.sensorId[0]) === true || counts);
  }
  return sensors;
}

const places = fc.subarray([0, 1, 2]);

test('GATE: the sensors that were kept while rows came are those of the rows, dead and excluded ones too', async () => {
  await fc.assert(
    fc.asyncProperty(rowsOf, places, fc.nat(2), async (rows, standing, from) => {
      const node = newNode(rows, true);
      expect(await told(node, rows, standing, from)).toEqual(plain(rows, standing, from));
      expect(node.reads()).toBe(0);
      node.tallies.spoil(node.record);
      expect(await told(node, rows, standing, from)).toEqual(plain(rows, standing, from));
      expect(node.reads()).toBe(1);
    }),
  );
});

test('GATE: a node that does not know which of its rows are dead reads the partitions that have some', async () => {
  await fc.assert(
    fc.asyncProperty(rowsOf, places, async (rows, standing) => {
      const node = newNode(rows, false);
      expect(await told(node, rows, standing, 0)).toEqual(plain(rows, standing, 0));
      const dead = rows
        .filter(({ committed }) => !committed)
        .map(({ entry }) => partitionOf(entry.readingId));
      expect(node.reads()).toBe(standing.filter((at) => dead.includes(partition(at))).length);
    }),
  );
});

test('a node that lacks a row by now of a partition for which it shall stand says so, and counts none of its sensors', async () => {
  const row = (i: number, at: number, excluded = false): Row => ({
    entry: flagEntry(i, at),
    committed: true,
    excluded,
  });
  const named = newNode([row(0, 0), row(1, 0), row(2, 1, true)], true);
  const page = (rows: readonly Row[], from: number) => {
    const { census, record } = newNode(rows, true);
    const question = { partitions: named.digests, excluded: [flagEntry(2, 1)], from: partition(from) };
    return census.page(record, question);
  };
  for (const rows of [[row(0, 0)], []]) await expectCode(page(rows, 0), 'INCOMPLETE');
  // What is excluded nobody needs, and an earlier page has told of what stands before this one.
  await page([row(0, 0), row(1, 0)], 0);
  await page([], 1);
});

test('nobody counts the sensors of public data', () => {
  const tallies = newTallies(true);
  expect(tallies.of(newRecord(1, true))?.sensors).toBeNull();
  expect(tallies.of(newRecord(2))?.sensors).not.toBeNull();
});

test('beyond its pairs a node gives up the window that has too many, and first those that are released', () => {
  const count = 20;
  const tallies = newTallies(false, 30);
  const fill = (record: OpenWindowRecord): void => {
    const entries = Array.from({ length: count }, (_, i) => ({
      ...flagEntry(i),
      sensorId: sensorId(new Uint8Array(16).fill(i)),
    }));
    const keys = entryKeys(entries);
    const shares = new Uint8Array((SHARE_BYTES * keys.length) / ENTRY_KEY_BYTES);
    tallies.add(record, partition(0), { keys, shares }, [...entries.keys()]);
  };
  const [first, second, third] = [1, 2, 3].map((window) => newRecord(window)) as [
    OpenWindowRecord,
    OpenWindowRecord,
    OpenWindowRecord,
  ];
  fill(first);
  expect(tallies.of(first)?.sensors?.size).toBe(count);
  first.release = {} as never;
  fill(second);
  expect(tallies.of(first)?.sensors).toBeNull();
  expect(tallies.of(second)?.sensors?.size).toBe(count);
  fill(third);
  expect(tallies.of(second)?.sensors?.size).toBe(count);
  expect(tallies.of(third)?.sensors).toBeNull();
  // Its sums go on.
  expect(tallies.of(third)?.partitions.get(partition(0))?.hasher.digest().count).toBe(count);
});
