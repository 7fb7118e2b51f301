/** Time as the core sees it. Production reads the system's clock, the simulator its own. */
export interface Clock {
  /** Wall-clock time in Unix milliseconds. Liveness only: no safety rule may depend on it. */
  now(): number;
  /** Resolves after `ms`, or rejects with the signal's reason when that comes first. */
  sleep(ms: number, signal?: SleepSignal): Promise<void>;
}

/** What a sleep needs of an AbortSignal. */
export interface SleepSignal {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(type: 'abort', listener: () => void, options?: { readonly once: boolean }): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}
