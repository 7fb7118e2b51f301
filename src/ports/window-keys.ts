import type { StreamHash, WindowId } from '../ring/identifiers.ts';

/**
 * The keys that value rows are encrypted under, one per stream and window, kept outside the Store: destroying
 * one makes every row of its window unreadable at once, also in old files and copies of the Store.
 */
export interface WindowKeys {
  /** The key of the window, drawn at the first call; durable before the promise resolves. */
  create(stream: StreamHash, window: WindowId): Promise<Uint8Array>;
  /** `undefined` when the key was never created or is destroyed. */
  find(stream: StreamHash, window: WindowId): Promise<Uint8Array | undefined>;
  /** Idempotent; durable before the promise resolves. */
  destroy(stream: StreamHash, window: WindowId): Promise<void>;
}
