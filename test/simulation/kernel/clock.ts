import { setMaxListeners } from 'node:events';
import type { Clock } from '../../../src/ports/index.ts';
import type { Kernel } from './kernel.ts';
import type { Life } from './life.ts';

// One signal may end any number of sleeps and requests; without this Node takes the eleventh for a leak.
setMaxListeners(0);

/**
 * The clock of one process.
 * @param skewMs how far it is ahead of the world's time at the moment; safety must not depend on it.
 */
export function simulatedClock(kernel: Kernel, life: Life, skewMs: () => number = () => 0): Clock {
  return {
    now: () => Math.floor(kernel.now() + skewMs()),
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) {
          reject(signal.reason);
          return;
        }
        const abort = () => {
          cancel();
          reject(signal?.reason);
        };
        const cancel = kernel.schedule(
          `${life.name} wakes`,
          ms,
          () => {
            signal?.removeEventListener('abort', abort);
            resolve();
          },
          life,
        );
        signal?.addEventListener('abort', abort, { once: true });
      }),
  };
}
