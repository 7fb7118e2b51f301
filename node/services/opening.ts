import { EngineError, hasCode } from '../../src/foundation/index.ts';
import type { Clock, Log, RandomBytes } from '../../src/ports/index.ts';
import type { WindowScope } from '../../src/protocol/index.ts';
import { operations, windowName, windowTermsCodec } from '../../src/protocol/index.ts';
import type { StreamDocument } from '../../src/protocol/stream-document.ts';
import { shareIndex } from '../../src/protocol/stream-document.ts';
import { groupsOf } from '../../src/protocol/stream-groups.ts';
import type { WindowTimes } from '../../src/protocol/window-rules.ts';
import {
  checkOpenable,
  checkWindowName,
  checkWindowTimes,
  fixedTimes,
  fixedWindowAt,
} from '../../src/protocol/window-rules.ts';
import { windowId } from '../../src/ring/identifiers.ts';
import type { DomainId, NodeId } from '../../src/ring/index.ts';
import { mapAtOnce } from '../../src/rounds/at-once.ts';
import type { CallPeer } from '../engine/peers.ts';
import type { Rings } from '../engine/rings.ts';
import type { Decisions } from './decisions.ts';
import type { Retirements } from './retirements.ts';
import type { Streams } from './streams.ts';
import type { WindowRecord, Windows } from './windows.ts';

/** Bytes of K, the key of a window's set hash. */
const SET_HASH_KEY_BYTES = 32;
/** Lead of one acceptor of a register over the next in what each of them would do by itself, in milliseconds. */
export const TURN_MS = 2_000;
/** Fixed windows that a node brings to their opening at once: each may wait for a node that hangs, and none for another. */
const OPENINGS_AT_ONCE = 64;

export interface OpeningComponents {
  readonly decisions: Decisions;
  readonly retirements: Pick<Retirements, 'check' | 'isRetired'>;
  readonly streams: Streams;
  readonly windows: Windows;
  readonly rings: Rings;
  readonly self: { readonly nodeId: NodeId; readonly domain: DomainId };
  readonly callPeer: CallPeer;
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
  readonly log: Log;
}

/** Line 0 of docs/PROTOCOL.md, "Seal, settle, release": bringing slot 0 of a window's register to a decision. */
export interface Opening {
  /**
   * Opens the window on the given times, or finds it open, and tells the nodes of the stream's domains.
   * @returns the times it is open under
   * @throws EngineError what the window's rules refuse, `STREAM_RETIRED`, `INCOMPLETE` without a majority
   */
  open(record: WindowRecord, times: WindowTimes, signal?: AbortSignal): Promise<WindowTimes>;
  /**
   * Opens a fixed window that its acceptors have not opened yet, for example because all were away.
   * @throws EngineError `WINDOW_NOT_OPEN` for a manual window or too early, `WINDOW_SEALED`, `WINDOW_ERASED`,
   * `INCOMPLETE` without a majority
   */
  openFixed(record: WindowRecord, signal?: AbortSignal): Promise<void>;
  /** Opens the running and the next window of every fixed stream that this node is a register's acceptor of. */
  run(signal: AbortSignal): Promise<void>;
}

export function createOpening(components: OpeningComponents): Opening {
  const { decisions, retirements, streams, windows, rings, self, callPeer, clock, randomBytes, log } =
    components;

  async function open(record: WindowRecord, times: WindowTimes, signal?: AbortSignal): Promise<WindowTimes> {
    const { stream, scope } = record;
    retirements.check(stream);
    checkWindowTimes(stream, scope.window, times);
    checkOpenable(stream, scope.window, times, clock.now());
    if (record.terms === null) rings.checkInForce(scope);
    const setHashKey = randomBytes(SET_HASH_KEY_BYTES);
    const wish = windowTermsCodec.encode({ ...times, setHashKey });
    const { value: decided } =
      (await decisions.look(record, 'terms', signal)) ??
      (await decisions.decide(record, 'terms', wish, signal));
    await announce(stream, scope, signal);
    return { notBefore: decided.notBefore, latest: decided.latest };
  }

  /** Tells every node of the stream's domains; one that misses it learns of the window from its first message. */
  async function announce(stream: StreamDocument, scope: WindowScope, signal?: AbortSignal): Promise<void> {
    const nodes = stream.domains.flatMap(({ id }) => rings.of(scope).nodesOf(id));
    const others = nodes.filter((node) => node !== self.nodeId);
    const context = rings.contextOf(scope);
    await Promise.all(
      others.map((node) =>
        callPeer(node, operations.ANNOUNCE, { context }, signal).catch((error: unknown) => {
          if (!(error instanceof EngineError)) throw error;
        }),
      ),
    );
  }

  async function openFixed(record: WindowRecord, signal?: AbortSignal): Promise<void> {
    const { stream, scope } = record;
    checkWindowName(stream, scope.window);
    const times = fixedTimes(stream, scope.window);
    // A node that missed its opening must not call a window closed because nobody could be asked.
    if (times === null || clock.now() >= times.latest) await decisions.checkUnopened(record, signal);
    if (times === null) {
      throw new EngineError('WINDOW_NOT_OPEN', `window ${scope.window} of the stream has not been opened`);
    }
    await open(record, times, signal).catch(async (error: unknown) => {
      // By the clock of another node it may be time.
      if (hasCode(error, 'WINDOW_NOT_OPEN')) await decisions.checkUnopened(record, signal);
      throw error;
    });
  }

  /** The scopes of a fixed stream that should be open by now, as far as it is this node's turn to open them. */
  function due(stream: StreamDocument): readonly WindowScope[] {
    if (retirements.isRetired(stream.hash)) return [];
    if (stream.window.kind !== 'fixed' || shareIndex(stream, self.domain) === undefined) return [];
    const { durationMs } = stream.window;
    const domains = stream.domains.map(({ id }) => id);
    const now = clock.now();
    const running = fixedWindowAt(durationMs, now);
    const scopes = [running, windowId(running + durationMs)].flatMap((window) =>
      groupsOf(stream).map(({ group }) => ({ stream: stream.hash, window, group })),
    );
    return scopes.filter((scope) => {
      const { ring, placement } = rings.of(scope);
      // A domain that has left the ring keeps the windows it was in and gets no new ones.
      if (!domains.every((id) => ring.domains.some(({ domain }) => domain === id))) return false;
      const turn = placement
        .registerAcceptors(domains, scope.stream, scope.window, scope.group)
        .indexOf(self.nodeId);
      return turn >= 0 && now >= scope.window - durationMs + turn * TURN_MS;
    });
  }

  return {
    open,
    openFixed,
    async run(signal) {
      const scopes = streams.list().flatMap(due);
      await mapAtOnce(scopes, OPENINGS_AT_ONCE, async (scope) => {
        if (signal.aborted || windows.findOpen(scope) !== undefined) return;
        // A register without a majority keeps its own window closed and no other.
        await openFixed(await windows.find(scope), signal).catch((error: unknown) => {
          if (!(error instanceof EngineError) || error.code === 'STORE_FAILED') throw error;
          log.debug('a window is not open yet', { window: windowName(scope), code: error.code });
        });
      });
    },
  };
}
