import { EngineError } from '../../src/foundation/index.ts';
import type {
  FlagEntry,
  PartitionDigest,
  SensorId,
  SensorsRequest,
  SensorsResponse,
} from '../../src/protocol/index.ts';
import { digestOf, entryName, equalDigests } from '../../src/protocol/index.ts';
import { SENSORS_PER_PAGE_MAX } from '../../src/protocol/limits.ts';
import { partitionOf } from '../../src/ring/identifiers.ts';
import type { Partition } from '../../src/ring/index.ts';
import type { Journal } from '../engine/journal.ts';
import type { SetLists } from './set-lists.ts';
import type { ShareTable } from './share-table.ts';
import type { OpenWindowRecord } from './windows.ts';

export interface SensorCensusComponents {
  readonly journal: Journal;
  readonly shares: ShareTable;
  readonly lists: SetLists;
}

/** SENSORS: whose shares this node holds, by id alone, and who of them counts in T minus X. */
export interface SensorCensus {
  /** A page of whole partitions. @throws EngineError `INCOMPLETE` when no acceptor has the settled flags */
  page(record: OpenWindowRecord, request: Omit<SensorsRequest, 'context'>): Promise<SensorsResponse>;
}

export function createSensorCensus({ journal, shares, lists }: SensorCensusComponents): SensorCensus {
  /** The flags of a partition that count: all rows where they are T, else those that T names. */
  async function counted(
    record: OpenWindowRecord,
    rows: readonly FlagEntry[],
    named: PartitionDigest | undefined,
    excluded: ReadonlySet<string>,
  ): Promise<readonly FlagEntry[]> {
    if (named === undefined) return [];
    const left = rows.filter((entry) => !excluded.has(entryName(entry)));
    if (equalDigests(digestOf(record.terms.value.setHashKey, rows), named.digest)) return left;
    const members = await lists.members(record, named);
    if (members !== null) return left.filter((entry) => members.has(entryName(entry)));
    throw new EngineError(
      'INCOMPLETE',
      `no acceptor that answers has the settled flags of partition ${named.partition}`,
    );
  }

  /** The rows of the window by partition, in order. */
  async function* partitionsFrom(
    record: OpenWindowRecord,
    from: Partition,
  ): AsyncGenerator<readonly [Partition, readonly FlagEntry[]]> {
    let at: Partition | null = null;
    let rows: FlagEntry[] = [];
    for await (const [entry] of shares.goodRows(record, null)) {
      const partition = partitionOf(entry.readingId);
      if (partition < from) continue;
      if (at !== null && partition !== at) {
        yield [at, rows];
        rows = [];
      }
      at = partition;
      rows.push(entry);
    }
    if (at !== null) yield [at, rows];
  }

  return {
    async page(record, { partitions, excluded, from }) {
      await journal.synced();
      const standing = new Map(partitions.map((named) => [named.partition, named]));
      const without = new Set(excluded.map(entryName));
      const found = new Map<string, { readonly sensor: SensorId; included: boolean }>();
      for await (const [partition, rows] of partitionsFrom(record, from)) {
        if (found.size > 0 && found.size + rows.length > SENSORS_PER_PAGE_MAX) {
          return { sensors: [...found.values()], next: partition };
        }
        for (const { sensorId } of rows) {
          const name = sensorName(sensorId);
          if (!found.has(name)) found.set(name, { sensor: sensorId, included: false });
        }
        for (const { sensorId } of await counted(record, rows, standing.get(partition), without)) {
          const sensor = found.get(sensorName(sensorId));
          if (sensor !== undefined) sensor.included = true;
        }
      }
      return { sensors: [...found.values()], next: null };
    },
  };
}

/** The id as a map key: one character per byte, because a window may have a million sensors. */
export function sensorName(sensor: SensorId): string {
  return String.fromCharCode(...sensor);
}
