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
import type { SensorRows } from './sensor-pairs.ts';
import type { SetLists } from './set-lists.ts';
import { settledMembers } from './set-lists.ts';
import type { ShareTable } from './share-table.ts';
import type { Tallies, WindowTallies } from './tallies.ts';
import { strayRows } from './tallies.ts';
import type { OpenWindowRecord } from './windows.ts';

export interface SensorCensusComponents {
  readonly journal: Journal;
  readonly shares: ShareTable;
  readonly lists: SetLists;
  readonly tallies: Tallies;
}

/** SENSORS: whose shares this node holds, by id alone, and who of them counts in T minus X. */
export interface SensorCensus {
  /**
   * A page of whole partitions. @throws EngineError `INCOMPLETE` when no acceptor has the settled flags, or where a row of a
   * partition is missing for which the node shall stand
   */
  page(record: OpenWindowRecord, request: Omit<SensorsRequest, 'context'>): Promise<SensorsResponse>;
}

/** What the node is asked about. */
interface Question {
  /** The partitions that the node stands for. */
  readonly standing: ReadonlyMap<Partition, PartitionDigest>;
  readonly excluded: readonly FlagEntry[];
  /** Of each of them how many flags count. */
  readonly expected: ReadonlyMap<Partition, number>;
}

/** The sensors of a partition's rows; one may be named more than once. */
type Named = SensorsResponse['sensors'];

export function createSensorCensus({
  journal,
  shares,
  lists,
  tallies,
}: SensorCensusComponents): SensorCensus {
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
    const members = await settledMembers(lists, record, named);
    return left.filter((entry) => members.has(entryName(entry)));
  }

  async function namedInRows(
    record: OpenWindowRecord,
    partition: Partition,
    rows: readonly FlagEntry[],
    { standing, excluded, expected }: Question,
  ): Promise<Named> {
    const without = new Set(excluded.map(entryName));
    const included = await counted(record, rows, standing.get(partition), without);
    if (included.length < (expected.get(partition) ?? 0)) throw lostRows(partition);
    return [
      ...rows.map(({ sensorId }) => ({ sensor: sensorId, included: false })),
      ...included.map(({ sensorId }) => ({ sensor: sensorId, included: true })),
    ];
  }

  /** The sensors of the window by partition, in order, from all its rows. */
  async function* readFrom(
    record: OpenWindowRecord,
    from: Partition,
    question: Question,
  ): AsyncGenerator<readonly [Partition, Named]> {
    let at: Partition | null = null;
    let rows: FlagEntry[] = [];
    for await (const [entry] of shares.goodRows(record, null)) {
      const partition = partitionOf(entry.readingId);
      if (partition < from) continue;
      if (at !== null && partition !== at) {
        yield [at, await namedInRows(record, at, rows, question)];
        rows = [];
      }
      at = partition;
      rows.push(entry);
    }
    if (at !== null) yield [at, await namedInRows(record, at, rows, question)];
  }

  /** The same from what was kept while the rows came; the rows are read of partitions of which it does not tell. */
  async function* keptFrom(
    record: OpenWindowRecord,
    from: Partition,
    question: Question,
    kept: readonly KeptPartition[],
  ): AsyncGenerator<readonly [Partition, Named]> {
    for (const { partition, named } of kept) {
      if (partition < from) continue;
      if (named !== null) {
        yield [partition, named];
        continue;
      }
      const rows: FlagEntry[] = [];
      for await (const [entry] of shares.goodRows(record, partition)) rows.push(entry);
      yield [partition, await namedInRows(record, partition, rows, question)];
    }
  }

  return {
    async page(record, { partitions, excluded, from }) {
      const question = questionOf(partitions, excluded);
      const unmet = new Set([...question.expected.keys()].filter((one) => one >= from));
      const kept = keptPartitions(tallies.of(record), question);
      // What is counted must be on disk before anything is said about it.
      await journal.synced();
      const found = new Map<string, SensorsResponse['sensors'][number]>();
      const sensors =
        kept === null ? readFrom(record, from, question) : keptFrom(record, from, question, kept);
      for await (const [partition, named] of sensors) {
        if (found.size > 0 && found.size + named.length > SENSORS_PER_PAGE_MAX) {
          for (const one of unmet) if (one < partition) throw lostRows(one);
          return { sensors: [...found.values()], next: partition };
        }
        unmet.delete(partition);
        for (const one of named) {
          const name = sensorName(one.sensor);
          if (one.included || !found.has(name)) found.set(name, one);
        }
      }
      for (const one of unmet) throw lostRows(one);
      return { sensors: [...found.values()], next: null };
    },
  };
}

function questionOf(partitions: readonly PartitionDigest[], excluded: readonly FlagEntry[]): Question {
  const standing = new Map(partitions.map((named) => [named.partition, named]));
  const expected = new Map(partitions.map(({ partition, digest }) => [partition, digest.count]));
  for (const { readingId } of excluded) {
    const count = expected.get(partitionOf(readingId));
    if (count !== undefined) expected.set(partitionOf(readingId), count - 1);
  }
  for (const [partition, count] of expected) if (count <= 0) expected.delete(partition);
  return { standing, excluded, expected };
}

/**
 * Rows that have gone since the node stood for the partition, to their owners it may be: were their sensors left out, the
 * domain could withhold for ever what enough have committed.
 */
function lostRows(partition: Partition): EngineError {
  return new EngineError('INCOMPLETE', `rows of partition ${partition} have gone between two questions`);
}

/** A partition's sensors as they were kept; null where its rows have to be read. */
interface KeptPartition {
  readonly partition: Partition;
  readonly named: Named | null;
}

/** All at one moment, so that rows that come meanwhile are in both the pairs and the digests, or in neither. */
function keptPartitions(
  tallies: WindowTallies | undefined,
  { standing, excluded }: Question,
): readonly KeptPartition[] | null {
  if (tallies === undefined || tallies.sensors === null) return null;
  const kept: KeptPartition[] = [];
  for (const [partition, pairs] of tallies.sensors.byPartition()) {
    const digest = standing.get(partition);
    if (digest === undefined) {
      kept.push({ partition, named: pairs.map(({ sensor }) => ({ sensor, included: false })) });
      continue;
    }
    const strays = strayRows(tallies, digest);
    const out = excluded.filter(({ readingId }) => partitionOf(readingId) === partition);
    kept.push({ partition, named: strays === null ? null : withoutRows(pairs, [...strays, ...out]) });
  }
  return kept.sort((a, b) => a.partition - b.partition);
}

/** Who has a row that is none of the given ones, each of which is among the rows. */
function withoutRows(pairs: readonly SensorRows[], rows: readonly FlagEntry[]): Named {
  const taken = new Map<string, number>();
  for (const { sensorId } of rows) {
    const name = sensorName(sensorId);
    taken.set(name, (taken.get(name) ?? 0) + 1);
  }
  return pairs.map(({ sensor, rows: all }) => ({
    sensor,
    included: all > (taken.get(sensorName(sensor)) ?? 0),
  }));
}

/** The id as a map key: one character per byte, because a window may have a million sensors. */
export function sensorName(sensor: SensorId): string {
  return String.fromCharCode(...sensor);
}
