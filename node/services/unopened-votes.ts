import { concat, utf8 } from '../../src/foundation/index.ts';
import type { Clock } from '../../src/ports/index.ts';
import type { WindowScope } from '../../src/protocol/index.ts';
import { windowKey, windowName, windowTermsCodec } from '../../src/protocol/index.ts';
import { WINDOW_MS_MAX } from '../../src/protocol/stream-limits.ts';
import { eraseAt, fixedTimes, type WindowTimes } from '../../src/protocol/window-rules.ts';
import type { Journal } from '../engine/journal.ts';
import { decodeSynodRow } from '../engine/rows.ts';
import { type StoreHealth, streamGone } from '../engine/store-health.ts';
import type { Tables } from '../engine/tables.ts';
import type { ErasedWindows } from './erased-windows.ts';
import type { WindowRecord, Windows } from './windows.ts';
import { scopeOfKey } from './windows.ts';

export interface UnopenedVotesComponents {
  readonly journal: Journal;
  readonly tables: Tables;
  readonly storeKey: Uint8Array;
  readonly windows: Windows;
  readonly erased: Pick<ErasedWindows, 'find'>;
  readonly health: StoreHealth;
  readonly clock: Clock;
}

export interface UnopenedWindow {
  readonly record: WindowRecord;
  readonly times: WindowTimes;
}

/** Windows in whose register this node has a vote, and of which it never learned that they are open. */
export interface UnopenedVotes {
  /** The node votes about the window, whose terms it does not know. */
  note(record: WindowRecord): void;
  /**
   * Those whose votes are past the window's retention; each once.
   * @param isErased asks the other acceptors whether they have erased a window: a promise alone does not say when
   * that is.
   */
  takeDue(isErased: (record: WindowRecord) => Promise<boolean>): Promise<readonly UnopenedWindow[]>;
}

/** Pause before the other acceptors are asked again about windows of which this node knows no end. */
const ASK_ERASED_EVERY_MS = 15_000;

const VOTE = utf8('S');

/** Reads back the votes of before the last stop. */
export async function openUnopenedVotes(components: UnopenedVotesComponents): Promise<UnopenedVotes> {
  const { journal, tables, storeKey, windows, erased, health, clock } = components;
  const voted = new Map<string, WindowRecord>();
  let askedAt = Number.NEGATIVE_INFINITY;

  function note(record: WindowRecord): void {
    if (record.terms === null) voted.set(windowName(record.scope), record);
  }

  /** The latest times that the window may be open under, as far as this node can tell. */
  async function timesOf({ scope, stream }: WindowRecord): Promise<WindowTimes> {
    const fixed = fixedTimes(stream, scope.window);
    if (fixed !== null) return fixed;
    await journal.synced();
    const [plain] = await tables.readMany('windows', storeKey, [voteKey(scope)]);
    const accepted = plain === undefined ? null : decodeSynodRow(plain).accepted;
    return accepted === null
      ? { notBefore: scope.window, latest: scope.window + WINDOW_MS_MAX }
      : windowTermsCodec.decode(accepted.value);
  }

  for await (const { key } of tables.scan('windows', storeKey, VOTE)) {
    const found = await windows
      .find(scopeOfKey(key.subarray(1)))
      .catch((error: unknown) => streamGone(error, health));
    // Of a window that is noted as erased only the ledger's vote is left, and stays.
    if (found !== null && (await erased.find(found.scope)) === null) note(found);
  }

  return {
    note,
    async takeDue(isErased) {
      const due: UnopenedWindow[] = [];
      const asks = clock.now() >= askedAt + ASK_ERASED_EVERY_MS;
      if (asks) askedAt = clock.now();
      for (const [name, record] of voted) {
        // An open window is erased with all it has, and so are the votes about it.
        const opened = windows.findOpen(record.scope) !== undefined;
        const times = opened ? null : await timesOf(record);
        // No window is erased before its start and its retention, so until then nobody needs to be asked.
        const mayBe = clock.now() >= record.scope.window + record.stream.retentionMs;
        const over =
          times === null ||
          clock.now() >= eraseAt(record.stream, record.scope.window, times) ||
          (asks && mayBe && (await isErased(record)));
        if (!over) continue;
        voted.delete(name);
        if (times !== null) due.push({ record, times });
      }
      return due;
    },
  };
}

function voteKey(scope: WindowScope): Uint8Array {
  return concat(VOTE, windowKey(scope), utf8('terms'));
}
