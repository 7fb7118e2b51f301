import { untilAborted } from '../../src/foundation/index.ts';

/** One piece of work for all who ask for it meanwhile. */
export interface SharedWork<T> {
  /** Whether it came to its end, or everybody hung up: who comes now needs another one. */
  isOver(): boolean;
  /** Its result. @throws the signal's reason where that aborts first, which ends the work only with the last who waits */
  join(signal?: AbortSignal): Promise<T>;
}

export function beginShared<T>(work: (over: AbortSignal) => Promise<T>): SharedWork<T> {
  const over = new AbortController();
  const result = work(over.signal);
  let waiting = 0;
  return {
    isOver: () => over.signal.aborted,
    async join(signal) {
      waiting += 1;
      try {
        return await (signal === undefined ? result : untilAborted(result, signal));
      } finally {
        waiting -= 1;
        if (waiting === 0) over.abort(signal?.reason);
      }
    },
  };
}
