import { EngineError } from '../foundation/index.ts';
import type { WindowId } from '../ring/identifiers.ts';
import { windowId } from '../ring/identifiers.ts';
import type { WindowTerms } from './decision-values.ts';
import { groupsOf } from './stream-groups.ts';
import { WINDOW_AHEAD_MS_MAX, WINDOW_MS_MAX } from './stream-limits.ts';
import type { StreamPayload } from './stream-schema.ts';

/** When a window may be sealed at the earliest, and when its acceptors seal it by themselves; Unix milliseconds. */
export type WindowTimes = Pick<WindowTerms, 'notBefore' | 'latest'>;

/** The fixed window, aligned to the Unix epoch and so to UTC, that a time in Unix milliseconds lies in. */
export function fixedWindowAt(durationMs: number, time: number): WindowId {
  return windowId(Math.floor(time / durationMs) * durationMs);
}

/**
 * The times of a fixed window, which follow from its stream alone: sealed at end + grace. Null for a manual one.
 */
export function fixedTimes({ window: kind, graceMs }: StreamPayload, window: WindowId): WindowTimes | null {
  if (kind.kind === 'manual') return null;
  const sealAt = window + kind.durationMs + graceMs;
  return { notBefore: sealAt, latest: sealAt };
}

/**
 * Checks the name and times of a window against its stream, clocks apart.
 * @throws EngineError `STREAM_REFUSED` for a name between two fixed windows, `INVALID_ARGUMENT` for times that are
 * out of order or, of a fixed window, not its own
 */
export function checkWindowTimes(stream: StreamPayload, window: WindowId, times: WindowTimes): void {
  checkWindowName(stream, window);
  const { notBefore, latest } = times;
  const fixed = fixedTimes(stream, window);
  if (fixed !== null) {
    if (notBefore === fixed.notBefore && latest === fixed.latest) return;
    throw badTimes(`expected a fixed window to be sealed at ${fixed.latest}, got ${notBefore} to ${latest}`);
  }
  if (window <= notBefore && notBefore <= latest && latest <= window + WINDOW_MS_MAX) return;
  throw badTimes(
    `expected window <= notBefore <= latest <= window + ${WINDOW_MS_MAX}, all in Unix milliseconds, got ${window}, ${notBefore} and ${latest}`,
  );
}

/** @throws EngineError `STREAM_REFUSED` for a name between two fixed windows */
export function checkWindowName({ window: kind, name }: StreamPayload, window: WindowId): void {
  if (kind.kind === 'manual' || window % kind.durationMs === 0) return;
  throw new EngineError(
    'STREAM_REFUSED',
    `expected a window of stream ${name} to start at a multiple of ${kind.durationMs} ms, got ${window}`,
  );
}

/** @throws EngineError `STREAM_REFUSED` for a group that the stream does not have */
export function checkGroup(stream: StreamPayload, group: number): void {
  const groups = groupsOf(stream);
  if (groups.some((found) => found.group === group)) return;
  const last = groups.at(-1)?.group ?? 0;
  const expected = last === 0 ? 'group 0' : `a group from 1 to ${last}`;
  throw new EngineError('STREAM_REFUSED', `expected ${expected} in stream ${stream.name}, got ${group}`);
}

/**
 * Checks that a window may be opened at a node whose clock shows `now`: a fixed one from one length before its
 * start until it is sealed, a manual one up to a year ahead and until it would be erased.
 * @throws EngineError `WINDOW_NOT_OPEN` too early, `WINDOW_SEALED` or `WINDOW_ERASED` too late
 */
export function checkOpenable(
  stream: StreamPayload,
  window: WindowId,
  times: WindowTimes,
  now: number,
): void {
  const aheadMs = stream.window.kind === 'fixed' ? stream.window.durationMs : WINDOW_AHEAD_MS_MAX;
  if (window > now + aheadMs + CLOCK_SLACK_MS) {
    throw new EngineError(
      'WINDOW_NOT_OPEN',
      `expected a window that starts within ${aheadMs} ms of ${now}, got ${window}`,
    );
  }
  if (now >= eraseAt(stream, window, times)) throw windowErased(window);
  if (stream.window.kind === 'fixed' && now >= times.latest) {
    throw new EngineError('WINDOW_SEALED', `window ${window} ended before any node opened it`);
  }
}

/** Clocks of honest nodes differ by less, in milliseconds; where they do not, windows open late and nothing else. */
export const CLOCK_SLACK_MS = 60_000;

/**
 * From when on everything about single readings of a window is erased, Unix milliseconds: its end and the
 * stream's retention. The end of a manual window is its latest seal.
 */
export function eraseAt(stream: StreamPayload, window: WindowId, { latest }: WindowTimes): number {
  const end = stream.window.kind === 'fixed' ? window + stream.window.durationMs : latest;
  return end + stream.retentionMs;
}

/** Erased is never "not held": whoever asks must not take it for a row that is missing. */
export function windowErased(window: WindowId): EngineError {
  return new EngineError('WINDOW_ERASED', `window ${window} is past its retention; it was erased`);
}

/** @throws EngineError `WINDOW_ERASED` */
export function checkNotErased(record: {
  readonly scope: { readonly window: WindowId };
  readonly erased: boolean;
}): void {
  if (record.erased) throw windowErased(record.scope.window);
}

function badTimes(message: string): EngineError {
  return new EngineError('INVALID_ARGUMENT', message);
}
