import { EngineError } from '../src/foundation/index.ts';

/** A signal for many: one listener on it however many followers there are, and none left when all have ended. */
export interface SignalFan {
  readonly aborted: boolean;
  /** Runs `work` under a signal of its own that aborts with the fan, or when `abort` is called. */
  run<T>(work: (signal: AbortSignal, abort: (reason: unknown) => void) => Promise<T>): Promise<T>;
  abort(reason: unknown): void;
  /** @throws the reason of the abort */
  throwIfAborted(): void;
  /** Waits until everything that runs has ended, however it ends. */
  idle(): Promise<void>;
}

/**
 * Not AbortSignal.any: on Node 20 a long-lived signal keeps every signal derived from it alive. And not one
 * signal for all: beyond ten listeners Node warns of a leak.
 */
function createSignalFan(): SignalFan {
  const running = new Map<AbortController, Promise<unknown>>();
  let aborted = false;
  let why: unknown;
  return {
    get aborted() {
      return aborted;
    },
    throwIfAborted() {
      if (aborted) throw why;
    },
    async run(work) {
      const own = new AbortController();
      // What begins late would be stopped by nobody.
      if (aborted) own.abort(why);
      const job = work(own.signal, (reason) => own.abort(reason));
      running.set(own, job);
      try {
        return await job;
      } finally {
        running.delete(own);
      }
    },
    abort(reason) {
      aborted = true;
      why = reason;
      for (const own of running.keys()) own.abort(reason);
    },
    async idle() {
      await Promise.allSettled(running.values());
    },
  };
}

/** Runs `work` with a fan that aborts when the signal does. */
export async function withFan<T>(signal: AbortSignal, work: (fan: SignalFan) => Promise<T>): Promise<T> {
  const fan = createSignalFan();
  const abort = () => fan.abort(signal.reason);
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await work(fan);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** Work under way on behalf of callers, so that closing can stop it and wait for its end. */
export interface Jobs {
  /**
   * Runs `work` under a signal that follows the caller's and the closing.
   * @throws EngineError `READING_ABORTED` when either is aborted already, else what `work` throws
   */
  run<T>(signal: AbortSignal | undefined, work: (signal: AbortSignal) => Promise<T>): Promise<T>;
  /** Aborts what runs and waits for it. */
  close(): Promise<void>;
}

/** Runs something that ends with the sensor, whoever needs it. */
export type Request = <T>(work: (signal: AbortSignal) => Promise<T>) => Promise<T>;

export function createJobs(): Jobs {
  const open = createSignalFan();
  return {
    async run(signal, work) {
      if (open.aborted) throw new EngineError('READING_ABORTED', 'the sensor is closed');
      if (signal?.aborted) throw new EngineError('READING_ABORTED', 'aborted before anything was sent');
      if (signal === undefined) return open.run(work);
      return open.run(async (own, abortOwn) => {
        const abort = () => abortOwn(new EngineError('READING_ABORTED', 'the caller gave up'));
        signal.addEventListener('abort', abort, { once: true });
        try {
          return await work(own);
        } finally {
          signal.removeEventListener('abort', abort);
        }
      });
    },
    async close() {
      open.abort(new EngineError('READING_ABORTED', 'the sensor is closed'));
      await open.idle();
    },
  };
}

/** Waits for shared work that outlives this caller; rejects with the signal's reason when that comes first. */
export async function untilAborted<T>(work: T | Promise<T>, signal: AbortSignal): Promise<T> {
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
