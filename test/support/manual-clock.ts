import type { Clock } from '../../src/ports/index.ts';

/** A clock that stands still until a test moves it. */
export interface ManualClock extends Clock {
  /** Moves the time on and wakes the sleepers that are due, in the order of their times. */
  advance(ms: number): Promise<void>;
  /** Shows an earlier time from now on; who sleeps wakes after as long as before. */
  setBack(ms: number): void;
  /**
   * Moves the time from sleeper to sleeper until the promise settles, and gives its result. Throws when nobody
   * sleeps and the promise still waits: then nothing ever will settle it.
   */
  until<T>(promise: Promise<T>): Promise<T>;
}

interface Sleeper {
  at: number;
  readonly wake: () => void;
}

/** @param startMs Unix milliseconds. */
export function createManualClock(startMs = 1_700_000_000_000): ManualClock {
  const sleepers = new Set<Sleeper>();
  let now = startMs;

  function next(latest: number): Sleeper | undefined {
    let found: Sleeper | undefined;
    for (const sleeper of sleepers) {
      if (sleeper.at <= latest && (found === undefined || sleeper.at < found.at)) found = sleeper;
    }
    return found;
  }

  async function wake(sleeper: Sleeper): Promise<void> {
    sleepers.delete(sleeper);
    now = Math.max(now, sleeper.at);
    sleeper.wake();
    await reactions();
  }

  return {
    now: () => now,
    sleep(ms, signal) {
      return new Promise((resolve, reject) => {
        if (signal?.aborted) {
          reject(signal.reason);
          return;
        }
        const abort = () => {
          sleepers.delete(sleeper);
          reject(signal?.reason);
        };
        const sleeper: Sleeper = {
          // Clocks show whole milliseconds; a fraction would be written nowhere.
          at: now + Math.ceil(ms),
          wake() {
            signal?.removeEventListener('abort', abort);
            resolve();
          },
        };
        sleepers.add(sleeper);
        signal?.addEventListener('abort', abort, { once: true });
      });
    },
    async advance(ms) {
      const end = now + ms;
      await reactions();
      for (let due = next(end); due !== undefined; due = next(end)) await wake(due);
      now = end;
    },
    setBack(ms) {
      now -= ms;
      for (const sleeper of sleepers) sleeper.at -= ms;
    },
    async until(promise) {
      let settled = false;
      const settle = () => {
        settled = true;
      };
      promise.then(settle, settle);
      await reactions();
      while (!settled) {
        const sleeper = next(Number.POSITIVE_INFINITY);
        if (sleeper === undefined)
          throw new Error('the promise waits, and nobody sleeps who could settle it');
        await wake(sleeper);
      }
      return promise;
    },
  };
}

/**
 * The same clock for nodes whose requests a test awaits: waits of at most `shortMs` pass by themselves, and the time
 * stands still meanwhile. The others are the test's to end.
 */
export function withShortWaits(clock: Clock, shortMs: number): Clock {
  return {
    now: clock.now,
    sleep: (ms, signal) => (ms <= shortMs ? reactions() : clock.sleep(ms, signal)),
  };
}

/** Lets everything that is ready run: a few turns of the event loop, not a span of time. */
async function reactions(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
}
