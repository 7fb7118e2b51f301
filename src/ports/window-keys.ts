import type { StreamHash, WindowId } from '../ring/identifiers.ts';

/** What a key is of. */
export interface KeyName {
  readonly stream: StreamHash;
  readonly window: WindowId;
  readonly group: number;
}

/**
 * The keys that rows about single readings are encrypted under, one per stream, window and group, kept outside the Store: destroying
 * one makes every row of its window unreadable at once, also in old files and copies of the Store.
 */
export interface WindowKeys {
  /** The key of the window, drawn at the first call; durable before the promise resolves. */
  create(stream: StreamHash, window: WindowId, group: number): Promise<Uint8Array>;
  /** `undefined` when the key was never created or is destroyed. */
  find(stream: StreamHash, window: WindowId, group: number): Promise<Uint8Array | undefined>;
  /** The names of all keys that are not destroyed. */
  list(): Promise<readonly KeyName[]>;
  /** Idempotent; durable before the promise resolves. */
  destroy(stream: StreamHash, window: WindowId, group: number): Promise<void>;
}
