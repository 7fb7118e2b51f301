/** Time as the core sees it. Production reads the system's clock, the simulator its own. */
export interface Clock {
  /** Wall-clock time in Unix milliseconds. Liveness only: no safety rule may depend on it. */
  now(): number;
  /** Resolves after `ms`, or rejects with the signal's reason when that comes first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}
