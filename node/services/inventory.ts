import type { NodeAudit, SetHasher } from '../../src/protocol/index.ts';
import { createSetHasher, limits } from '../../src/protocol/index.ts';
import type { Holding } from '../../src/protocol/window-messages.ts';
import { partitionOf } from '../../src/ring/identifiers.ts';
import type { Partition } from '../../src/ring/index.ts';
import type { Journal } from '../engine/journal.ts';
import type { KeyedLock } from '../engine/keyed-lock.ts';
import type { PackedRows } from '../engine/packed-rows.ts';
import { decodeValueRow } from '../engine/rows.ts';
import type { Streams } from './streams.ts';
import type { OpenWindowRecord } from './windows.ts';

export interface InventoryComponents {
  readonly journal: Journal;
  readonly packed: PackedRows;
  readonly lock: KeyedLock;
  readonly streams: Streams;
}

/** What the values table has of one window: a verdict on every row and on records that do not open, and which ids there are. */
export interface TakenInventory {
  readonly verdicts: Readonly<Record<Exclude<keyof NodeAudit['rows'], 'stray'>, number>>;
  /** Rows that open, also those in conflict, by partition and share index. */
  readonly holdings: readonly Holding[];
}

/** Opens every record of a window, and looks at nothing of it but its header and its key. */
export interface RowInventory {
  take(record: OpenWindowRecord, signal: AbortSignal): Promise<TakenInventory>;
}

export function createInventory({ journal, packed, lock, streams }: InventoryComponents): RowInventory {
  async function scan(record: OpenWindowRecord, signal: AbortSignal): Promise<TakenInventory> {
    await journal.synced();
    const expected = streams.indexOf(record.stream);
    const verdicts = { good: 0, corrupt: 0, misplaced: 0, conflict: 0 };
    const held = new Map<string, { partition: Partition; index: number; hasher: SetHasher }>();
    for await (const { entry, plain } of packed.scan('values', record, null)) {
      signal.throwIfAborted();
      if (entry === null) {
        verdicts.corrupt += 1;
        continue;
      }
      const { index, conflict } = decodeValueRow(plain);
      const partition = partitionOf(entry.readingId);
      const name = `${partition}/${index}`;
      const kept = held.get(name) ?? {
        partition,
        index,
        hasher: createSetHasher(record.terms.value.setHashKey),
      };
      kept.hasher.add(entry);
      held.set(name, kept);
      if (index !== expected) verdicts.misplaced += 1;
      else if (conflict) verdicts.conflict += 1;
      else verdicts.good += 1;
    }
    const holdings = [...held.values()].map(({ hasher, ...place }) => ({
      ...place,
      digest: hasher.digest(),
    }));
    holdings.sort((a, b) => a.partition - b.partition || a.index - b.index);
    return { verdicts, holdings: holdings.slice(0, limits.HOLDINGS_MAX) };
  }

  return {
    // One after another: every node of a domain may audit at once, and each asks all the others.
    take: (record, signal) => lock.run('inventory', () => scan(record, signal)),
  };
}
