import { concat, hasCode, utf8 } from '../../src/foundation/index.ts';
import type { Clock, Log, TableName, WindowKeys } from '../../src/ports/index.ts';
import type { WindowScope } from '../../src/protocol/index.ts';
import { windowKey, windowName } from '../../src/protocol/index.ts';
import { eraseAt } from '../../src/protocol/window-rules.ts';
import type { DamagedRows } from '../engine/damaged-rows.ts';
import type { Journal } from '../engine/journal.ts';
import type { PackedRows } from '../engine/packed-rows.ts';
import { STORE_KEY_NAME } from '../engine/sealed-store.ts';
import { endOfPrefix } from '../engine/tables.ts';
import type { Decisions } from './decisions.ts';
import type { ErasedWindows } from './erased-windows.ts';
import type { FlagCensus } from './flag-census.ts';
import type { Spread } from './spread.ts';
import type { Tallies } from './tallies.ts';
import type { UnopenedVotes } from './unopened-votes.ts';
import type { OpenWindowRecord, WindowRecord, Windows } from './windows.ts';

/** Rows and records deleted in one commit; bounds the memory of an erasure, and lets other writes in between. */
const ERASE_AT_ONCE = 256;

export interface ErasingComponents {
  readonly journal: Journal;
  readonly packed: PackedRows;
  readonly keys: WindowKeys;
  readonly windows: Windows;
  readonly erased: ErasedWindows;
  readonly unopened: Pick<UnopenedVotes, 'due' | 'forget'>;
  readonly decisions: Pick<Decisions, 'isErased'>;
  readonly census: FlagCensus;
  readonly spread: Spread;
  readonly tallies: Tallies;
  readonly damaged: DamagedRows;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Line 10 of docs/PROTOCOL.md, "Seal, settle, release": at a window's end and its retention, by this node's own clock
 * and whatever became of the window, everything about its single readings is destroyed.
 */
export interface Erasing {
  /** Erases the windows whose time has come; at the start of a node, without a signal, by what it knows itself. */
  run(signal?: AbortSignal): Promise<void>;
  /** Goes on with the erasures that the last stop interrupted. */
  resume(): Promise<void>;
}

export function createErasing(components: ErasingComponents): Erasing {
  const { journal, packed, keys, windows, erased, unopened, decisions } = components;
  const { census, spread, tallies, damaged, clock, log } = components;

  /** What is on disk about single readings: every table's rows of the window, hints and lists among them. */
  async function destroy(scope: WindowScope): Promise<void> {
    // The key first: from here on nothing that is left, here or in a copy, can be read.
    await keys.destroy(scope.stream, scope.window, scope.group);
    const key = windowKey(scope);
    const marked = (letter: string) => concat(utf8(letter), key);
    const ranges: readonly (readonly [TableName, Uint8Array])[] = [
      ['values', key],
      ['flags', key],
      ['windows', marked('M')],
      ['windows', marked('T')],
    ];
    for (const [table, prefix] of ranges) await deleteRows(table, prefix);
    const written: readonly (readonly [TableName, Uint8Array])[] = [
      ...ranges,
      ['windows', marked('S')],
      ['windows', marked('W')],
    ];
    for (const [table, prefix] of written) {
      await journal.compact(table, { from: prefix, to: endOfPrefix(prefix) });
    }
    await erased.finish(scope);
    log.info('window erased', { window: windowName(scope) });
  }

  async function deleteRows(table: TableName, prefix: Uint8Array): Promise<void> {
    const to = endOfPrefix(prefix);
    for (;;) {
      const rows = await journal.range(table, { from: prefix, to, limit: ERASE_AT_ONCE });
      if (rows.length === 0) return;
      journal.stage(rows.map(([key]) => ({ kind: 'delete', table, key })));
      // Only what is on disk shows in a range: without waiting, rows would be deleted, and counted, twice.
      await journal.synced();
    }
  }

  function forget(record: OpenWindowRecord): void {
    census.forget(record);
    spread.forget(record.scope);
    tallies.spoil(record);
    damaged.forget(windowKey(record.scope));
    packed.forget(record.scope);
  }

  async function goOn(): Promise<void> {
    for (const scope of await erased.unfinished()) {
      // A window that is open has no such row: this one has a damaged key, and was written about another window.
      if (windows.findOpen(scope) === undefined) await destroy(scope);
      else await erased.finish(scope);
    }
  }

  /** Keys of windows that are noted as erased, where the disk has lost that their rows are still to be destroyed. */
  async function destroyLeft(): Promise<void> {
    for (const scope of await keys.list()) {
      if (scope.stream === STORE_KEY_NAME || windows.findOpen(scope) !== undefined) continue;
      const note = await erased.find(scope).catch((error: unknown) => {
        if (!hasCode(error, 'ROW_CORRUPT')) throw error;
        return null;
      });
      if (note !== null) await destroy(scope);
    }
  }

  return {
    async resume() {
      await goOn();
      await destroyLeft();
    },
    async run(signal) {
      for (const record of windows.all()) {
        if (signal?.aborted) return;
        const { scope, stream, terms } = record;
        if (clock.now() < eraseAt(stream, scope.window, terms.value)) continue;
        await windows.erase(record, terms.value);
        forget(record);
        await destroy(scope);
      }
      const askOthers = async (record: WindowRecord) =>
        signal !== undefined && (await decisions.isErased(record, signal));
      for (const { record, times } of await unopened.due(askOthers)) {
        await windows.erase(record, times);
        unopened.forget(record);
        await destroy(record.scope);
      }
      // An erasure that an error interrupted is not among the windows any more.
      await goOn();
    },
  };
}
