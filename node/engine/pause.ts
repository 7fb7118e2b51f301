import type { Clock } from '../../src/ports/index.ts';

/**
 * Whether a pause that began at `sinceMs`, by the clock, is over. Where that was set back meanwhile nobody knows how long
 * it was, and what waits for it would wait until the clock shows the old time again.
 */
export function isPauseOver(clock: Pick<Clock, 'now'>, sinceMs: number, pauseMs: number): boolean {
  const passedMs = clock.now() - sinceMs;
  return passedMs < 0 || passedMs >= pauseMs;
}

/** The pause after an attempt in vain, twice as long after each one, up to a longest. */
export interface GrowingPause {
  isOver(): boolean;
  /** Another attempt was in vain. */
  begin(): void;
}

export function createGrowingPause(
  clock: Pick<Clock, 'now'>,
  { firstMs, longestMs }: { readonly firstMs: number; readonly longestMs: number },
): GrowingPause {
  let sinceMs = 0;
  let pauseMs = 0;
  return {
    isOver: () => isPauseOver(clock, sinceMs, pauseMs),
    begin() {
      sinceMs = clock.now();
      pauseMs = Math.min(Math.max(2 * pauseMs, firstMs), longestMs);
    },
  };
}
