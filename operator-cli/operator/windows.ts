import type { ErrorCode } from '../../src/foundation/index.ts';
import { EngineError } from '../../src/foundation/index.ts';
import type { SealAnswer } from '../../src/protocol/index.ts';
import { operations } from '../../src/protocol/index.ts';
import type { StreamDocument } from '../../src/protocol/stream-document.ts';
import type { WindowId } from '../../src/ring/index.ts';
import { askAnyNode, nodesByTurns } from './ask-nodes.ts';
import { repeatUntil } from './back-off.ts';
import { QUESTION_TIMEOUT_MS, ROUND_TIMEOUT_MS } from './limits.ts';
import type { CallOptions, OperatorPorts, WaitOptions } from './ports.ts';
import { whyUnanswered } from './who-answers.ts';
import { withinWait } from './within-wait.ts';

/** Refusals that a wait for the seal would only hide, although the same request may succeed much later. */
const DECIDED: readonly ErrorCode[] = ['SEAL_TOO_EARLY', 'WINDOW_NOT_OPEN', 'UNKNOWN_STREAM'];

/** The terms of a window, times in Unix milliseconds: not sealed before `notBefore`, by itself at `latest`. */
export interface OpenedWindow {
  readonly window: WindowId;
  readonly notBefore: number;
  readonly latest: number;
}

/**
 * Opens a manual window: any node brings slot 0 of the window register to a decision, and the same terms
 * again are harmless.
 * @throws EngineError `WINDOW_CONFLICT` when it is open under other terms
 */
export async function openWindow(
  ports: OperatorPorts,
  stream: StreamDocument,
  terms: OpenedWindow,
  options: CallOptions = {},
): Promise<void> {
  const request = { stream: stream.hash, ...terms };
  await askAnyNode(ports, nodesOfStream(ports, stream), operations.OPEN_WINDOW, request, {
    ...options,
    timeoutMs: QUESTION_TIMEOUT_MS,
  });
}

/**
 * Asks for the seal until a majority of the acceptors of every partition is frozen or the wait is over.
 * @returns the last answer; `sealed` is false where the wait was too short.
 * @throws EngineError `SEAL_TOO_EARLY` before the window's `notBefore`
 */
export async function sealWindow(
  ports: OperatorPorts,
  stream: StreamDocument,
  window: WindowId,
  options: WaitOptions & { readonly group?: number } = {},
): Promise<SealAnswer> {
  const request = { stream: stream.hash, window, group: options.group ?? 0 };
  const nodes = nodesOfStream(ports, stream);
  const inTime = withinWait(ports, options);
  let unanswered = false;
  let last: SealAnswer = { sealed: false, partitionsOpen: 0, reason: 'no node answered' };
  const ask = async (turn: number): Promise<SealAnswer | undefined> => {
    const call = { ...options, timeoutMs: ROUND_TIMEOUT_MS, turn };
    try {
      last = await askAnyNode(inTime, nodes, operations.SEAL, request, call);
      unanswered = false;
    } catch (error) {
      if (!(error instanceof EngineError) || !error.retry) throw error;
      const { code, message } = error;
      if (DECIDED.includes(code)) throw error;
      last = { ...last, reason: `${code}: ${message}` };
      unanswered = code === 'UNREACHABLE';
    }
    return last.sealed ? last : undefined;
  };
  const sealed = await repeatUntil(ports, ask, options);
  if (sealed !== undefined || !unanswered) return sealed ?? last;
  return { ...last, reason: await whyUnanswered(ports, nodes, last.reason, options) };
}

function nodesOfStream(ports: OperatorPorts, stream: StreamDocument) {
  const own = new Set(stream.domains.map(({ id }) => id));
  return nodesByTurns(ports.ring).filter(({ domain }) => own.has(domain));
}
