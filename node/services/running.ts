import type { OpenWindowRecord } from './windows.ts';

/** Windows whose running digests or sums are kept, each at most 1,024 partitions of a few hundred bytes. */
export const RUNNING_WINDOWS_MAX = 64;

/**
 * A state per window that is right only if it has seen every change since the window was empty. It lives in memory
 * alone: a node that starts has it from the rows, and it goes with the window's record.
 */
export interface Running<T> {
  /** The state to change or to read; undefined where it does not know everything and the rows must be asked. */
  of(record: OpenWindowRecord): T | undefined;
  /** Something happened that the state does not follow. */
  spoil(record: OpenWindowRecord): void;
  /** All states that are kept. */
  all(): Iterable<readonly [OpenWindowRecord, T]>;
}

/** @param begin the state of a window without rows. */
export function createRunning<T>(begin: (record: OpenWindowRecord) => T): Running<T> {
  /** Null for one that is not known any more. */
  const states = new WeakMap<OpenWindowRecord, T | null>();
  const kept = new Map<OpenWindowRecord, T>();

  function spoil(record: OpenWindowRecord): void {
    states.set(record, null);
    kept.delete(record);
  }

  return {
    of(record) {
      const known = states.get(record);
      if (known !== undefined) return known ?? undefined;
      const state = begin(record);
      states.set(record, state);
      kept.set(record, state);
      const oldest = kept.keys().next().value;
      if (kept.size > RUNNING_WINDOWS_MAX && oldest !== undefined) spoil(oldest);
      return state;
    },
    spoil,
    all: () => kept,
  };
}
