import { EngineError, hasCode } from '../../src/foundation/index.ts';
import type { Clock, WindowKeys } from '../../src/ports/index.ts';
import type { WindowScope } from '../../src/protocol/index.ts';
import { windowName, windowTermsCodec } from '../../src/protocol/index.ts';
import { WINDOW_MS_MAX } from '../../src/protocol/stream-limits.ts';
import { eraseAt, fixedTimes, type WindowTimes } from '../../src/protocol/window-rules.ts';
import type { StreamHash } from '../../src/ring/identifiers.ts';
import { mapAtOnce } from '../../src/rounds/at-once.ts';
import type { Journal } from '../engine/journal.ts';
import { isPauseOver } from '../engine/pause.ts';
import { silence } from '../engine/peers.ts';
import { decodeSynodRow } from '../engine/rows.ts';
import { STORE_KEY_NAME } from '../engine/sealed-store.ts';
import { type StoreHealth, streamGone } from '../engine/store-health.ts';
import type { Tables } from '../engine/tables.ts';
import type { Decisions } from './decisions.ts';
import type { ErasedWindows } from './erased-windows.ts';
import { scopeOfRow, VOTE, voteKey } from './window-rows.ts';
import type { WindowRecord, Windows } from './windows.ts';

export interface UnopenedVotesComponents {
  readonly journal: Journal;
  readonly tables: Tables;
  readonly keys: Pick<WindowKeys, 'list'>;
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

/**
 * Windows in whose register this node has a vote, and of which it never learned that they are open; or of which it has
 * a key and maybe rows, and its disk has lost that they are open, or the document of their stream.
 */
export interface UnopenedVotes {
  /** The node votes about the window, whose terms it does not know. */
  note(record: WindowRecord): void;
  /** Windows of which this node has a key, and neither the terms nor anybody's word when they end. */
  endless(): readonly WindowScope[];
  /**
   * Learns which windows past their latest time are open: a node that voted for their terms is one of those who seal them,
   * and the word that they are open may have been lost on its way. Looks for lost documents of streams as well.
   */
  learnEnded(decisions: Pick<Decisions, 'read'>, signal: AbortSignal): Promise<void>;
  /** Another node knows the window. */
  noteEnd(scope: WindowScope, times: WindowTimes): void;
  /**
   * Those whose votes are past the window's retention, each until it is forgotten.
   * @param isErased asks the other acceptors whether they have erased a window: a promise alone does not say when
   * that is.
   */
  due(isErased: (record: WindowRecord) => Promise<boolean>): Promise<readonly UnopenedWindow[]>;
  /** The erasure of the window is noted. */
  forget(record: WindowRecord): void;
}

/** Windows about which the other acceptors are asked at once: each answer may wait for a node that hangs, and none for another's. */
const ASKED_AT_ONCE = 64;
/** Pause before the other acceptors are asked again about windows that this node does not know to be open, or to end. */
const ASK_AGAIN_EVERY_MS = 15_000;

/** Reads back the votes and keys of before the last stop. */
export async function openUnopenedVotes(components: UnopenedVotesComponents): Promise<UnopenedVotes> {
  const { journal, tables, keys, storeKey, windows, erased, health, clock } = components;
  const voted = new Map<string, WindowRecord>();
  /** Per window of which there is a key its times, as far as another node has told them. */
  const kept = new Map<string, WindowTimes | null>();
  /** Windows read back before the document of their stream was to be had, and whether there is a key. */
  const nameless = new Map<string, { readonly scope: WindowScope; readonly hasKey: boolean }>();
  let askedAt = Number.NEGATIVE_INFINITY;
  let readAt = Number.NEGATIVE_INFINITY;

  function note(record: WindowRecord): void {
    if (record.terms === null) voted.set(windowName(record.scope), record);
  }

  function forget({ scope }: WindowRecord): void {
    voted.delete(windowName(scope));
    kept.delete(windowName(scope));
  }

  /** The latest times that the window may be open under, as far as this node can tell. */
  async function timesOf({ scope, stream }: WindowRecord): Promise<WindowTimes> {
    const known = fixedTimes(stream, scope.window) ?? kept.get(windowName(scope));
    if (known != null) return known;
    await journal.synced();
    const [plain] = await tables.peekMany('windows', storeKey, [voteKey(scope, 'terms')]);
    // Of a vote that does not open nobody knows the terms; the store is in doubt by now.
    const accepted = plain == null ? null : decodeSynodRow(plain).accepted;
    return accepted === null
      ? { notBefore: scope.window, latest: scope.window + WINDOW_MS_MAX }
      : windowTermsCodec.decode(accepted.value);
  }

  async function readBack(scope: WindowScope, { opens = true, hasKey = false } = {}): Promise<void> {
    const name = windowName(scope);
    const found = await windows.find(scope).catch((error: unknown) => {
      if (hasCode(error, 'ROW_CORRUPT')) return null;
      // What does not open may have a damaged key, and name no window of this node or of the stream.
      if (!opens && error instanceof EngineError && error.code !== 'STORE_FAILED') return null;
      if (hasCode(error, 'UNKNOWN_STREAM')) nameless.set(name, { scope, hasKey });
      return streamGone(error, health);
    });
    if (found === null) return;
    nameless.delete(name);
    if (found.terms !== null) return;
    // Of a window that is noted as erased only the ledger's vote is left, and stays.
    if ((await erased.find(found.scope)) === null) note(found);
    if (hasKey && voted.has(name)) kept.set(name, fixedTimes(found.stream, scope.window));
  }

  for await (const { key, plain } of tables.scan('windows', storeKey, VOTE)) {
    const scope = scopeOfRow(key);
    if (scope !== null) await readBack(scope, { opens: plain !== null });
  }
  for (const scope of await keys.list()) {
    if (scope.stream !== STORE_KEY_NAME) await readBack(scope, { hasKey: true });
  }

  /** Reads back what waited for the document of its stream; one window of a stream that is still gone is enough. */
  async function nameAgain(): Promise<void> {
    const gone = new Set<StreamHash>();
    for (const [name, { scope, hasKey }] of nameless) {
      if (!gone.has(scope.stream)) await readBack(scope, { hasKey });
      if (nameless.has(name)) gone.add(scope.stream);
    }
  }

  return {
    note,
    endless: () =>
      [...voted].flatMap(([name, { scope }]) =>
        kept.get(name) === null && windows.findOpen(scope) === undefined ? [scope] : [],
      ),
    noteEnd: (scope, { notBefore, latest }) => void kept.set(windowName(scope), { notBefore, latest }),
    async learnEnded(decisions, signal) {
      if (!isPauseOver(clock, readAt, ASK_AGAIN_EVERY_MS)) return;
      readAt = clock.now();
      await nameAgain();
      await mapAtOnce([...voted.values()], ASKED_AT_ONCE, async (record) => {
        if (signal.aborted || windows.findOpen(record.scope) !== undefined) return;
        const { latest } = await timesOf(record);
        if (clock.now() < latest) return;
        // Without a ballot: what is not decided by now is not to be opened, and a promise would be one more vote to keep.
        const terms = await decisions.read(record, 'terms', signal);
        // One that there is no room for keeps back itself and no other.
        if (terms !== null) await windows.learn(record, 'terms', terms).catch(silence);
      });
    },
    forget,
    async due(isErased) {
      const asks = isPauseOver(clock, askedAt, ASK_AGAIN_EVERY_MS);
      if (asks) askedAt = clock.now();
      const found = await mapAtOnce([...voted.values()], ASKED_AT_ONCE, async (record) => {
        // An open window is erased with all it has, and so are the votes about it.
        if (windows.findOpen(record.scope) !== undefined) {
          forget(record);
          return [];
        }
        const times = await timesOf(record);
        // No window is erased before its start and its retention, so until then nobody needs to be asked.
        const mayBe = clock.now() >= record.scope.window + record.stream.retentionMs;
        const over =
          clock.now() >= eraseAt(record.stream, record.scope.window, times) ||
          (asks && mayBe && (await isErased(record)));
        return over ? [{ record, times }] : [];
      });
      return found.flat();
    },
  };
}
