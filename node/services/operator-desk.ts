import { EngineError, hasCode, toBase64Url } from '../../src/foundation/index.ts';
import type { RandomBytes } from '../../src/ports/index.ts';
import type {
  ComputeAnswer,
  OpenWindow,
  SealAnswer,
  StreamAnswer,
  WindowQuestion,
  WindowScope,
} from '../../src/protocol/index.ts';
import { operations, windowTermsCodec } from '../../src/protocol/index.ts';
import { WINDOWS_LISTED_MAX } from '../../src/protocol/limits.ts';
import type { StreamDocument } from '../../src/protocol/stream-document.ts';
import { streamHash, windowId } from '../../src/ring/identifiers.ts';
import type { CallPeer } from '../engine/peers.ts';
import type { Rings } from '../engine/rings.ts';
import type { Admission } from './admission.ts';
import type { Decisions } from './decisions.ts';
import type { Releasing } from './releasing.ts';
import type { Settling } from './settling.ts';
import type { OpenWindowRecord, Windows } from './windows.ts';
import { windowState } from './windows.ts';

/** Bytes of K, the key of a window's set hash. */
const SET_HASH_KEY_BYTES = 32;

export interface OperatorDeskComponents {
  readonly admission: Admission;
  readonly decisions: Decisions;
  readonly releasing: Releasing;
  readonly settling: Settling;
  readonly windows: Windows;
  readonly rings: Rings;
  readonly callPeer: CallPeer;
  readonly randomBytes: RandomBytes;
}

/** What an operator asks of a node. */
export interface OperatorDesk {
  /** Opens a manual window for ever on the given terms. @throws `WINDOW_CONFLICT`, `STREAM_REFUSED`, `INCOMPLETE` */
  open(request: OpenWindow, signal: AbortSignal): Promise<void>;
  seal(question: WindowQuestion, signal: AbortSignal): Promise<SealAnswer>;
  /** COMPUTE: seals, waits until all is settled, and answers the domain's row. */
  compute(question: WindowQuestion, signal: AbortSignal): Promise<ComputeAnswer>;
  describe(stream: StreamDocument): StreamAnswer;
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
  const { admission, decisions, releasing, settling, windows, rings, callPeer, randomBytes } = components;

  function windowOf(question: WindowQuestion): Promise<OpenWindowRecord> {
    return admission.window(rings.contextOf(scopeOf(question)));
  }

  async function open(request: OpenWindow, signal: AbortSignal): Promise<void> {
    const { window, notBefore, latest } = request;
    const scope = scopeOf(request);
    const record = await windows.find(scope);
    if (record.stream.window.kind !== 'manual') {
      throw new EngineError(
        'STREAM_REFUSED',
        'expected a stream of manual windows; fixed ones open by themselves',
      );
    }
    if (notBefore < window || latest < notBefore) {
      throw new EngineError(
        'INVALID_ARGUMENT',
        'expected window <= notBefore <= latest, all in Unix milliseconds',
      );
    }
    const wish = windowTermsCodec.encode({ setHashKey: randomBytes(SET_HASH_KEY_BYTES), notBefore, latest });
    const decided = windowTermsCodec.decode(await decisions.decide(record, 'terms', wish, signal));
    if (decided.notBefore !== notBefore || decided.latest !== latest) {
      throw new EngineError(
        'WINDOW_CONFLICT',
        `window ${window} was opened with notBefore ${decided.notBefore} and latest ${decided.latest}`,
      );
    }
    await announce(record.stream, scope);
  }

  /** Tells every node of the stream's domains; one that misses it learns of the window from its first message. */
  async function announce(stream: StreamDocument, scope: WindowScope): Promise<void> {
    const nodes = stream.domains.flatMap(({ id }) => rings.of(scope).nodesOf(id));
    const context = rings.contextOf(scope);
    await Promise.all(
      nodes.map((node) =>
        callPeer(node, operations.ANNOUNCE, { context }).catch((error: unknown) => {
          if (!(error instanceof EngineError)) throw error;
        }),
      ),
    );
  }

  return {
    open,
    async seal(question, signal) {
      const sealed = await settling.seal(await windowOf(question), signal);
      if (sealed.kind === 'sealed') return { sealed: true, partitionsOpen: 0, reason: '' };
      if (sealed.error.code === 'SEAL_TOO_EARLY') throw sealed.error;
      return { sealed: false, partitionsOpen: sealed.partitionsOpen, reason: sealed.error.message };
    },
    async compute(question, signal) {
      const record = await windowOf(question);
      try {
        return { status: 'ROW', row: toBase64Url(await releasing.release(record, signal)) };
      } catch (error) {
        if (!hasCode(error, ...NOT_COMPLETE)) throw error;
        return { status: 'INCOMPLETE', reason: `${error.code}: ${error.message}` };
      }
    },
    describe(stream) {
      const described = windows.of(stream).map((record) => ({
        window: record.scope.window,
        group: record.scope.group,
        notBefore: record.terms.value.notBefore,
        latest: record.terms.value.latest,
        state: windowState(record),
      }));
      described.sort((a, b) => b.window - a.window);
      return { document: stream.jws, windows: described.slice(0, WINDOWS_LISTED_MAX) };
    },
  };
}

function scopeOf({ stream, window, group }: WindowQuestion): WindowScope {
  return { stream: streamHash(stream), window: windowId(window), group };
}
