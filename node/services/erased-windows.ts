import { bigEndian, concat, utf8 } from '../../src/foundation/index.ts';
import type { StoreOperation } from '../../src/ports/index.ts';
import type { ReleasedRow, WindowScope } from '../../src/protocol/index.ts';
import { releasedRowCodec, windowKey } from '../../src/protocol/index.ts';
import { GROUPS_MAX } from '../../src/protocol/stream-limits.ts';
import type { StreamHash } from '../../src/ring/identifiers.ts';
import { streamHashBytes } from '../../src/ring/identifiers.ts';
import type { Journal } from '../engine/journal.ts';
import { decodeErasedRow, encodeErasedRow } from '../engine/rows.ts';
import { endOfPrefix, type Tables } from '../engine/tables.ts';
import type { Known } from './decided.ts';
import { DECISIONS, pastVoteKey, scopeOfRow, voteKey } from './window-rows.ts';

/** What is kept of an erased window. */
export interface ErasedWindow {
  readonly scope: WindowScope;
  readonly notBefore: number;
  readonly latest: number;
  /** What its domain released or withheld, where this node knows it. */
  readonly release: Known<ReleasedRow> | null;
}

export interface ErasedWindowsComponents {
  readonly journal: Journal;
  readonly tables: Tables;
  readonly storeKey: Uint8Array;
}

/** The windows past their retention, on disk alone: a node lives through more of them than its memory holds. */
export interface ErasedWindows {
  /** How many erasures have begun since the start: what was read while one began may be of before it. */
  begun(): number;
  find(scope: WindowScope): Promise<ErasedWindow | null>;
  /**
   * The newest of a stream behind a window and group, in no order: all of those that are among the first `most`, and
   * some more. There is one for every window that the stream ever had.
   */
  behind(
    stream: StreamHash,
    after: Pick<WindowScope, 'window' | 'group'> | null,
    most: number,
  ): Promise<readonly ErasedWindow[]>;
  /**
   * Puts the note of the erasure in the place of what was decided and voted, and of the rows of `gone`, in one commit. It is
   * staged when this returns, durable when it resolves. @throws EngineError `OVERLOADED` at once
   * @param vote the row of the ledger's vote, which stays: whoever asks for the release at a majority still gets it.
   */
  begin(window: ErasedWindow, gone: readonly Uint8Array[], vote: Uint8Array | null): Promise<void>;
  /** Adds to the note of an erasure what was released, where it became known here only then. */
  addRelease(scope: WindowScope, release: Uint8Array): Promise<void>;
  /** Windows whose rows are still to be destroyed. */
  unfinished(): Promise<readonly WindowScope[]>;
  finish(scope: WindowScope): Promise<void>;
}

/** Row keys: 'X' and the window's key for ever, 'Y' and the key until the window's rows are destroyed. */
const ERASED = utf8('X');
const UNFINISHED = utf8('Y');

export function createErasedWindows({ journal, tables, storeKey }: ErasedWindowsComponents): ErasedWindows {
  let begun = 0;

  /** @param read what to make of a row; of one that does not open only the key can be told. */
  async function listed<T>(
    prefix: Uint8Array,
    read: (scope: WindowScope, plain: Uint8Array | null) => readonly T[],
  ): Promise<T[]> {
    const found: T[] = [];
    for await (const { key, plain } of tables.scan('windows', storeKey, prefix)) {
      const scope = scopeOfRow(key);
      if (scope !== null) found.push(...read(scope, plain));
    }
    return found;
  }

  async function find(scope: WindowScope): Promise<ErasedWindow | null> {
    const [plain] = await tables.readMany('windows', storeKey, [concat(ERASED, windowKey(scope))]);
    return plain === undefined ? null : erasedWindow(scope, plain);
  }

  function noteOf({ scope, notBefore, latest }: ErasedWindow, release: Uint8Array): StoreOperation {
    const note = encodeErasedRow({ notBefore, latest, release });
    return tables.put('windows', storeKey, concat(ERASED, windowKey(scope)), note);
  }

  return {
    begun: () => begun,
    find,
    async behind(stream, after, most) {
      const from = concat(ERASED, streamHashBytes(stream));
      const to = endOfPrefix(after === null ? from : concat(from, bigEndian(after.window, 8)));
      // Rows are read from the last group of a window on: of the first window those before the wanted ones, of the
      // last one those behind them.
      const rows = await tables.last('windows', storeKey, { from, to, limit: most + 2 * GROUPS_MAX });
      return rows.flatMap(({ key, plain }) => {
        const scope = scopeOfRow(key);
        return scope === null || plain === null ? [] : [erasedWindow(scope, plain)];
      });
    },
    begin(window, gone, vote) {
      const { scope, release } = window;
      const key = windowKey(scope);
      const rows = [...gone, ...DECISIONS.map((decision) => voteKey(scope, decision))];
      journal.stage([
        ...(vote === null ? [] : [tables.put('windows', storeKey, pastVoteKey(scope), vote)]),
        noteOf(window, release?.bytes ?? new Uint8Array(0)),
        tables.put('windows', storeKey, concat(UNFINISHED, key), Uint8Array.of(1)),
        ...rows.map((row): StoreOperation => ({ kind: 'delete', table: 'windows', key: row })),
      ]);
      begun += 1;
      return journal.synced();
    },
    async addRelease(scope, release) {
      const window = await find(scope);
      if (window === null || window.release !== null) return;
      journal.stage([noteOf(window, release)]);
      await journal.synced();
    },
    // Also where the row does not open: what is to be destroyed must not stay for ever.
    unfinished: () => listed(UNFINISHED, (scope) => [scope]),
    async finish(scope) {
      journal.stage([{ kind: 'delete', table: 'windows', key: concat(UNFINISHED, windowKey(scope)) }]);
      await journal.synced();
    },
  };
}

function erasedWindow(scope: WindowScope, plain: Uint8Array): ErasedWindow {
  const { notBefore, latest, release } = decodeErasedRow(plain);
  const known = release.length === 0 ? null : { bytes: release, value: releasedRowCodec.decode(release) };
  return { scope, notBefore, latest, release: known };
}
