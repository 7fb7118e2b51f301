import { EngineError } from '../../src/foundation/index.ts';
import type { WindowState, WindowSummary } from '../../src/protocol/index.ts';
import { operations } from '../../src/protocol/index.ts';
import { WINDOWS_LISTED_MAX } from '../../src/protocol/limits.ts';
import type { StreamDocument } from '../../src/protocol/stream-document.ts';
import type { DomainId } from '../../src/ring/index.ts';
import { askAnyNode, nodesOf } from './ask-nodes.ts';
import { PARTS_MAX, QUESTION_TIMEOUT_MS } from './limits.ts';
import type { CallOptions, OperatorPorts } from './ports.ts';

/** Starts of windows in Unix milliseconds: from `from` on and before `to`. */
export interface WindowRange {
  readonly from?: number;
  readonly to?: number;
}

/** How far a window is; a node may lag behind another, and none is ahead of the truth. */
const PROGRESS = {
  OPEN: 0,
  SEALED: 1,
  SETTLED: 2,
  WITHHELD: 3,
  RELEASED: 3,
  // Below the others: a domain whose node still has more knows better.
  ERASED: -1,
} as const satisfies Record<WindowState, number>;

/**
 * The windows and groups of a stream that were ever opened, oldest first and groups in order within one. One node of
 * every domain is asked and their lists are united: a node that was away may lack a window, a domain does not.
 * @throws EngineError `INVALID_ARGUMENT` when there are more than one question may be about, the refusal of all
 * domains when none answers, or the signal's reason
 */
export async function listWindows(
  ports: OperatorPorts,
  stream: StreamDocument,
  range: WindowRange = {},
  options: CallOptions = {},
): Promise<readonly WindowSummary[]> {
  const found = new Map<string, WindowSummary>();
  const lists = await Promise.allSettled(
    stream.domains.map(({ id }) => listOf(ports, stream, id, range, options)),
  );
  options.signal?.throwIfAborted();
  const failures = lists.flatMap((list) => (list.status === 'rejected' ? [list.reason] : []));
  const unforeseen = failures.find(
    (failure) => !(failure instanceof EngineError) || failure.code === 'INVALID_ARGUMENT',
  );
  if (unforeseen !== undefined) throw unforeseen;
  if (failures.length === lists.length) throw failures[0];
  for (const summary of lists.flatMap((list) => (list.status === 'fulfilled' ? list.value : []))) {
    const name = `${summary.window}.${summary.group}`;
    const known = found.get(name);
    if (known === undefined || PROGRESS[summary.state] > PROGRESS[known.state]) found.set(name, summary);
  }
  return [...found.values()].sort((a, b) => a.window - b.window || a.group - b.group);
}

async function listOf(
  ports: OperatorPorts,
  stream: StreamDocument,
  domain: DomainId,
  { from = 0, to = Number.MAX_SAFE_INTEGER }: WindowRange,
  options: CallOptions,
): Promise<readonly WindowSummary[]> {
  const listed: WindowSummary[] = [];
  for (let after = `${to}.0`; ; ) {
    const { windows } = await askAnyNode(
      ports,
      nodesOf(ports.ring, [domain]),
      operations.READ_STREAM,
      { stream: stream.hash, after },
      { ...options, timeoutMs: QUESTION_TIMEOUT_MS },
    );
    // A node that ignores the page it was asked for must not keep us asking.
    const behind = windows.filter(({ window, group }) => isBehind(after, window, group));
    listed.push(...behind.filter(({ window }) => window >= from && window < to));
    if (listed.length > PARTS_MAX) {
      throw new EngineError(
        'INVALID_ARGUMENT',
        `expected at most ${PARTS_MAX} windows and groups of stream ${stream.name}, got more; narrow --from and --to`,
      );
    }
    const last = behind.at(-1);
    if (last === undefined || windows.length < WINDOWS_LISTED_MAX || last.window < from) return listed;
    after = `${last.window}.${last.group}`;
  }
}

function isBehind(after: string, window: number, group: number): boolean {
  const [afterWindow = 0, afterGroup = 0] = after.split('.').map(Number);
  return window < afterWindow || (window === afterWindow && group > afterGroup);
}
