import { EngineError } from '../src/foundation/index.ts';

/** Work under way on behalf of callers, so that closing can stop it and wait for its end. */
export interface Jobs {
  /** Aborted when the jobs are closed. */
  readonly signal: AbortSignal;
  /**
   * Runs `work` under a signal that follows the caller's and the closing.
   * @throws EngineError `READING_ABORTED` when either is aborted already, else what `work` throws
   */
  run<T>(signal: AbortSignal | undefined, work: (signal: AbortSignal) => Promise<T>): Promise<T>;
  /** Aborts what runs and waits for it. */
  close(): Promise<void>;
}

export function createJobs(): Jobs {
  const closing = new AbortController();
  const running = new Set<Promise<unknown>>();
  return {
    signal: closing.signal,
    async run(signal, work) {
      if (closing.signal.aborted) throw new EngineError('READING_ABORTED', 'the sensor is closed');
      if (signal?.aborted) throw new EngineError('READING_ABORTED', 'aborted before anything was sent');
      // Not AbortSignal.any: on Node 20 a long-lived signal keeps every signal derived from it alive.
      const own = new AbortController();
      const abort = () => own.abort(new EngineError('READING_ABORTED', 'the caller gave up'));
      closing.signal.addEventListener('abort', abort, { once: true });
      signal?.addEventListener('abort', abort, { once: true });
      const job = work(own.signal);
      running.add(job);
      try {
        return await job;
      } finally {
        running.delete(job);
        closing.signal.removeEventListener('abort', abort);
        signal?.removeEventListener('abort', abort);
      }
    },
    async close() {
      closing.abort(new EngineError('READING_ABORTED', 'the sensor is closed'));
      await Promise.allSettled(running);
    },
  };
}

/** Waits for shared work that outlives this caller; rejects with the signal's reason when that comes first. */
export async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let abort = () => {};
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });
  try {
    return await Promise.race([aborted, work]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
