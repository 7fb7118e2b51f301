import { EngineError, type ErrorCode } from '../../src/foundation/index.ts';
import type { WindowSummary } from '../../src/protocol/index.ts';
import type { StreamDocument } from '../../src/protocol/stream-document.ts';
import { groupsOf, type StreamGroup } from '../../src/protocol/stream-groups.ts';
import { type WindowId, windowId } from '../../src/ring/index.ts';
import { mapAtOnce } from '../../src/rounds/at-once.ts';
import { addSums, type Sums, type WindowResult } from './combine-rows.ts';
import { computeWindow } from './compute.ts';
import { PARTS_AT_ONCE, PARTS_MAX } from './limits.ts';
import { listWindows, type WindowRange } from './list-windows.ts';
import type { OperatorPorts, WaitOptions } from './ports.ts';
import { sealWindow } from './windows.ts';
import { startWait, withinWait } from './within-wait.ts';

/** Which windows and groups of a stream are asked about; all of them where nothing is said. */
export interface SeriesQuestion extends WindowRange {
  /** One window, whether or not it was released yet; else those of the range that are sealed. */
  readonly window?: WindowId;
  readonly group?: StreamGroup;
  /** Seal the windows of the question that are open. */
  readonly seal?: boolean;
}

/** Why a part is in no total. `unsealed`: it still takes readings. `impossible`: its rows contradict each other. */
export type MissingState = 'withheld' | 'incomplete' | 'unsealed' | 'unopened' | 'erased' | 'impossible';

/** A window or group of the question that has no result. */
export interface MissingPart {
  readonly window: WindowId;
  readonly group: StreamGroup;
  readonly state: MissingState;
  /**
   * For people, a line or more; it depends on which nodes answered, so it is no part of the answer to a program.
   */
  readonly reason: string;
}

export interface ReleasedPart {
  readonly window: WindowId;
  readonly group: StreamGroup;
  readonly result: WindowResult;
}

/** Sums over all released parts, of the stream or of one group. */
export interface Total extends Sums {
  /** Parts that were added. */
  readonly parts: number;
}

/**
 * The answer about a stream. Oldest window first, groups in the document's order: the same question about the same
 * releases is the same answer, whoever gave it.
 */
export interface SeriesResult {
  readonly stream: StreamDocument;
  readonly windows: readonly ReleasedPart[];
  /** Per group of the question its total; null where nothing of it was released. */
  readonly groups: readonly { readonly group: StreamGroup; readonly total: Total | null }[];
  /** Added from released parts only; null where there are none. */
  readonly total: Total | null;
  readonly missing: readonly MissingPart[];
}

/** One window and group that a question is about, and how far it is. */
export interface Part {
  readonly window: WindowId;
  readonly group: StreamGroup;
  readonly state: WindowSummary['state'] | 'UNOPENED' | 'ASKED';
}

/**
 * Computes every sealed window of the question and adds what was released. Nobody adds up more than it was given:
 * no domain ever computes a total, and a part that is missing is missing from it.
 * @throws EngineError `WINDOW_NOT_OPEN` when the stream has no window in the question, and whatever
 * {@link computeWindow} throws but `IMPOSSIBLE_AGGREGATE`, which is listed with its part
 */
export async function computeSeries(
  ports: OperatorPorts,
  stream: StreamDocument,
  question: SeriesQuestion = {},
  options: WaitOptions = {},
): Promise<SeriesResult> {
  const left = startWait(ports.clock, options);
  const parts = await partsOf(withinWait(ports, options), stream, question, options);
  if (parts.length === 0) {
    throw new EngineError(
      'WINDOW_NOT_OPEN',
      `expected a window of stream ${stream.name}${rangeText(question)}, got none that was ever opened`,
    );
  }
  let over = false;
  const answers = await mapAtOnce(parts, PARTS_AT_ONCE, async (part) => {
    // Where the wait is over and a part still had no answer, the others would only take as long again each.
    if (over) return missing(part, 'incomplete', 'not asked any more, the wait was over');
    const waitMs = Math.max(0, left());
    const answer = await computePart(ports, stream, part, question, { ...options, waitMs });
    over ||= 'state' in answer && answer.state === 'incomplete' && left() <= 0;
    return answer;
  });
  return seriesOf(stream, question, answers);
}

/** Puts answers together, in the order given. */
function seriesOf(
  stream: StreamDocument,
  question: SeriesQuestion,
  answers: readonly (ReleasedPart | MissingPart)[],
): SeriesResult {
  const windows = answers.filter((answer) => 'result' in answer);
  return {
    stream,
    windows,
    groups: groupsAsked(stream, question).map((group) => ({
      group,
      total: totalOf(
        stream,
        windows.filter((part) => part.group.group === group.group),
      ),
    })),
    total: totalOf(stream, windows),
    missing: answers.filter((answer) => 'state' in answer),
  };
}

function totalOf(stream: StreamDocument, parts: readonly ReleasedPart[]): Total | null {
  if (parts.length === 0) return null;
  return {
    parts: parts.length,
    ...addSums(
      stream,
      parts.map(({ result }) => result),
    ),
  };
}

/** The parts of a question, oldest first. */
export async function partsOf(
  ports: OperatorPorts,
  stream: StreamDocument,
  question: SeriesQuestion,
  options: WaitOptions,
): Promise<readonly Part[]> {
  const groups = groupsAsked(stream, question);
  const { window } = question;
  if (window !== undefined) return groups.map((group) => ({ window, group, state: 'ASKED' }));
  const listed = await listWindows(ports, stream, question, options);
  const states = new Map(listed.map((one) => [`${one.window}.${one.group}`, one.state]));
  // A group that no node lists beside others of its window was not opened: it is missing, and not nothing.
  return startsOf(stream, listed).flatMap((start) =>
    groups.map((group) => ({
      window: start,
      group,
      state: states.get(`${start}.${group.group}`) ?? ('UNOPENED' as const),
    })),
  );
}

/** Starts of the listed windows; of fixed ones also those between that no node was there to open. */
function startsOf(stream: StreamDocument, listed: readonly WindowSummary[]): readonly WindowId[] {
  const starts = [...new Set(listed.map(({ window }) => windowId(window)))];
  const [first] = starts;
  const last = starts.at(-1);
  if (stream.window.kind === 'manual' || first === undefined || last === undefined) return starts;
  const { durationMs } = stream.window;
  const length = Math.floor((last - first) / durationMs) + 1;
  if (length > PARTS_MAX) {
    throw new EngineError(
      'INVALID_ARGUMENT',
      `expected at most ${PARTS_MAX} windows from ${first} to ${last}, got ${length}; narrow --from and --to`,
    );
  }
  return Array.from({ length }, (_, i) => windowId(first + i * durationMs));
}

function groupsAsked(stream: StreamDocument, { group }: SeriesQuestion): readonly StreamGroup[] {
  return group === undefined ? groupsOf(stream) : [group];
}

/** Seals one part where that is asked for, and computes it. */
export async function computePart(
  ports: OperatorPorts,
  stream: StreamDocument,
  part: Part,
  { seal = false }: SeriesQuestion,
  options: WaitOptions,
): Promise<ReleasedPart | MissingPart> {
  const { window, group, state } = part;
  if (state === 'UNOPENED') return missing(part, 'unopened', 'no node opened it');
  if (state === 'OPEN' && !seal)
    return missing(part, 'unsealed', 'it still takes readings; --seal closes it where it may be closed');
  const scope = { ...options, group: group.group };
  try {
    if (seal && (state === 'OPEN' || state === 'ASKED')) {
      const { sealed, reason } = await sealWindow(ports, stream, window, scope);
      if (!sealed) return missing(part, 'incomplete', `not sealed yet: ${reason}`);
    }
    const outcome = await computeWindow(ports, stream, window, scope);
    if (outcome.kind === 'result') return { window, group, result: outcome };
    return missing(part, outcome.kind, outcome.reason);
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    const found = MISSING_BY_ERROR[error.code];
    // A window that somebody names and nobody opened is a typing error, not a part of an answer.
    if (found === undefined || (found === 'unopened' && state === 'ASKED')) throw error;
    return missing(part, found, error.message);
  }
}

const MISSING_BY_ERROR: Partial<Record<ErrorCode, MissingState>> = {
  IMPOSSIBLE_AGGREGATE: 'impossible',
  SEAL_TOO_EARLY: 'unsealed',
  WINDOW_NOT_OPEN: 'unopened',
  WINDOW_ERASED: 'erased',
};

function missing({ window, group }: Part, state: MissingState, reason: string): MissingPart {
  return { window, group, state, reason };
}

function rangeText({ from, to }: WindowRange): string {
  const start = from === undefined ? '' : ` from ${from}`;
  return to === undefined ? start : `${start} before ${to}`;
}
