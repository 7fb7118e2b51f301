import { afterEach, describe, expect, it } from 'vitest';
import { equalBytes } from '../../../src/foundation/index.ts';
import { entryName, operations } from '../../../src/protocol/index.ts';
import { majority, type NodeId, type WindowId, windowId } from '../../../src/ring/index.ts';
import { expectCode } from '../../support/bad-input.ts';
import { expectExact } from '../../support/exact-result.ts';
import type { RawReading } from '../../support/raw-reading.ts';
import { type SmallCloud, START_MS, startSmallCloud } from '../../support/small-cloud.ts';
import { copyDisk, dropRow, flipBit, restoreDisk } from '../../support/tampering.ts';

const SHAPE = { nodes: [3, 3, 3], acceptors: 3, replicas: 2 } as const;
const READINGS = ['1.5', '-2', '30'];
const MINUTE_MS = 60_000;

let cloud: SmallCloud;
afterEach(() => cloud.close());

async function committed(shape: Parameters<typeof startSmallCloud>[0]): Promise<{
  window: WindowId;
  readings: readonly RawReading[];
}> {
  cloud = await startSmallCloud(shape);
  const window = await cloud.openWindow();
  // Readings of one group lie in one partition, so its owners have rows to lose.
  const readings = READINGS.map((reading) => cloud.reading(window, reading, { group: 5 }));
  for (const reading of readings) await reading.commit();
  return { window, readings };
}

/** Stops a node, does something to its disk and starts it again. */
async function damage(node: NodeId, act: () => void | Promise<void>): Promise<void> {
  await cloud.stop(node);
  await act();
  await cloud.start(node);
}

const reasonsOf = (node: NodeId) => cloud.handle(node).readiness().reasons.join('\n');

/** Which of the readings' shares a node lacks, as another node of its domain hears it. */
async function missingAt(node: NodeId, from: NodeId, readings: readonly RawReading[]): Promise<number> {
  const [first] = readings;
  if (first === undefined) throw new Error('expected readings');
  const { context, partition } = first.flagsRequest;
  const entries = readings.map(({ entry }) => entry);
  const { missing } = await cloud.askAs(from, node, operations.COMPARE, { context, partition, entries });
  return missing.length;
}

function ownersOf([reading]: readonly RawReading[], index: number): readonly [NodeId, NodeId] {
  const [first, second] = reading?.owners(index) ?? [];
  if (first === undefined || second === undefined) throw new Error('expected two owners');
  return [first, second];
}

describe('a share that does not open', () => {
  it('is fetched from the other owner and then counted', async () => {
    const { window, readings } = await committed({ shape: SHAPE });
    const [first, second] = ownersOf(readings, 0);
    await damage(first, () => flipBit(cloud.store(first), 'values'));
    expect(reasonsOf(first)).toBe('repair: 1 windows or partitions to be fetched');
    expect(await missingAt(first, second, readings)).toBe(1);
    await cloud.clock.advance(MINUTE_MS);
    expect(reasonsOf(first)).toBe('');
    expect(await missingAt(first, second, readings)).toBe(0);
    // Now the row that was fetched is the only good one there is.
    await damage(second, () => flipBit(cloud.store(second), 'values'));
    expectExact(await cloud.compute(window), READINGS);
  });

  it('is fetched from the other owner while a third node of the domain is away', async () => {
    const { readings } = await committed({ shape: SHAPE });
    const [first, second] = ownersOf(readings, 0);
    const third = cloud.nodeIds.find((one) => one.startsWith('a') && one !== first && one !== second);
    await cloud.stop(third ?? expect.fail('no third node'));
    await damage(first, () => flipBit(cloud.store(first), 'values'));
    await cloud.clock.advance(MINUTE_MS);
    expect(await missingAt(first, second, readings)).toBe(0);
  });

  it.each([
    ['another partition', 43, 1],
    ['a partition that there is not', 42, 0x80],
    ['a number that was never given', 44, 0x80],
  ])('is fetched also where the key of its record is damaged and names %s', async (_, byte, bit) => {
    const { window, readings } = await committed({ shape: SHAPE });
    const [first, second] = ownersOf(readings, 0);
    await damage(first, async () => {
      const [row] = cloud.store(first).rows('values');
      const [key, value] = row ?? expect.fail('no row');
      await dropRow(cloud.store(first), 'values');
      const damaged = key.slice();
      damaged[byte] = (damaged[byte] ?? 0) ^ bit;
      cloud.store(first).put('values', damaged, value);
    });
    expect(await missingAt(first, second, readings)).toBe(1);
    await cloud.clock.advance(MINUTE_MS);
    expect(reasonsOf(first)).toBe('');
    expect(await missingAt(first, second, readings)).toBe(0);
    await damage(second, () => flipBit(cloud.store(second), 'values'));
    expectExact(await cloud.compute(window), READINGS);
  });

  it('makes the window INCOMPLETE where it was the only one, and no wrong number', async () => {
    const { window, readings } = await committed({
      shape: { nodes: [1, 1, 1], acceptors: 3 },
      stream: { maxExcluded: 0 },
    });
    const node = readings[0]?.owner(0) as NodeId;
    await damage(node, () => flipBit(cloud.store(node), 'values'));
    await cloud.clock.advance(MINUTE_MS);
    expect(await cloud.compute(window)).toMatchObject({ kind: 'incomplete' });
    // The sensor that still has its share, sends it again.
    await cloud.clock.until(
      Promise.all(
        readings.map((reading) => cloud.askAs(node, node, operations.COPY, reading.copyRequest(0))),
      ),
    );
    expectExact(await cloud.compute(window), READINGS);
  });

  it('is left out by all domains, and said to be, where the stream permits that', async () => {
    const { window, readings } = await committed({
      shape: { nodes: [1, 1, 1], acceptors: 3 },
      stream: { maxExcluded: 1 },
    });
    const node = readings[0]?.owner(0) as NodeId;
    const rows = cloud.rowsAt(node, 'values');
    const row = rows.find(({ entry }) => entryName(entry) === entryName(readings[1]?.entry ?? entry));
    const records = cloud.store(node).rows('values');
    const place = records.findIndex(([key]) => equalBytes(key, row?.recordKey ?? expect.fail('no row')));
    await damage(node, () => flipBit(cloud.store(node), 'values', place));
    const outcome = await cloud.compute(window);
    expectExact(outcome, READINGS.toSpliced(1, 1));
    expect(outcome).toMatchObject({ excluded: 1 });
  });
});

describe('a store in doubt', () => {
  it.each<[string, (node: NodeId) => void | Promise<void>, RegExp]>([
    [
      'a flag row that does not open',
      (node) => flipBit(cloud.store(node), 'flags'),
      /a row of the flags table/,
    ],
    [
      'a flag row that is gone',
      (node) => dropRow(cloud.store(node), 'flags'),
      /expected 3 records in the flags table, found 2/,
    ],
    [
      'a share row that is gone',
      (node) => dropRow(cloud.store(node), 'values'),
      /expected 3 records in the values table, found 2/,
    ],
    [
      'a commit that is gone',
      (node) => dropRow(cloud.store(node), 'meta', 2),
      /commit records 3 to 3 are missing/,
    ],
  ])('for %s says so, for ever', async (_, act, reason) => {
    const { readings } = await committed({ shape: { nodes: [1, 1, 1], acceptors: 3 } });
    const node = readings[0]?.owner(0) as NodeId;
    const before = copyDisk(cloud.store(node));
    await damage(node, () => act(node));
    expect(reasonsOf(node)).toMatch(reason);
    expect(cloud.handle(node).status().ready).toBe(false);
    // Putting back what was there does not make the store one that never lost it.
    const doubt = copyDisk(cloud.store(node)).filter(([table]) => table === 'meta');
    await damage(node, () =>
      restoreDisk(cloud.store(node), [...before.filter(([table]) => table !== 'meta'), ...doubt]),
    );
    expect(reasonsOf(node)).toMatch(reason);
  });

  it('does not vote, freeze or keep a ledger, and goes on to take and to count shares', async () => {
    const { window, readings } = await committed({ shape: SHAPE });
    const node = ownersOf(readings, 0)[0];
    const sibling = ownersOf(readings, 0)[1];
    await damage(node, () => dropRow(cloud.store(node), 'values'));
    const reading = cloud.reading(window, '7', { group: 5 });
    const { context, partition, flags } = reading.flagsRequest;
    const ballot = { counter: 0, proposer: 0 };
    const synod = { context, kind: 'read', ballot, value: null } as const;
    const refused = [
      reading.accept(node, { receipts: [] }),
      cloud.askAs(sibling, node, operations.VOTE, { ...synod, partition, flags }),
      cloud.askAs(sibling, node, operations.SYNOD, { ...synod, decision: 'terms' }),
      cloud.askAs(sibling, node, operations.LEDGER, { ...synod, decision: 'release' }),
      cloud.askAs(sibling, node, operations.FREEZE, { context }),
    ];
    for (const answer of refused) await expectCode(answer, 'STORE_IN_DOUBT');
    expect(await reading.upload(0, node)).toEqual({ answers: ['STORED'] });
    expect(await cloud.askAs(sibling, node, operations.HELD, { context, partitions: [] })).toEqual({
      partitions: [],
    });
  });

  it('costs no reading and no result where the other acceptors and ledgers are a majority', async () => {
    const { window, readings } = await committed({ shape: SHAPE });
    const node = ownersOf(readings, 0)[0];
    await damage(node, () => flipBit(cloud.store(node), 'flags'));
    await cloud.reading(window, '9', { group: 5 }).commit();
    expectExact(await cloud.compute(window), [...READINGS, '9']);
  });

  it('leaves the release of a domain of two waiting, with the reason and without a number', async () => {
    const shape = { ...SHAPE, nodes: [2, 2, 2] };
    const { window, readings } = await committed({ shape });
    expect(majority(2)).toBe(2);
    const node = ownersOf(readings, 0)[0];
    await damage(node, () => dropRow(cloud.store(node), 'values'));
    const outcome = await cloud.compute(window);
    expect(outcome).toMatchObject({ kind: 'incomplete' });
    expect(JSON.stringify(outcome)).toMatch(/release/);
  });

  it('fetches from its domain all the shares that it should own', async () => {
    const { readings } = await committed({ shape: SHAPE });
    const [node, sibling] = ownersOf(readings, 0);
    await damage(node, async () => {
      for (let i = 0; i < READINGS.length; i++) await dropRow(cloud.store(node), 'values');
    });
    expect(await missingAt(node, sibling, readings)).toBe(READINGS.length);
    expect(reasonsOf(node)).toContain('repair: 1 windows or partitions to be fetched');
    await cloud.clock.advance(MINUTE_MS);
    expect(await missingAt(node, sibling, readings)).toBe(0);
    expect(reasonsOf(node)).toMatch(/^store in doubt, .*: expected 3 records in the values table, found 0$/);
  });

  it.each([
    ['the rows', false],
    ['and the windows', true],
  ])(
    'fetches %s from the one node of its domain that is there, and is not whole before the other is back',
    async (_, all) => {
      cloud = await startSmallCloud({ shape: SHAPE });
      const empty = new Map(cloud.nodeIds.map((id) => [id, copyDisk(cloud.store(id))]));
      const window = await cloud.openWindow();
      const groups = Array.from({ length: 64 }, (_, group) => group);
      // The node that is away is asked first.
      const group = groups.find((one) => {
        const owners = cloud.reading(window, '0', { group: one }).owners(0);
        return !owners.includes(cloud.nodeIds[0] as NodeId);
      });
      const readings = READINGS.map((reading) =>
        cloud.reading(window, reading, { group: group ?? expect.fail() }),
      );
      for (const reading of readings) await reading.commit();
      await cloud.clock.advance(MINUTE_MS);
      const [node, sibling] = ownersOf(readings, 0);
      const away = cloud.nodeIds[0] as NodeId;
      await cloud.stop(away);
      await damage(node, async () => {
        if (all) return restoreDisk(cloud.store(node), empty.get(node) ?? []);
        for (let i = 0; i < READINGS.length; i++) await dropRow(cloud.store(node), 'values');
      });
      await cloud.clock.advance(MINUTE_MS);
      expect(await missingAt(node, sibling, readings)).toBe(0);
      expect(reasonsOf(node)).toContain('to be fetched');
      await cloud.start(away);
      await cloud.clock.advance(MINUTE_MS);
      expect(reasonsOf(node)).not.toContain('to be fetched');
    },
  );

  it('finds the windows it has forgotten as well', async () => {
    cloud = await startSmallCloud({ shape: SHAPE });
    const empty = new Map(cloud.nodeIds.map((id) => [id, copyDisk(cloud.store(id))]));
    const window = await cloud.openWindow();
    const readings = READINGS.map((reading) => cloud.reading(window, reading, { group: 5 }));
    for (const reading of readings) await reading.commit();
    await cloud.clock.advance(MINUTE_MS);
    const [node, sibling] = ownersOf(readings, 0);
    await damage(node, () => restoreDisk(cloud.store(node), empty.get(node) ?? []));
    expect(reasonsOf(node)).toMatch(/has seen commit/);
    await cloud.clock.advance(MINUTE_MS);
    expect(await missingAt(node, sibling, readings)).toBe(0);
    expectExact(await cloud.compute(window), READINGS);
  });

  it.each<[string, RegExp]>([
    ['the terms of a window', /D\/terms$/],
    ['that it froze a window', /F$/],
    ['what was settled and excluded', /D\/(settlement|exclusion)$/],
    ['what its domain released', /D\/release$/],
    ['a vote about a window', /^S/],
    ['that a window was erased, beside another bad row', /^X|F$/],
    ['a ring document', /^E/],
  ])('starts where the row that says %s does not open, and learns it again', async (_, rows) => {
    cloud = await startSmallCloud({ shape: SHAPE, stream: { retentionMs: MINUTE_MS } });
    await cloud.clock.until(cloud.openWindow({ latest: START_MS + MINUTE_MS }));
    await cloud.clock.advance(3 * MINUTE_MS);
    const window = await cloud.openWindow({ window: windowId(cloud.clock.now()) });
    for (const reading of READINGS) await cloud.reading(window, reading).commit();
    expectExact(await cloud.compute(window), READINGS);
    // Of the meta table only ring documents: it has other rows that begin with an S.
    const placesAt = (one: NodeId) =>
      (['windows', 'meta'] as const).flatMap((table) =>
        cloud
          .store(one)
          .rows(table)
          .flatMap(([key], place) =>
            rows.test(String.fromCharCode(...key)) && (table === 'windows' || key[0] === 0x45)
              ? [{ table, place }]
              : [],
          ),
      );
    const node = cloud.nodeIds.find((one) => placesAt(one).length > 0);
    if (node === undefined) throw new Error('expected a node with such a row');
    const question = { stream: cloud.stream.hash, window, group: 0 };
    const rowNow = () => cloud.clock.until(cloud.order(node, operations.COMPUTE, question));
    const row = await rowNow();

    await damage(node, () => {
      for (const { table, place } of placesAt(node)) flipBit(cloud.store(node), table, place);
    });
    expect(reasonsOf(node)).toMatch(
      /^store in doubt, .*: a (row of the windows table|stored ring document) does not/,
    );
    await cloud.clock.advance(MINUTE_MS);
    expect(await rowNow()).toEqual(row);
    expectExact(await cloud.compute(window), READINGS);
    expect(reasonsOf(node)).not.toContain('to be fetched');
  });
});
