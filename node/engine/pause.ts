import type { Clock } from '../../src/ports/index.ts';

/**
 * Whether a pause that began at `sinceMs`, by the clock, is over. Where that was set back meanwhile nobody knows how long
 * it was, and what waits for it would wait until the clock shows the old time again.
 */
export function isPauseOver(clock: Pick<Clock, 'now'>, sinceMs: number, pauseMs: number): boolean {
  const passedMs = clock.now() - sinceMs;
  return passedMs < 0 || passedMs >= pauseMs;
}
