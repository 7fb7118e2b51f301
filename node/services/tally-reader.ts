import { addToLimbSum } from '../../src/arithmetic/index.ts';
import { windowName } from '../../src/protocol/index.ts';
import { partitionOf } from '../../src/ring/identifiers.ts';
import type { Partition } from '../../src/ring/index.ts';
import type { Journal } from '../engine/journal.ts';
import type { ShareTable } from './share-table.ts';
import type { Tallies, Tally, WindowTallies } from './tallies.ts';
import { emptyTally } from './tallies.ts';
import type { OpenWindowRecord } from './windows.ts';

/** Windows whose scanned sums are kept in memory, each at most 1,024 partitions of a digest and a sum. */
const TALLIES_MAX = 8;

export interface TallyReaderComponents {
  readonly journal: Journal;
  readonly shares: ShareTable;
  readonly tallies: Tallies;
}

/** The sums of a window's rows as they are: kept ones, or those of a pass over the rows. */
export type ReadTallies = (record: OpenWindowRecord) => Promise<WindowTallies>;

export function createTallyReader({ journal, shares, tallies: running }: TallyReaderComponents): ReadTallies {
  const scanned = new Map<string, { version: number; tallies: Promise<WindowTallies> }>();

  /** One pass over all good rows of the window, counted and added up per partition. */
  async function scanWindow(record: OpenWindowRecord): Promise<WindowTallies> {
    const partitions = new Map<Partition, Tally>();
    for await (const [entry, row] of shares.goodRows(record, null)) {
      const partition = partitionOf(entry.readingId);
      const tally = partitions.get(partition) ?? emptyTally(record);
      partitions.set(partition, tally);
      tally.hasher.add(entry);
      addToLimbSum(tally.sum, row.share);
    }
    return { partitions, open: null, sensors: null };
  }

  /** The window's sums as they are now: the running ones, else those of one pass while nothing changes. */
  async function tallyWindow(record: OpenWindowRecord): Promise<WindowTallies> {
    const name = windowName(record.scope);
    const version = shares.version(record);
    const tallies = running.of(record);
    // What is counted must be on disk before anything is said about it.
    await journal.synced();
    if (tallies !== undefined) return tallies;
    const known = scanned.get(name);
    if (known?.version === version) return known.tallies;
    const made = scanWindow(record);
    scanned.delete(name);
    scanned.set(name, { version, tallies: made });
    made.catch(() => scanned.delete(name));
    const oldest = scanned.keys().next().value;
    if (scanned.size > TALLIES_MAX && oldest !== undefined) scanned.delete(oldest);
    return made;
  }

  return tallyWindow;
}
