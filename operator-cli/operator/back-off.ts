import type { Clock, RandomBytes } from '../../src/ports/index.ts';
import { BACK_OFF_MS_FIRST, BACK_OFF_MS_MAX, WAIT_MS_DEFAULT, WAIT_MS_MAX } from './limits.ts';
import type { WaitOptions } from './ports.ts';

/**
 * Repeats `attempt` until it returns something else than `undefined` or the wait is over. Pauses grow and are
 * drawn at random from their whole range, so that programs started together do not ask together for ever.
 * @param attempt gets its number from 0 and the milliseconds left, never negative.
 */
export async function repeatUntil<T>(
  ports: { readonly clock: Clock; readonly randomBytes: RandomBytes },
  attempt: (number: number, leftMs: number) => Promise<T | undefined>,
  { waitMs = WAIT_MS_DEFAULT, signal }: WaitOptions,
): Promise<T | undefined> {
  const deadline = ports.clock.now() + Math.min(waitMs, WAIT_MS_MAX);
  for (let number = 0; ; number++) {
    const found = await attempt(number, Math.max(0, deadline - ports.clock.now()));
    if (found !== undefined) return found;
    const leftMs = deadline - ports.clock.now();
    if (leftMs <= 0) return undefined;
    await ports.clock.sleep(Math.min(leftMs, pauseMs(number, ports.randomBytes)), signal);
  }
}

function pauseMs(number: number, randomBytes: RandomBytes): number {
  const ceiling = Math.min(BACK_OFF_MS_MAX, BACK_OFF_MS_FIRST * 2 ** Math.min(number, 16));
  const drawn = randomBytes(1)[0] ?? 0;
  // Never zero: a simulated clock would not move, and the loop would not end.
  return Math.max(1, Math.round((ceiling * (drawn + 1)) / 256));
}
