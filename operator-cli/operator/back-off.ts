import type { Clock, RandomBytes } from '../../src/ports/index.ts';
import { BACK_OFF_MS_FIRST, BACK_OFF_MS_MAX } from './limits.ts';
import type { WaitOptions } from './ports.ts';
import { startWait } from './within-wait.ts';

/**
 * Repeats `attempt` until it returns something else than `undefined` or the wait is over. Pauses grow and are
 * drawn at random from their whole range, so that programs started together do not ask together for ever.
 * @param attempt gets its number from 0.
 */
export async function repeatUntil<T>(
  ports: { readonly clock: Clock; readonly randomBytes: RandomBytes },
  attempt: (number: number) => Promise<T | undefined>,
  wait: WaitOptions,
): Promise<T | undefined> {
  const left = startWait(ports.clock, wait);
  for (let number = 0; ; number++) {
    const found = await attempt(number);
    if (found !== undefined) return found;
    const leftMs = left();
    if (leftMs <= 0) return undefined;
    await ports.clock.sleep(Math.min(leftMs, pauseMs(number, ports.randomBytes)), wait.signal);
  }
}

function pauseMs(number: number, randomBytes: RandomBytes): number {
  const ceiling = Math.min(BACK_OFF_MS_MAX, BACK_OFF_MS_FIRST * 2 ** Math.min(number, 16));
  const drawn = randomBytes(1)[0] ?? 0;
  // Never zero: a simulated clock would not move, and the loop would not end.
  return Math.max(1, Math.round((ceiling * (drawn + 1)) / 256));
}
