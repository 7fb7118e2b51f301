import { EngineError, hasCode, toBase64Url } from '../../src/foundation/index.ts';
import type {
  ComputeAnswer,
  OpenWindow,
  SealAnswer,
  StreamAnswer,
  WindowQuestion,
  WindowScope,
  WindowState,
  WindowSummary,
} from '../../src/protocol/index.ts';
import { WINDOWS_LISTED_MAX } from '../../src/protocol/limits.ts';
import type { StreamDocument } from '../../src/protocol/stream-document.ts';
import { groupsOf } from '../../src/protocol/stream-groups.ts';
import { streamHash, windowId } from '../../src/ring/identifiers.ts';
import type { Rings } from '../engine/rings.ts';
import type { Admission } from './admission.ts';
import type { Decisions } from './decisions.ts';
import type { ErasedWindows } from './erased-windows.ts';
import type { Opening } from './opening.ts';
import type { Releasing } from './releasing.ts';
import type { Retirements } from './retirements.ts';
import type { Settling } from './settling.ts';
import type { Streams } from './streams.ts';
import type { OpenWindowRecord, Windows } from './windows.ts';
import { windowState } from './windows.ts';

export interface OperatorDeskComponents {
  readonly admission: Admission;
  readonly decisions: Decisions;
  readonly erased: ErasedWindows;
  readonly opening: Opening;
  readonly streams: Streams;
  readonly releasing: Releasing;
  readonly settling: Settling;
  readonly windows: Windows;
  readonly retirements: Pick<Retirements, 'statementOf'>;
  readonly rings: Rings;
}

/** What an operator asks of a node. */
export interface OperatorDesk {
  /** Opens a manual window for ever on the given terms, for every group. @throws `WINDOW_CONFLICT`, `STREAM_REFUSED`, `INCOMPLETE` */
  open(request: OpenWindow, signal: AbortSignal): Promise<void>;
  seal(question: WindowQuestion, signal: AbortSignal): Promise<SealAnswer>;
  /** COMPUTE: seals, waits until all is settled, and answers the domain's row. */
  compute(question: WindowQuestion, signal: AbortSignal): Promise<ComputeAnswer>;
  /** The document and a page of its windows, newest first, behind the one that `after` names. */
  describe(stream: StreamDocument, after?: string): Promise<StreamAnswer>;
}

/** Refusals of COMPUTE that mean "not yet, or never", and why. */
const NOT_COMPLETE = [
  'INCOMPLETE',
  'SEAL_TOO_EARLY',
  'UNREACHABLE',
  'ROW_CORRUPT',
  'OVERLOADED',
  'NOT_READY',
] as const;

export function createOperatorDesk(components: OperatorDeskComponents): OperatorDesk {
  const { admission, decisions, erased, opening, releasing, retirements, settling, streams, windows, rings } =
    components;

  function windowOf(question: WindowQuestion, signal: AbortSignal): Promise<OpenWindowRecord> {
    return admission.window(rings.contextOf(scopeOf(question)), signal);
  }

  async function open(request: OpenWindow, signal: AbortSignal): Promise<void> {
    const { window, notBefore, latest } = request;
    const stream = await streams.find(streamHash(request.stream));
    if (stream.window.kind !== 'manual') {
      throw new EngineError(
        'STREAM_REFUSED',
        'expected a stream of manual windows; fixed ones open by themselves',
      );
    }
    // A window that were open for some labels only would turn their absence into a statement about the others.
    await Promise.all(
      groupsOf(stream).map(async ({ group }) => {
        const record = await windows.find({ stream: stream.hash, window: windowId(window), group });
        const opened = await opening.open(record, { notBefore, latest }, signal);
        if (opened.notBefore === notBefore && opened.latest === latest) return;
        throw new EngineError(
          'WINDOW_CONFLICT',
          `window ${window} was opened with notBefore ${opened.notBefore} and latest ${opened.latest}`,
        );
      }),
    );
  }

  /**
   * What the domain released of a window that this node has erased, or of which it cannot learn any more that it was open;
   * the ledger keeps it, and nothing new comes into it.
   */
  async function releasedBefore(
    question: WindowQuestion,
    why: unknown,
    signal: AbortSignal,
  ): Promise<Uint8Array> {
    if (!hasCode(why, 'WINDOW_ERASED', 'INCOMPLETE', 'WINDOW_NOT_OPEN')) throw why;
    const record = await windows.find(scopeOf(question));
    const row = await decisions.look(record, 'release', signal);
    if (row === null) throw why;
    return row.bytes;
  }

  /** What keeps a window for ever that was opened before its placement was published, and what to do about it. */
  function pendingPlacement(question: WindowQuestion): string {
    const { placementEpoch } = rings.of(scopeOf(question)).ring;
    if (rings.isInForce(placementEpoch)) return '';
    return `; the placement of epoch ${placementEpoch}, which is the window's, is not in force, and never will be where nodes had opened the window before: then publish another document with a later --placement-from`;
  }

  async function release(question: WindowQuestion, signal: AbortSignal): Promise<Uint8Array> {
    const record = await windowOf(question, signal).catch((error: unknown) => ({ error }));
    if ('error' in record) return releasedBefore(question, record.error, signal);
    return releasing.release(record, signal).catch((error: unknown) => {
      if (!hasCode(error, 'WINDOW_ERASED')) throw error;
      return releasedBefore(question, error, signal);
    });
  }

  return {
    open,
    async seal(question, signal) {
      const sealed = await settling.seal(await windowOf(question, signal), signal);
      if (sealed.kind === 'sealed') return { sealed: true, partitionsOpen: 0, reason: '' };
      if (sealed.error.code === 'SEAL_TOO_EARLY') throw sealed.error;
      return { sealed: false, partitionsOpen: sealed.partitionsOpen, reason: sealed.error.message };
    },
    async compute(question, signal) {
      try {
        return { status: 'ROW', row: toBase64Url(await release(question, signal)) };
      } catch (error) {
        if (!hasCode(error, ...NOT_COMPLETE)) throw error;
        return {
          status: 'INCOMPLETE',
          reason: `${error.code}: ${error.message}${pendingPlacement(question)}`,
        };
      }
    },
    async describe(stream, after) {
      const [window = Number.POSITIVE_INFINITY, group = 0] = after?.split('.').map(Number) ?? [];
      const from = after === undefined ? null : { window: windowId(window), group };
      const past = await erased.behind(stream.hash, from, WINDOWS_LISTED_MAX);
      const described: WindowSummary[] = windows.of(stream).map((record) => ({
        window: record.scope.window,
        group: record.scope.group,
        notBefore: record.terms.value.notBefore,
        latest: record.terms.value.latest,
        state: windowState(record),
      }));
      described.push(
        ...past.map(({ scope: { window, group }, notBefore, latest, release }) => {
          const state: WindowState = release?.value.verdict ?? 'ERASED';
          return { window, group, notBefore, latest, state };
        }),
      );
      described.sort((a, b) => b.window - a.window || a.group - b.group);
      const behind = described.filter(
        (one) => one.window < window || (one.window === window && one.group > group),
      );
      const retired = retirements.statementOf(stream.hash);
      return {
        document: stream.jws,
        windows: behind.slice(0, WINDOWS_LISTED_MAX),
        ...(retired === undefined ? {} : { retired }),
      };
    },
  };
}

function scopeOf({ stream, window, group }: WindowQuestion): WindowScope {
  return { stream: streamHash(stream), window: windowId(window), group };
}
