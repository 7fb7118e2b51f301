import type { LimbSum } from '../../src/arithmetic/index.ts';
import { addToLimbSum, createLimbSum } from '../../src/arithmetic/index.ts';
import type { FlagEntry, PartitionDigest, SetDigest, SetHasher } from '../../src/protocol/index.ts';
import { createSetHasher, entryName, entryOfName, equalDigests } from '../../src/protocol/index.ts';
import type { NodeId, Partition } from '../../src/ring/index.ts';
import type { Rings } from '../engine/rings.ts';
import { createRunning } from './running.ts';
import type { OpenWindowRecord } from './windows.ts';

/**
 * Rows of a window without a TRUE vote that are told apart in memory. Where there are more, a partition with some of
 * them is read from the disk when its window settles.
 */
export const OPEN_ROWS_MAX = 16_384;

/** What the good rows of one partition add up to. A function of shares: it never leaves the node as it is. */
export interface Tally {
  readonly hasher: SetHasher;
  readonly sum: LimbSum;
  /** Names of rows in it whose flag this node has not accepted as TRUE; null where it does not know which. */
  open: Set<string> | null;
}

export type WindowTallies = ReadonlyMap<Partition, Tally>;

export interface TalliesComponents {
  readonly rings: Rings;
  readonly self: { readonly nodeId: NodeId };
}

/** Running sums of the share rows per window and partition, in memory. Sums of replicas are never added. */
export interface Tallies {
  /** A row that was not there before is staged. */
  add(record: OpenWindowRecord, partition: Partition, entry: FlagEntry, share: Uint8Array): void;
  /** This node has accepted TRUE for the flag. */
  committed(record: OpenWindowRecord, partition: Partition, entry: FlagEntry): void;
  /** Rows changed in another way, or were there before the node started. */
  spoil(record: OpenWindowRecord): void;
  /** Undefined where only the rows know. */
  of(record: OpenWindowRecord): WindowTallies | undefined;
}

export function emptyTally(record: OpenWindowRecord): Tally {
  return {
    hasher: createSetHasher(record.terms.value.setHashKey),
    sum: createLimbSum(record.stream.elements.length),
    open: null,
  };
}

interface State {
  readonly tallies: Map<Partition, Tally>;
  openRows: number;
}

export function createTallies({ rings, self }: TalliesComponents): Tallies {
  const running = createRunning<State>(() => ({ tallies: new Map(), openRows: 0 }));

  function isAcceptor({ scope, stream }: OpenWindowRecord, partition: Partition): boolean {
    const domains = stream.domains.map(({ id }) => id);
    return rings.of(scope).placement.acceptors(domains, partition).includes(self.nodeId);
  }

  function noteOpen(state: State, tally: Tally, entry: FlagEntry): void {
    if (tally.open === null) return;
    tally.open.add(entryName(entry));
    state.openRows += 1;
    if (state.openRows <= OPEN_ROWS_MAX) return;
    state.openRows -= tally.open.size;
    tally.open = null;
  }

  return {
    add(record, partition, entry, share) {
      const state = running.of(record);
      if (state === undefined) return;
      let tally = state.tallies.get(partition);
      if (tally === undefined) {
        tally = emptyTally(record);
        if (isAcceptor(record, partition)) tally.open = new Set();
        state.tallies.set(partition, tally);
      }
      tally.hasher.add(entry);
      addToLimbSum(tally.sum, share);
      noteOpen(state, tally, entry);
    },
    committed(record, partition, entry) {
      const state = running.of(record);
      if (state?.tallies.get(partition)?.open?.delete(entryName(entry))) state.openRows -= 1;
    },
    spoil: (record) => running.spoil(record),
    of: (record) => running.of(record)?.tallies,
  };
}

/** The rows of a tally that T does not name; null where the tally can't tell or lacks a row of T. */
export function strayRows(
  tally: Tally | undefined,
  { digest }: PartitionDigest,
): readonly FlagEntry[] | null {
  if (tally === undefined) return null;
  if (equalDigests(tally.hasher.digest(), digest)) return [];
  if (tally.open === null || tally.hasher.digest().count - tally.open.size !== digest.count) return null;
  const open = [...tally.open].map(entryOfName);
  return equalDigests(digestWithout(tally, open), digest) ? open : null;
}

/** The digest of a tally without some of its entries. */
function digestWithout(tally: Tally, entries: Iterable<FlagEntry>): SetDigest {
  const taken = [...entries];
  for (const entry of taken) tally.hasher.remove(entry);
  const digest = tally.hasher.digest();
  for (const entry of taken) tally.hasher.add(entry);
  return digest;
}
