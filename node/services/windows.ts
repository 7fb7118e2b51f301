import { EngineError, utf8 } from '../../src/foundation/index.ts';
import type { Clock, WindowKeys } from '../../src/ports/index.ts';
import type { DecisionName, WindowScope, WindowState } from '../../src/protocol/index.ts';
import { scopeOfKey, WINDOW_KEY_BYTES, windowName, windowTermsCodec } from '../../src/protocol/index.ts';
import type { StreamDocument } from '../../src/protocol/stream-document.ts';
import { WINDOWS_PER_STREAM_MAX } from '../../src/protocol/stream-limits.ts';
import {
  checkGroup,
  checkWindowTimes,
  eraseAt,
  fixedTimes,
  type WindowTimes,
  windowErased,
} from '../../src/protocol/window-rules.ts';
import type { Journal } from '../engine/journal.ts';
import type { KeyedLock } from '../engine/keyed-lock.ts';
import { type StoreHealth, streamGone } from '../engine/store-health.ts';
import type { Tables } from '../engine/tables.ts';
import type { Decided, KnownDecision } from './decided.ts';
import { noteDecision, openDecision } from './decided.ts';
import type { ErasedWindow, ErasedWindows } from './erased-windows.ts';
import type { Streams } from './streams.ts';
import { createWindowMemory, UNOPENED_MAX, type WindowMemory } from './window-memory.ts';
import { decidedRows, decisionOf, FROZEN, rowKeyOf, voteKey } from './window-rows.ts';

/** What this node knows of one window. Decisions appear once, after they were read at a majority or made here. */
export interface WindowRecord extends Decided {
  readonly scope: WindowScope;
  readonly stream: StreamDocument;
  /** Key of the window's rows at this node, kept outside the Store; drawn when the node learns the terms. */
  rowKey: Uint8Array | null;
  /** This node refuses every per-flag message of the window, for ever. */
  frozen: boolean;
  /** Past its retention: nothing is written for it any more, and nothing is said of it but what was released. */
  erased: boolean;
}

/** A window whose terms this node knows; only such a record is ever frozen or takes a row. */
export interface OpenWindowRecord extends WindowRecord {
  readonly rowKey: Uint8Array;
  readonly terms: KnownDecision<'terms'>;
}

export interface WindowsComponents {
  readonly erased: ErasedWindows;
  readonly clock: Clock;
  readonly journal: Journal;
  readonly tables: Tables;
  readonly keys: WindowKeys;
  readonly storeKey: Uint8Array;
  readonly lock: KeyedLock;
  readonly streams: Pick<Streams, 'find' | 'indexOf'>;
  readonly health: Pick<StoreHealth, 'raise'>;
  /** Hears of a window whose key is not new: rows of an earlier life of the node may be on its disk. */
  readonly reopened: (record: OpenWindowRecord) => void;
}

/** The windows this node has a part in, in memory and, synced, in the windows table. */
export interface Windows {
  /** The record of a window, open or not. @throws `UNKNOWN_STREAM`, `WRONG_DOMAIN` */
  find(scope: WindowScope): Promise<WindowRecord>;
  /** The record if the window's terms are known here. */
  findOpen(scope: WindowScope): OpenWindowRecord | undefined;
  /**
   * Refuses what is about to be written through a record that was forgotten meanwhile: its window may have been erased
   * through another one. @throws `OVERLOADED`
   */
  checkOwn(record: WindowRecord): void;
  /** Waits until a window whose terms are known takes rows. */
  makeOpen(record: WindowRecord): Promise<void>;
  /** Records a decision that was read at a majority or made here, and syncs it where the window's terms are known. */
  learn<N extends DecisionName>(
    record: WindowRecord,
    decision: N,
    bytes: Uint8Array,
  ): Promise<KnownDecision<N>>;
  /** Freezes the window at this acceptor: at once in memory, durable when it resolves. */
  freeze(record: OpenWindowRecord): Promise<void>;
  /**
   * Forgets the window but for what was released: from now on it takes nothing and is ERASED. Durable when it
   * resolves; its rows are still to be destroyed.
   */
  erase(record: WindowRecord, times: WindowTimes): Promise<void>;
  of(stream: StreamDocument): readonly OpenWindowRecord[];
  all(): readonly OpenWindowRecord[];
}

/** @param perStreamMax {@link WINDOWS_PER_STREAM_MAX} unless a test wants fewer. */
export async function openWindows(
  components: WindowsComponents,
  perStreamMax = WINDOWS_PER_STREAM_MAX,
): Promise<Windows> {
  const { journal, tables, keys, storeKey, streams, erased, clock, lock, reopened } = components;
  const memory = createWindowMemory(perStreamMax);
  /** Windows whose key is being made: whoever else needs one of them waits for the same key. */
  const underWay = new Map<string, Promise<void>>();
  /** An erasure's note comes with the end of what is read back: one that stands beside that has a damaged key. */
  let restored = false;

  /** The node's own record of a window: another one where that was forgotten while somebody kept it. */
  const ownOf = (record: WindowRecord): WindowRecord => memory.of(record.scope) ?? record;
  const isOwn = (record: WindowRecord): boolean => memory.of(record.scope) === record;

  function checkOwn(record: WindowRecord): void {
    if (!isOwn(record)) throw forgotten();
  }

  async function find({ stream: hash, window, group }: WindowScope): Promise<WindowRecord> {
    const scope = { stream: hash, window, group };
    const stream = await streams.find(scope.stream);
    streams.indexOf(stream);
    checkGroup(stream, scope.group);
    const known = memory.of(scope);
    if (known !== undefined) return known;
    const past = restored ? await erasureOf(erased, scope) : null;
    // Somebody else may have asked meanwhile, and two records of one window would know different things.
    const now = memory.of(scope);
    if (now !== undefined) return now;
    const record: WindowRecord = {
      scope,
      stream,
      ...NOTHING_KNOWN,
      erased: past !== null || (restored && isPastRetention({ scope, stream }, clock.now())),
      release: past?.release ?? null,
    };
    memory.note(record);
    return record;
  }

  async function erase(record: WindowRecord, { notBefore, latest }: WindowTimes): Promise<void> {
    const { scope } = record;
    // In turn with the ledger's votes: one that was answered must be in what stays of it.
    const { durable } = await lock.run(`${windowName(scope)}/release`, async () => {
      const own = ownOf(record);
      const release = record.release ?? own.release;
      const [vote] =
        release === null ? [] : await tables.peekMany('windows', storeKey, [voteKey(scope, 'release')]);
      const note = { scope, notBefore, latest, release };
      const durable = erased.begin(note, decidedRows(scope), vote ?? null);
      // At once when it is staged, so that nobody who has a record stages anything behind it; not where it was not.
      for (const one of [record, own]) markErased(one);
      memory.close(scope);
      return { durable };
    });
    await durable;
  }

  /** The window becomes one that takes rows: its key is durable before the first of them. */
  function makeOpen(record: WindowRecord): Promise<void> {
    const name = windowName(record.scope);
    const making = underWay.get(name) ?? makeKey(record).finally(() => underWay.delete(name));
    underWay.set(name, making);
    return making;
  }

  async function makeKey(record: WindowRecord): Promise<void> {
    const { stream, window, group } = record.scope;
    const known = await keys.find(stream, window, group);
    const rowKey = known ?? (await keys.create(stream, window, group));
    if (memory.openOf(record.scope) !== undefined) return;
    record.rowKey = rowKey;
    if (!isOpen(record)) return;
    if (known !== undefined) reopened(record);
    memory.open(record);
  }

  async function remember(record: WindowRecord, name: DecisionName, decision: AnyKnown): Promise<void> {
    // A record that was forgotten while its caller waited must not keep what the node's own record lacks.
    if (name !== 'terms') return noteDecision<DecisionName>(ownOf(record), name, decision);
    noteDecision<DecisionName>(record, name, decision);
    await makeOpen(record);
  }

  await restore(components, memory, find, remember);
  restored = true;

  return {
    find,
    findOpen: memory.openOf,
    erase,
    checkOwn,
    makeOpen,
    async learn(asked, name, bytes) {
      // Whatever a majority says: with a row that is no such value the node would never start again.
      const decision = openDecision(name, bytes);
      // A window that was forgotten may have been erased since, through another record of it.
      const record = asked.erased || isOwn(asked) ? asked : await find(asked.scope);
      // A node that joined after the window is asked what was released of it, and would not know when to delete the row.
      const isKept = name === 'terms' || ownOf(record).terms !== null;
      if (isKept && !record.erased) {
        if (name === 'terms') checkTerms(record, bytes);
        // Before it is written: with a window more than there is room for the node would not start again.
        if (name === 'terms' && memory.openOf(record.scope) === undefined)
          memory.checkRoom(record.scope.stream);
        journal.stage([tables.put('windows', storeKey, rowKeyOf(record.scope, `D/${name}`), bytes)]);
        await journal.synced();
      }
      // An erasure that came meanwhile has taken the row with it.
      if (!record.erased) {
        checkOwn(record);
        await remember(record, name, decision);
        return decision;
      }
      // What the domain released may still be told; nothing else about an erased window is written.
      if (name !== 'release') throw windowErased(record.scope.window);
      await erased.addRelease(record.scope, bytes);
      // Whoever asked meanwhile has a record of what the note said before.
      for (const one of [record, await find(record.scope)]) noteDecision(one, name, decision);
      return decision;
    },
    async freeze(record) {
      if (!record.frozen) {
        // Where the journal takes no more the next freeze has to write it, so it is not frozen before.
        journal.stage([tables.put('windows', storeKey, rowKeyOf(record.scope, FROZEN), Uint8Array.of(1))]);
        record.frozen = true;
      }
      await journal.synced();
    },
    of: (stream) => memory.all().filter(({ scope }) => scope.stream === stream.hash),
    all: memory.all,
  };
}

type AnyKnown = KnownDecision<DecisionName>;

/** Reads back what was decided and frozen before the last stop, the terms of every window first. */
async function restore(
  { tables, storeKey, health, clock }: WindowsComponents,
  memory: Pick<WindowMemory, 'openOf'>,
  find: Windows['find'],
  remember: (record: WindowRecord, name: DecisionName, decision: AnyKnown) => Promise<void>,
): Promise<void> {
  const found = new Set<WindowRecord>();
  const recall = (record: WindowRecord, name: DecisionName, bytes: Uint8Array): Promise<void> =>
    remember(record, name, openDecision(name, bytes));
  const later: (() => Promise<void>)[] = [];
  for await (const { key, plain } of tables.scan('windows', storeKey, utf8('W'))) {
    // By now the store is in doubt: it votes no more, and learns from others what this row said.
    if (plain === null) continue;
    const scope = scopeOfKey(key.subarray(1, 1 + WINDOW_KEY_BYTES));
    const what = String.fromCharCode(...key.subarray(1 + WINDOW_KEY_BYTES));
    const record = await find(scope).catch((error: unknown) => streamGone(error, health));
    if (record === null) continue;
    found.add(record);
    if (what === 'D/terms') await recall(record, 'terms', plain);
    else if (what === FROZEN) later.push(async () => markFrozen(await find(scope)));
    else later.push(async () => recall(await find(scope), decisionOf(what), plain));
  }
  for (const apply of later) await apply();
  // One that is open is erased by the start, which has to read its rows before.
  for (const one of found)
    one.erased = memory.openOf(one.scope) === undefined && isPastRetention(one, clock.now());
}

/** A majority that breaks the window's own rules is no majority of honest nodes. */
function checkTerms({ stream, scope }: WindowRecord, bytes: Uint8Array): void {
  checkWindowTimes(stream, scope.window, windowTermsCodec.decode(bytes));
}

function forgotten(): EngineError {
  return new EngineError('OVERLOADED', `expected at most ${UNOPENED_MAX} windows to be asked for at once`);
}

/** The note of the window's erasure; null only where none has begun by then. */
async function erasureOf(
  erased: Pick<ErasedWindows, 'begun' | 'find'>,
  scope: WindowScope,
): Promise<ErasedWindow | null> {
  for (;;) {
    const begun = erased.begun();
    const past = await erased.find(scope);
    // An erasure takes commits, so that few begin while one row is read.
    if (past !== null || begun === erased.begun()) return past;
  }
}

const NOTHING_KNOWN = {
  rowKey: null,
  frozen: false,
  erased: false,
  terms: null,
  settlement: null,
  exclusion: null,
  release: null,
} as const;

/** A fixed window says by its name when it is erased, also where this node never knew it. */
function isPastRetention({ scope, stream }: Pick<WindowRecord, 'scope' | 'stream'>, now: number): boolean {
  const times = fixedTimes(stream, scope.window);
  return times !== null && now >= eraseAt(stream, scope.window, times);
}

function markErased(record: WindowRecord): void {
  record.erased = true;
  record.frozen = true;
}

function markFrozen(record: WindowRecord): void {
  record.frozen = true;
}

function isOpen(record: WindowRecord): record is OpenWindowRecord {
  return record.terms !== null && record.rowKey !== null;
}

/** How far the window has come, as far as this node knows. */
export function windowState(record: OpenWindowRecord): Exclude<WindowState, 'ERASED'> {
  if (record.release !== null) return record.release.value.verdict;
  if (record.settlement !== null) return 'SETTLED';
  return record.frozen ? 'SEALED' : 'OPEN';
}

/** A refusal, not an outcome: a flag of a sealed window may still be TRUE. */
export function windowSealed(record: OpenWindowRecord): EngineError {
  return new EngineError('WINDOW_SEALED', `window ${record.scope.window} is sealed; ask GET for outcomes`);
}
