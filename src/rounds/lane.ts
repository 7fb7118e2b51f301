import type { EngineError } from '../foundation/index.ts';
import type { Effect } from './round.ts';

/** Full-jitter exponential back-off: after n misses a wait drawn from 0 to min(capMs, baseMs * 2^n). */
export interface BackOff {
  readonly baseMs: number;
  readonly capMs: number;
}

/** One chain of calls, of which at most one is under way or about to be repeated. */
export interface Lane {
  /** Calls that did not help so far; also names the calls, so that a late event moves nothing. */
  readonly turn: number;
  /** Misses since the last answer that helped. */
  readonly misses: number;
  /** Id of the one event that moves this lane; empty while it rests. */
  readonly awaits: string;
}

export const RESTING: Lane = { turn: 0, misses: 0, awaits: '' };

/** How the event is named that ends a lane's wait for its next call. */
const PAUSE = 'after ';

/** Whether the lane waits before its next call. */
export function pauses(lane: Lane): boolean {
  return lane.awaits.startsWith(PAUSE);
}

/** The lane after a call that did not help, and the wait before the next one. */
export function missed(
  lane: Lane,
  backOff: BackOff,
): { lane: Lane; effects: readonly Effect<never, never>[] } {
  const id = `${PAUSE}${lane.awaits}`;
  const jitterMs = Math.min(backOff.capMs, backOff.baseMs * 2 ** lane.misses);
  return {
    lane: { turn: lane.turn + 1, misses: lane.misses + 1, awaits: id },
    effects: [{ kind: 'wake', id, afterMs: 0, jitterMs }],
  };
}

/** A failing node is replaced or restarted, so its 5xx says nothing about the request. */
export function mayPass(error: EngineError): boolean {
  return error.retry || error.status >= 500;
}
