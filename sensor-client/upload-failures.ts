import type { ErrorCode, ErrorDetails } from '../src/foundation/index.ts';
import { EngineError, unreachable } from '../src/foundation/index.ts';
import type { NodeId, WindowId } from '../src/ring/index.ts';
import type { UploadOut } from '../src/rounds/upload.ts';
import type { Split, SplitContext } from './commit-split.ts';
import { flagKeyText } from './flag-key-text.ts';

const WHY_NOT_OPEN = 'nobody has opened it, or it has not begun';
/** Enough to see which cloud is away. */
const SILENT_NODES_NAMED = 4;

/** Whether the window takes no reading any more: the next one goes into another. */
function isOver(code: ErrorCode | null): boolean {
  return code === 'WINDOW_SEALED' || code === 'WINDOW_ERASED';
}

/** The caller gave up on a reading; only what was SET may still be committed. */
export function abortedError(attempt: Pick<Split, 'key' | 'setSent'>): EngineError {
  const fate = attempt.setSent ? 'it may still be committed; ask with its flag key' : 'it is in no result';
  return new EngineError('READING_ABORTED', `the upload of a reading was given up: ${fate}`, {
    ...detailsOf(attempt),
    setSent: attempt.setSent,
  });
}

/** What an upload is told that did not end with its flag TRUE; a window that takes no more is looked up again. */
export function failureOf(
  { directory, silent }: Pick<SplitContext, 'directory' | 'silent'>,
  attempt: Split,
  out: Exclude<UploadOut, { kind: 'committed' }>,
  deadlineMs: number,
): EngineError {
  const details = detailsOf(attempt);
  switch (out.kind) {
    case 'errored':
      return new EngineError('READING_ERRORED', 'the flag became ERROR before the reading was SET', details);
    case 'unset':
      return new EngineError(
        'DEADLINE_EXCEEDED',
        `expected acceptors that decide within ${deadlineMs} ms, ${seenOf(null, false, attempt.key.window, silent.now())}; the reading is in no result`,
        { ...details, lastFailure: 'UNREACHABLE' },
      );
    case 'unknown': {
      const last = out.lastFailure ?? attempt.lastFailure ?? null;
      const { refusal } = out;
      if (isOver(refusal)) directory.forgetWindow(attempt.key.window);
      const facts = { ...details, lastFailure: last ?? 'none', ...(refusal === null ? {} : { refusal }) };
      const seen = seenOf(last, out.setSent, attempt.key.window, silent.now());
      const why =
        refusal === null
          ? seen
          : `refused with ${refusal} after SET may have been sent, which decides nothing`;
      return out.setSent
        ? new EngineError(
            'READING_UNDECIDED',
            `no outcome within ${deadlineMs} ms, ${why}; it may be part of the result: ask for its outcome, known once the window is settled, and do not upload it again`,
            facts,
          )
        : new EngineError(
            'DEADLINE_EXCEEDED',
            `expected every share to be stored within ${deadlineMs} ms, ${seen}; the reading is in no result`,
            facts,
          );
    }
    case 'refused': {
      if (out.refusal.kind === 'conflict') {
        return new EngineError(
          'SHARE_CONFLICT',
          'the reading id was used before with another share',
          details,
        );
      }
      const { error } = out.refusal;
      if (isOver(error.code)) directory.forgetWindow(attempt.key.window);
      if (error.code !== 'WINDOW_NOT_OPEN') return error;
      return new EngineError(
        'WINDOW_NOT_OPEN',
        `expected an open window, got ${attempt.key.window}, which every domain says is not open: ${WHY_NOT_OPEN}; the reading is in no result`,
        details,
      );
    }
    default:
      return unreachable(out);
  }
}

/** What the sensor saw go wrong: nodes that do not answer say more than the last of many failures. */
function seenOf(
  last: ErrorCode | null,
  setSent: boolean,
  window: WindowId,
  silent: ReadonlySet<NodeId>,
): string {
  const nodes = [...silent];
  const more = nodes.length > SILENT_NODES_NAMED ? ` and ${nodes.length - SILENT_NODES_NAMED} more` : '';
  const unheard = `no answer from ${nodes.slice(0, SILENT_NODES_NAMED).join(', ')}${more}`;
  if (last === null) return nodes.length === 0 ? 'without a failure' : unheard;
  const failed = failureText(last, setSent, window);
  return nodes.length === 0 ? failed : `${failed}, ${unheard}`;
}

function failureText(last: ErrorCode, setSent: boolean, window: WindowId): string {
  if (last === 'WINDOW_NOT_OPEN')
    return `window ${window} is not open at the nodes that were asked (${WHY_NOT_OPEN})`;
  if (last === 'INCOMPLETE' && !setSent)
    return `last failure INCOMPLETE: too few nodes answer those that were asked to know that window ${window} is open and the sensor enrolled`;
  return `last failure ${last}`;
}

function detailsOf({ key }: Pick<Split, 'key'>): ErrorDetails {
  return { flagKey: flagKeyText(key) };
}
