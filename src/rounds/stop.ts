import type { SleepSignal } from '../ports/index.ts';

/** Ends sleeps, as an AbortController does. */
export interface Stop {
  readonly signal: SleepSignal;
  stop(reason: unknown): void;
}

/**
 * For a wait that every reading makes: Node 20 gives each AbortSignal a shape of its own, so that whatever looks at
 * one takes the engine's slow way, some ten times for a sleep that is ended.
 */
export function createStop(): Stop {
  const listeners = new Set<() => void>();
  const signal = {
    aborted: false,
    reason: undefined as unknown,
    addEventListener: (_type: 'abort', listener: () => void) => void listeners.add(listener),
    removeEventListener: (_type: 'abort', listener: () => void) => void listeners.delete(listener),
  };
  return {
    signal,
    stop(reason) {
      if (signal.aborted) return;
      signal.aborted = true;
      signal.reason = reason;
      for (const listener of listeners) listener();
    },
  };
}
