import { ELEMENT_BYTES } from '../../src/arithmetic/index.ts';
import { concat, EngineError, utf8 } from '../../src/foundation/index.ts';
import type { FlagEntry, RowsResponse, WindowScope } from '../../src/protocol/index.ts';
import {
  entryName,
  operations,
  partitionKey,
  partitionOfKey,
  shareColumns,
  windowName,
} from '../../src/protocol/index.ts';
import { checkNotErased } from '../../src/protocol/window-rules.ts';
import type { DomainId, NodeId, Partition } from '../../src/ring/index.ts';
import type { Journal } from '../engine/journal.ts';
import type { CallPeer, Peers } from '../engine/peers.ts';
import { silence } from '../engine/peers.ts';
import type { Rings } from '../engine/rings.ts';
import type { Tables } from '../engine/tables.ts';
import type { ShareTable } from './share-table.ts';
import type { Streams } from './streams.ts';
import type { WindowCount } from './tell.ts';
import { scopeOfRow } from './window-rows.ts';
import type { OpenWindowRecord, Windows } from './windows.ts';

/** Partitions spread in one round of care; the rest waits for the next round. */
const SPREAD_AT_ONCE = 64;
/** How many of them are left to hints, where there are so many. */
const HINTED_AT_ONCE = 16;

export interface SpreadComponents {
  readonly journal: Journal;
  readonly tables: Tables;
  readonly storeKey: Uint8Array;
  readonly shares: ShareTable;
  readonly streams: Streams;
  readonly windows: Windows;
  readonly rings: Rings;
  readonly self: { readonly nodeId: NodeId; readonly domain: DomainId };
  readonly callPeer: CallPeer;
  readonly peers: Pick<Peers, 'suspected'>;
}

/**
 * Partitions whose rows are not yet on every owner: thin ones of this node, and hints that it keeps for an
 * owner that was away. The mark is on disk beside the rows, so that a restart does not forget the debt.
 */
export interface Spread {
  /** Stages the mark of a partition, in the moment before the rows it is about. @throws `OVERLOADED`, `WINDOW_ERASED` */
  mark(record: OpenWindowRecord, partition: Partition): void;
  /**
   * Brings marked partitions to their owners, the thin ones, which are on one disk too few, before the hints. A hint that every
   * owner has is deleted here.
   */
  run(signal: AbortSignal): Promise<void>;
  /** The window is erased; its rows go to nobody any more. */
  forget(scope: WindowScope): void;
  /** Marked partitions this node owns (thin) and does not own (hinted), by window. */
  counts(): { readonly thin: readonly WindowCount[]; readonly hinted: readonly WindowCount[] };
}

interface Mark {
  readonly scope: WindowScope;
  readonly partition: Partition;
  /** Grows with every new row, so that a spread does not clear a mark that was set meanwhile. */
  version: number;
}

const MARK = utf8('M');

export async function openSpread(components: SpreadComponents): Promise<Spread> {
  const { journal, tables, storeKey, shares, windows, rings, self, peers } = components;
  const marks = new Map<string, Mark>();
  const nameOf = (scope: WindowScope, at: Partition): string => `${windowName(scope)}/${at}`;
  const rowOf = (scope: WindowScope, at: Partition): Uint8Array => concat(MARK, partitionKey(scope, at));
  const ownersOf = ({ scope, partition }: Omit<Mark, 'version'>): readonly NodeId[] =>
    rings.of(scope).placement.owners(self.domain, partition);

  for await (const { key } of tables.scan('windows', storeKey, MARK)) {
    const scope = scopeOfRow(key);
    const partition = partitionOfKey(key.subarray(MARK.length));
    // A damaged key; the store is in doubt by now, and its repair looks for what it owes.
    if (scope === null || partition === null) continue;
    marks.set(nameOf(scope, partition), { scope, partition, version: 0 });
  }

  function mark(record: OpenWindowRecord, at: Partition): void {
    // A mark behind an erasure would stay for ever.
    checkNotErased(record);
    const name = nameOf(record.scope, at);
    const known = marks.get(name);
    if (known !== undefined) {
      known.version += 1;
      return;
    }
    // Not known before it is staged: where the journal takes no more, the next rows need the mark all the same.
    journal.stage([tables.put('windows', storeKey, rowOf(record.scope, at), Uint8Array.of(1))]);
    marks.set(name, { scope: record.scope, partition: at, version: 0 });
  }

  async function spreadOne(record: OpenWindowRecord, marked: Mark, signal: AbortSignal): Promise<void> {
    const version = marked.version;
    const owners = ownersOf(marked).filter((owner) => owner !== self.nodeId);
    const failures = new Map<NodeId, unknown>();
    const spread: FlagEntry[] = [];
    let after: FlagEntry | null = null;
    for (;;) {
      const page: RowsResponse = await shares.page(record, marked.partition, after);
      const bringTo = async (owner: NodeId): Promise<void> => {
        if (failures.has(owner)) return;
        await bring(components, record, marked.partition, owner, page.rows, signal).catch(
          (error: unknown) => {
            silence(error);
            failures.set(owner, error);
          },
        );
      };
      await Promise.all(owners.map(bringTo));
      spread.push(...page.rows.map(({ entry }) => entry));
      after = spread.at(-1) ?? null;
      if (!page.more || failures.size === owners.length) break;
    }
    // Behind all pages: an owner that never takes its copies must not keep another one from those of later pages.
    for (const failure of failures.values()) throw failure;
    if (marked.version !== version) return;
    marks.delete(nameOf(marked.scope, marked.partition));
    const row = rowOf(marked.scope, marked.partition);
    journal.stage([{ kind: 'delete', table: 'windows', key: row }]);
    if (!ownersOf(marked).includes(self.nodeId)) await shares.remove(record, marked.partition, spread);
    await journal.synced();
  }

  const isThin = (marked: Mark): boolean => ownersOf(marked).includes(self.nodeId);

  function waitsForOthers(marked: Mark): boolean {
    const others = ownersOf(marked).filter((owner) => owner !== self.nodeId);
    return others.length > 0 && others.every(peers.suspected);
  }

  /** What this round is for: nothing that only waits for nodes that were silent a moment ago. */
  function due(): readonly Mark[] {
    const open = [...marks.values()].filter(({ scope }) => windows.findOpen(scope) !== undefined);
    const ready = open.filter((marked) => !waitsForOthers(marked));
    const hinted = ready.filter((marked) => !isThin(marked));
    const thin = ready.filter(isThin);
    // Owners that refuse their thin partitions every time must not keep all hints from theirs.
    const most = SPREAD_AT_ONCE - Math.min(hinted.length, HINTED_AT_ONCE);
    return [...thin.slice(0, most), ...hinted].slice(0, SPREAD_AT_ONCE);
  }

  /** An owner that is away keeps its partitions marked, and keeps back no others: they go to the end. */
  function failed(marked: Mark, error: unknown): void {
    if (!(error instanceof EngineError) || error.code === 'STORE_FAILED') throw error;
    const name = nameOf(marked.scope, marked.partition);
    if (marks.delete(name)) marks.set(name, marked);
  }

  return {
    mark,
    async run(signal) {
      for (const marked of due()) {
        if (signal.aborted) return;
        const record = windows.findOpen(marked.scope);
        if (record !== undefined)
          await spreadOne(record, marked, signal).catch((error) => failed(marked, error));
      }
    },
    forget(scope) {
      const name = windowName(scope);
      for (const [key, marked] of marks) if (windowName(marked.scope) === name) marks.delete(key);
    },
    counts() {
      const thin = new Map<OpenWindowRecord, number>();
      const hinted = new Map<OpenWindowRecord, number>();
      for (const marked of marks.values()) {
        const record = windows.findOpen(marked.scope);
        if (record === undefined) continue;
        const counts = isThin(marked) ? thin : hinted;
        counts.set(record, (counts.get(record) ?? 0) + 1);
      }
      return { thin: [...thin], hinted: [...hinted] };
    },
  };
}

/** Brings an owner those of the rows that it lacks. */
async function bring(
  { streams, rings, callPeer, peers }: SpreadComponents,
  record: OpenWindowRecord,
  at: Partition,
  owner: NodeId,
  rows: RowsResponse['rows'],
  signal: AbortSignal,
): Promise<void> {
  if (rows.length === 0) return;
  // One that hangs takes its time to say nothing, which once in a round is enough: flags and erasures wait behind.
  if (peers.suspected(owner)) throw new EngineError('UNREACHABLE', `node ${owner} was silent a moment ago`);
  const context = rings.contextOf(record.scope);
  const entries = rows.map(({ entry }) => entry);
  const question = { context, partition: at, entries };
  const { missing } = await callPeer(owner, operations.COMPARE, question, signal);
  if (missing.length === 0) return;
  const wanted = new Set(missing.map(entryName));
  const sent = rows.filter(({ entry, conflict }) => !conflict && wanted.has(entryName(entry)));
  const index = streams.indexOf(record.stream);
  const columns = shareColumns(sent, record.stream.elements.length * ELEMENT_BYTES);
  await callPeer(owner, operations.COPY, { context, partition: at, index, ...columns }, signal);
}
