import { concat, EngineError, toHex, utf8 } from '../../src/foundation/index.ts';
import type { FlagEntry, SetDigest } from '../../src/protocol/index.ts';
import {
  digestOf,
  ENTRY_KEY_BYTES,
  entriesOfKeys,
  entryKey,
  entryKeys,
  equalDigests,
  partitionKey,
  windowKey,
} from '../../src/protocol/index.ts';
import type { KeepListRequest } from '../../src/protocol/window-messages.ts';
import { checkNotErased } from '../../src/protocol/window-rules.ts';
import { PARTITIONS } from '../../src/ring/identifiers.ts';
import type { DomainId, Partition } from '../../src/ring/index.ts';
import type { Journal } from '../engine/journal.ts';
import type { KeyedLock } from '../engine/keyed-lock.ts';
import type { Tables } from '../engine/tables.ts';
import type { Admission } from './admission.ts';
import type { OpenWindowRecord } from './windows.ts';

/** What a page takes beside its entries: its key and seal on the disk, its name in memory. */
const PAGE_BYTES = 512;
/** Sets that honest coordinators can make of a partition: of what any two of three acceptors report, or all three. */
const LISTED_SETS_MAX = 4;
/** What the keys of pages begin with. */
const LIST = utf8('T');

export interface KeptListsComponents {
  readonly journal: Journal;
  readonly tables: Tables;
  readonly lock: KeyedLock;
  readonly admission: Pick<Admission, 'acceptors' | 'entries'>;
  /** Whether this node has the set that a digest names. */
  readonly isHere: (record: OpenWindowRecord, partition: Partition, digest: SetDigest) => Promise<boolean>;
}

/** Lists of ids that coordinators store here for a candidate T, page after page, under the digest of the whole. */
export interface KeptLists {
  /**
   * Stores a page for a node of a domain; with the last one the whole list must have its digest. What is here under its digest
   * stays as it is, and a list that turns out to have another one is dropped. False where it has.
   * @throws EngineError `WRONG_NODE`, `MALFORMED_BODY`, `WINDOW_FULL` where the domain has stored what honest nodes never need
   */
  keep(record: OpenWindowRecord, request: KeepListRequest, from: DomainId): Promise<boolean>;
}

/** What is stored of a window: what its rows say, and what came since they were read. */
interface Stored {
  /** Names of the pages, each counted once however often it is sent. */
  readonly pages: Set<string>;
  readonly bytes: Map<DomainId, number>;
  /** Names of lists of which a page came since the node's start and that are not whole. */
  readonly begun: Set<string>;
}

export function createKeptLists(components: KeptListsComponents): KeptLists {
  const { journal, tables, lock, admission, isHere } = components;
  const windows = new WeakMap<OpenWindowRecord, Promise<Stored>>();

  /** Reads the rows of the window when it is first asked for one: no start waits for them. */
  function storedOf(record: OpenWindowRecord): Promise<Stored> {
    const stored = windows.get(record) ?? readBack(record);
    windows.set(record, stored);
    stored.catch(() => windows.delete(record));
    return stored;
  }

  async function readBack(record: OpenWindowRecord): Promise<Stored> {
    const pages = new Set<string>();
    const bytes = new Map<DomainId, number>();
    const prefix = concat(LIST, windowKey(record.scope));
    for await (const { key, plain } of tables.scan('windows', record.rowKey, prefix)) {
      const from = plain === null ? undefined : storedBy(record, plain);
      if (plain === null || from === undefined) continue;
      pages.add(toHex(key));
      bytes.set(from, (bytes.get(from) ?? 0) + PAGE_BYTES + keysOf(plain).length);
    }
    return { pages, bytes, begun: new Set() };
  }

  /** @throws EngineError `WINDOW_FULL` */
  function charge(
    { pages, bytes }: Stored,
    record: OpenWindowRecord,
    page: Uint8Array,
    entries: number,
    from: DomainId,
  ): void {
    const name = toHex(page);
    if (pages.has(name)) return;
    const sum = (bytes.get(from) ?? 0) + PAGE_BYTES + entries * ENTRY_KEY_BYTES;
    const most = listBytesMax(record.stream.maxReadings);
    if (sum > most) {
      throw new EngineError(
        'WINDOW_FULL',
        `expected lists of at most ${most} bytes of domain ${from} about window ${record.scope.window}, got ${sum}`,
      );
    }
    bytes.set(from, sum);
    pages.add(name);
  }

  async function drop(record: OpenWindowRecord, prefix: Uint8Array): Promise<void> {
    for await (const { key } of tables.scan('windows', record.rowKey, prefix)) {
      journal.stage([{ kind: 'delete', table: 'windows', key }]);
    }
    await journal.synced();
  }

  async function keepOne(
    record: OpenWindowRecord,
    { partition, digest, entries, last }: KeepListRequest,
    from: DomainId,
  ): Promise<boolean> {
    const stored = await storedOf(record);
    const { begun } = stored;
    const prefix = listPrefix(record, partition, digest);
    const list = toHex(prefix);
    // Whoever could add a page to it, or write another one over it, would take T's ids from the window.
    if (!begun.has(list) && (await isHere(record, partition, digest))) return true;
    checkNotErased(record);
    const [first] = entries;
    if (first !== undefined) {
      const page = concat(prefix, entryKey(first));
      charge(stored, record, page, entries.length, from);
      begun.add(list);
      const plain = concat(entryKeys(entries), Uint8Array.of(placeOf(record, from)));
      journal.stage([tables.put('windows', record.rowKey, page, plain)]);
    }
    await journal.synced();
    if (!last) return true;
    const kept = digestOf(record.terms.value.setHashKey, await readKept(tables, record, partition, digest));
    const isWhole = equalDigests(kept, digest);
    // What another one has added would spoil the list also when it is sent again.
    if (!isWhole) await drop(record, prefix);
    begun.delete(list);
    return isWhole;
  }

  return {
    async keep(record, request, from) {
      const { partition, entries } = request;
      admission.acceptors(record, partition);
      admission.entries(record.stream, partition, entryKeys(entries));
      const name = toHex(listPrefix(record, partition, request.digest));
      return lock.run(`list/${name}`, () => keepOne(record, request, from));
    },
  };
}

/** Bytes of lists that a domain may store at a node for one window: all that its readings can be, and a page of each partition. */
export function listBytesMax(maxReadings: number): number {
  return LISTED_SETS_MAX * (maxReadings * (ENTRY_KEY_BYTES + 1) + PARTITIONS * PAGE_BYTES);
}

/** The entries that lie under a digest, whatever theirs is; none where a page does not open. */
export async function readKept(
  tables: Pick<Tables, 'scan'>,
  record: OpenWindowRecord,
  partition: Partition,
  digest: SetDigest,
): Promise<FlagEntry[]> {
  const entries: FlagEntry[] = [];
  for await (const { plain } of tables.scan(
    'windows',
    record.rowKey,
    listPrefix(record, partition, digest),
  )) {
    if (plain === null) return [];
    for (const entry of entriesOfKeys(keysOf(plain))) entries.push(entry);
  }
  return entries;
}

function listPrefix(record: OpenWindowRecord, partition: Partition, digest: SetDigest): Uint8Array {
  return concat(LIST, partitionKey(record.scope, partition), digest.hash);
}

/** The keys of a page's entries, behind which stands who stored it. */
function keysOf(plain: Uint8Array): Uint8Array {
  return plain.subarray(0, plain.length - (plain.length % ENTRY_KEY_BYTES));
}

function placeOf({ stream }: OpenWindowRecord, domain: DomainId): number {
  return stream.domains.findIndex(({ id }) => id === domain);
}

/** The domain whose node stored a page last; undefined where an earlier version of this program did. */
function storedBy({ stream }: OpenWindowRecord, plain: Uint8Array): DomainId | undefined {
  const [place] = plain.subarray(keysOf(plain).length);
  return place === undefined ? undefined : stream.domains[place]?.id;
}
