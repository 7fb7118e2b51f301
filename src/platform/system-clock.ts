import type { Clock, SleepSignal } from '../ports/index.ts';

/** Longest delay a Node timer takes; a longer one fires at once, so a window that ends next month would end now. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/**
 * The system's wall clock. Its sleeps hold the process open: a command that waits between two tries has
 * nothing else that would, and must not exit in the middle of an upload.
 */
export function systemClock(): Clock {
  return { now: () => Date.now(), sleep };
}

function sleep(ms: number, signal?: SleepSignal): Promise<void> {
  return ms <= TIMER_MS_MAX ? timer(ms, signal) : longSleep(ms, signal);
}

async function longSleep(ms: number, signal?: SleepSignal): Promise<void> {
  let leftMs = ms;
  do {
    const stepMs = Math.min(leftMs, TIMER_MS_MAX);
    await timer(stepMs, signal);
    leftMs -= stepMs;
  } while (leftMs > 0);
}

function timer(ms: number, signal?: SleepSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    const abort = () => {
      clearTimeout(handle);
      reject(signal?.reason);
    };
    const handle = setTimeout(() => {
      signal?.removeEventListener('abort', abort);
      resolve();
    }, ms);
    signal?.addEventListener('abort', abort, { once: true });
  });
}
