import { afterEach, describe, expect, it } from 'vitest';
import type { FlagEntry } from '../../../src/protocol/index.ts';
import { entryName, operations, readingId, sensorId, shareColumns } from '../../../src/protocol/index.ts';
import { ROWS_PER_PAGE_MAX } from '../../../src/protocol/limits.ts';
import type { NodeId } from '../../../src/ring/index.ts';
import { expectCode } from '../../support/bad-input.ts';
import type { RawReading } from '../../support/raw-reading.ts';
import { type Overheard, type SmallCloud, startSmallCloud } from '../../support/small-cloud.ts';

const SHAPE = { nodes: [2, 1, 1], acceptors: 1, replicas: 2 } as const;

let cloud: SmallCloud;

afterEach(() => cloud.close());

/** Puts shares on one node of the domain only. */
function copyTo(node: NodeId, reading: RawReading, entries: readonly FlagEntry[] = [reading.entry]) {
  const share = reading.share(0);
  const columns = shareColumns(
    entries.map((entry) => ({ entry, share })),
    share.length,
  );
  return cloud.askAs(node, node, operations.COPY, { ...reading.copyRequest(0), ...columns });
}

async function gatherAt(node: NodeId, { flagsRequest, partition }: RawReading): Promise<void> {
  const { context } = flagsRequest;
  await cloud.askAs(node, node, operations.GATHER, { context, partitions: [partition] });
}

/** Two owners of a partition, the second of which has one row more than a page holds. */
async function twoPages(overhear: (message: Overheard) => void = () => {}) {
  cloud = await startSmallCloud({ shape: SHAPE, overhear });
  const reading = cloud.reading(await cloud.openWindow(), '1', { group: 5 });
  const [first, second] = reading.owners(0) as [NodeId, NodeId];
  const entries = Array.from({ length: ROWS_PER_PAGE_MAX + 1 }, (_, number): FlagEntry => {
    const id = reading.entry.readingId.slice();
    new DataView(id.buffer).setUint32(12, number);
    return { readingId: readingId(id), sensorId: sensorId(new Uint8Array(16)), count: 1 };
  });
  await copyTo(second, reading, entries.slice(0, 100));
  await copyTo(second, reading, entries.slice(100));
  return { reading, first, second, entries };
}

describe('uniting the rows of a partition', () => {
  it('two different shares for one key are no row, wherever they lie, and the others are united', async () => {
    cloud = await startSmallCloud({ shape: SHAPE });
    const window = await cloud.openWindow();
    const inOnePlace = (reading: string) => cloud.reading(window, reading, { group: 5 });
    const [twice, here, there] = ['1', '2', '3'].map(inOnePlace) as [RawReading, RawReading, RawReading];
    const [first, second] = twice.owners(0) as [NodeId, NodeId];
    for (const reading of [twice, here]) await copyTo(first, reading);
    await copyTo(second, cloud.reading(window, '1', { entry: twice.entry }));
    await copyTo(second, there);
    for (let times = 0; times < 2; times++) {
      await gatherAt(first, twice);
      const { context } = twice.flagsRequest;
      const { rows } = await cloud.askAs(second, first, operations.ROWS, {
        context,
        partition: twice.partition,
        after: null,
      });
      const conflicts = new Map(rows.map(({ entry, conflict }) => [entryName(entry), conflict]));
      expect(conflicts).toEqual(
        new Map([twice, here, there].map((reading) => [entryName(reading.entry), reading === twice])),
      );
    }
  });

  it('fetches every page of another node', async () => {
    const { reading, first, entries } = await twoPages();
    await gatherAt(first, reading);
    expect(cloud.rowsAt(first, 'values')).toHaveLength(entries.length);
  });

  it('has not ended where the other node stops between two pages', async () => {
    let between: () => Promise<unknown> = async () => {};
    const { reading, first, second, entries } = await twoPages(({ from, path }) => {
      if (from !== undefined && path === operations.ROWS.path) void between();
    });
    between = () => cloud.stop(second);
    await expectCode(gatherAt(first, reading), 'UNREACHABLE');
    expect(cloud.rowsAt(first, 'values')).toHaveLength(ROWS_PER_PAGE_MAX);
    between = async () => {};
    await cloud.start(second);
    await gatherAt(first, reading);
    expect(cloud.rowsAt(first, 'values')).toHaveLength(entries.length);
  });
});
