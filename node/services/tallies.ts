import type { LimbSum } from '../../src/arithmetic/index.ts';
import { addToLimbSum, createLimbSum } from '../../src/arithmetic/index.ts';
import type {
  EntryDigests,
  FlagEntry,
  PartitionDigest,
  SetDigest,
  SetHasher,
  ShareColumns,
} from '../../src/protocol/index.ts';
import {
  countInKey,
  createEntryDigests,
  createSetHasher,
  DIGEST_WORDS,
  ENTRY_KEY_BYTES,
  equalDigests,
  keysAt,
} from '../../src/protocol/index.ts';
import type { NodeId, Partition } from '../../src/ring/index.ts';
import type { EntryHash } from '../engine/entry-hash.ts';
import type { EntryTable } from '../engine/entry-table.ts';
import { createEntryTable } from '../engine/entry-table.ts';
import type { Rings } from '../engine/rings.ts';
import { createRunning } from './running.ts';
import type { SensorPairs } from './sensor-pairs.ts';
import { createSensorPairs } from './sensor-pairs.ts';
import { isPublic } from './tell.ts';
import type { OpenWindowRecord } from './windows.ts';

/**
 * Rows of a window without a TRUE vote that are told apart in memory. Where there are more, a partition with some of
 * them is read from the disk when its window settles.
 */
export const OPEN_ROWS_MAX = 16_384;

/**
 * Pairs of a sensor and a partition that a node keeps for the gate, over all windows, 57 bytes each and half of them empty
 * at worst. The gate reads the rows of a window that there is no room for.
 */
export const SENSOR_PAIRS_MAX = 262_144;

/** What the good rows of one partition add up to. A function of shares: it never leaves the node as it is. */
export interface Tally {
  readonly hasher: SetHasher;
  readonly sum: LimbSum;
  /** How many rows in it have a flag that this node has not accepted as TRUE; null where it does not know which. */
  open: number | null;
}

export interface WindowTallies {
  readonly partitions: ReadonlyMap<Partition, Tally>;
  /** The open rows of all partitions: of each its digest and its partition. */
  readonly open: EntryTable | null;
  /** Whose the rows in it are; null where nobody counts them, or there is no room. */
  readonly sensors: SensorPairs | null;
}

export interface TalliesComponents {
  readonly rings: Rings;
  readonly self: { readonly nodeId: NodeId };
  readonly entryHash: EntryHash;
}

/** Running sums of the share rows per window and partition, in memory. Sums of replicas are never added. */
export interface Tallies {
  /**
   * Rows that were not there before are staged.
   * @param places of the rows in the columns.
   */
  add(record: OpenWindowRecord, partition: Partition, columns: ShareColumns, places: readonly number[]): void;
  /**
   * This node has accepted TRUE for flags, whose keys come one after another.
   * @returns the digests of their entries in this order; null where it does not know which rows are open.
   */
  committed(record: OpenWindowRecord, partition: Partition, keys: Uint8Array): Float64Array | null;
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

/** Numbers of an open row: the words of its digest, and its partition. */
const OPEN_NUMBERS = DIGEST_WORDS + 1;

interface State extends WindowTallies {
  readonly partitions: Map<Partition, Tally>;
  readonly open: EntryTable;
  readonly digestAll: EntryDigests;
  sensors: SensorPairs | null;
}

/** @param pairsMax a smaller limit for a test. */
export function createTallies(
  { rings, self, entryHash }: TalliesComponents,
  pairsMax = SENSOR_PAIRS_MAX,
): Tallies {
  const running = createRunning<State>((record) => ({
    partitions: new Map(),
    open: createEntryTable(entryHash, OPEN_NUMBERS),
    digestAll: createEntryDigests(record.terms.value.setHashKey),
    sensors: isPublic(rings, record) ? null : createSensorPairs(entryHash),
  }));
  /** No fewer than there are. */
  let pairs = 0;
  /** Digests from when they are made until they are added up. */
  let digests = new Float64Array(0);

  /** The digests of entries, until they are asked of others. */
  function digestsOf({ digestAll }: State, keys: Uint8Array): Float64Array {
    const numbers = DIGEST_WORDS * (keys.length / ENTRY_KEY_BYTES);
    if (digests.length < numbers) digests = new Float64Array(numbers);
    digestAll(keys, digests);
    return digests;
  }

  function isAcceptor({ scope, stream }: OpenWindowRecord, partition: Partition): boolean {
    const domains = stream.domains.map(({ id }) => id);
    return rings.of(scope).placement.acceptors(domains, partition).includes(self.nodeId);
  }

  function tallyOf(state: State, record: OpenWindowRecord, partition: Partition): Tally {
    const known = state.partitions.get(partition);
    if (known !== undefined) return known;
    const made = emptyTally(record);
    if (isAcceptor(record, partition)) made.open = 0;
    state.partitions.set(partition, made);
    return made;
  }

  /** Rows have come, whose digests these are. */
  function noteOpen(
    { open }: State,
    tally: Tally,
    partition: Partition,
    keys: Uint8Array,
    words: Float64Array,
  ): void {
    for (let keyAt = 0, from = 0; keyAt < keys.length; keyAt += ENTRY_KEY_BYTES, from += DIGEST_WORDS) {
      if (tally.open === null) return;
      const at = OPEN_NUMBERS * open.add(keys, keyAt);
      const numbers = open.numbers();
      copyDigest(words, from, numbers, at);
      numbers[at + DIGEST_WORDS] = partition;
      tally.open += 1;
      if (open.size <= OPEN_ROWS_MAX) continue;
      for (const place of openPlaces(open, partition)) open.delete(place);
      tally.open = null;
    }
  }

  /** Counts the pairs anew where they may be too many; what was released nobody counts again. */
  function limitPairs(state: State): void {
    if (pairs <= pairsMax) return;
    pairs = 0;
    for (const [record, other] of running.all()) {
      if (record.release !== null) other.sensors = null;
      pairs += other.sensors?.size ?? 0;
    }
    if (pairs <= pairsMax) return;
    pairs -= state.sensors?.size ?? 0;
    state.sensors = null;
  }

  return {
    add(record, partition, { keys, shares }, places) {
      const state = running.of(record);
      if (state === undefined || places.length === 0) return;
      const tally = tallyOf(state, record, partition);
      const shareBytes = shares.length / (keys.length / ENTRY_KEY_BYTES);
      const pairsBefore = state.sensors?.size ?? 0;
      const fresh = keysAt(keys, places);
      const words = digestsOf(state, fresh);
      for (const [row, place] of places.entries()) {
        const keyAt = ENTRY_KEY_BYTES * row;
        tally.hasher.addDigest(words, DIGEST_WORDS * row, countInKey(fresh, keyAt));
        addToLimbSum(tally.sum, shares, shareBytes * place);
        state.sensors?.add(fresh, keyAt);
      }
      noteOpen(state, tally, partition, fresh, words);
      pairs += (state.sensors?.size ?? 0) - pairsBefore;
      limitPairs(state);
    },
    committed(record, partition, keys) {
      const state = running.of(record);
      const tally = state?.partitions.get(partition);
      if (state === undefined || tally === undefined || tally.open === null) return null;
      const { open } = state;
      const numbers = open.numbers();
      const digests = new Float64Array(DIGEST_WORDS * (keys.length / ENTRY_KEY_BYTES));
      const unknown: number[] = [];
      for (let entry = 0; ENTRY_KEY_BYTES * entry < keys.length; entry++) {
        const place = open.find(keys, ENTRY_KEY_BYTES * entry);
        if (place < 0) {
          unknown.push(entry);
          continue;
        }
        copyDigest(numbers, OPEN_NUMBERS * place, digests, DIGEST_WORDS * entry);
        open.delete(place);
        tally.open -= 1;
      }
      if (unknown.length === 0) return digests;
      const made = digestsOf(state, keysAt(keys, unknown));
      for (const [at, entry] of unknown.entries()) {
        copyDigest(made, DIGEST_WORDS * at, digests, DIGEST_WORDS * entry);
      }
      return digests;
    },
    spoil: (record) => running.spoil(record),
    of: (record) => running.of(record),
  };
}

function copyDigest(words: Float64Array, from: number, to: Float64Array, at: number): void {
  for (let word = 0; word < DIGEST_WORDS; word++) to[at + word] = words[from + word] ?? 0;
}

/** The places of a partition's open rows. */
function openPlaces(open: EntryTable, partition: Partition): readonly number[] {
  const numbers = open.numbers();
  const places: number[] = [];
  for (let place = open.next(-1); place >= 0; place = open.next(place)) {
    if (numbers[OPEN_NUMBERS * place + DIGEST_WORDS] === partition) places.push(place);
  }
  return places;
}

/** The rows of a partition's tally that T does not name; null where the tally can't tell or lacks a row of T. */
export function strayRows(
  { partitions, open }: WindowTallies,
  { partition, digest }: PartitionDigest,
): readonly FlagEntry[] | null {
  const tally = partitions.get(partition);
  if (tally === undefined) return null;
  if (tally.hasher.equals(digest)) return NO_ROWS;
  if (open === null || tally.open === null) return null;
  if (tally.hasher.digest().count - tally.open !== digest.count) return null;
  const places = openPlaces(open, partition);
  return equalDigests(digestWithout(tally, open, places), digest) ? places.map(open.entryAt) : null;
}

const NO_ROWS: readonly FlagEntry[] = [];

/** The digest of a tally without some of its open rows. */
function digestWithout({ hasher }: Tally, open: EntryTable, places: readonly number[]): SetDigest {
  const numbers = open.numbers();
  const taken = places.map((place) => [OPEN_NUMBERS * place, open.entryAt(place).count] as const);
  for (const [at, count] of taken) hasher.removeDigest(numbers, at, count);
  const digest = hasher.digest();
  for (const [at, count] of taken) hasher.addDigest(numbers, at, count);
  return digest;
}
