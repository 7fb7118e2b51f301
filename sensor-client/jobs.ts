import { EngineError } from '../src/foundation/index.ts';

/** A signal for many: one listener on it however many followers there are, and none left when all have ended. */
export interface SignalFan {
  readonly aborted: boolean;
  /** Runs `work` under a signal of its own that aborts with the fan. What follows on it uses the signal again. */
  run<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T>;
  /** The same where more than the fan may abort it. */
  runUnder<T>(own: AbortController, work: (signal: AbortSignal) => Promise<T>): Promise<T>;
  /** The same for work that is not to be stopped: an abort ends the waiting only. Takes no signal, which costs more than the rest. */
  wait<T>(work: () => Promise<T>): Promise<T>;
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
  const waiting = new Set<(reason: unknown) => void>();
  /** Of work that has ended, for the next one: to make a signal and look at it costs as much as a lone reading's hashes. */
  const spare: AbortController[] = [];
  let aborted = false;
  let why: unknown;

  async function runUnder<T>(own: AbortController, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    // What begins late would be stopped by nobody.
    if (aborted) own.abort(why);
    const job = work(own.signal);
    running.set(own, job);
    try {
      return await job;
    } finally {
      running.delete(own);
    }
  }

  return {
    runUnder,
    get aborted() {
      return aborted;
    },
    throwIfAborted() {
      if (aborted) throw why;
    },
    async run(work) {
      const own = spare.pop() ?? new AbortController();
      try {
        return await runUnder(own, work);
      } finally {
        if (!aborted) spare.push(own);
      }
    },
    wait(work) {
      return new Promise((resolve, reject) => {
        if (aborted) return reject(why);
        waiting.add(reject);
        const forget = () => waiting.delete(reject);
        work().then(resolve, reject).then(forget, forget);
      });
    },
    abort(reason) {
      aborted = true;
      why = reason;
      for (const stop of waiting) stop(reason);
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
  /** Waits for an answer that several may need, until the closing. @throws EngineError `READING_ABORTED`, else what `work` throws */
  wait: Wait;
  /** Aborts what runs and waits for it. */
  close(): Promise<void>;
}

/** Runs something that ends with the sensor, whoever needs it. */
export type Request = <T>(work: (signal: AbortSignal) => Promise<T>) => Promise<T>;
/** Waits for something as long as there is the sensor. */
export type Wait = <T>(work: () => Promise<T>) => Promise<T>;

export function createJobs(): Jobs {
  const open = createSignalFan();
  return {
    async run(signal, work) {
      if (open.aborted) throw new EngineError('READING_ABORTED', 'the sensor is closed');
      if (signal?.aborted) throw new EngineError('READING_ABORTED', 'aborted before anything was sent');
      if (signal === undefined) return open.run(work);
      const controller = new AbortController();
      return open.runUnder(controller, async (own) => {
        const abort = () => controller.abort(new EngineError('READING_ABORTED', 'the caller gave up'));
        signal.addEventListener('abort', abort, { once: true });
        try {
          return await work(own);
        } finally {
          signal.removeEventListener('abort', abort);
        }
      });
    },
    wait: open.wait,
    async close() {
      open.abort(new EngineError('READING_ABORTED', 'the sensor is closed'));
      await open.idle();
    },
  };
}
