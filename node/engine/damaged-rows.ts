import { PARTITION_KEY_BYTES } from '../../src/protocol/index.ts';

/** Partitions of which a value row did not open, from the moment the first row is read. */
export interface DamagedRows {
  note(rowKey: Uint8Array): void;
  /** What was noted and is not yet repaired. */
  waiting(): readonly Uint8Array[];
  repaired(partitionKey: Uint8Array): void;
  /** Every partition whose key begins so is gone. */
  forget(prefix: Uint8Array): void;
}

export function createDamagedRows(): DamagedRows {
  const damaged = new Map<string, Uint8Array>();
  return {
    note(rowKey) {
      const key = rowKey.slice(0, PARTITION_KEY_BYTES);
      damaged.set(String.fromCharCode(...key), key);
    },
    waiting: () => [...damaged.values()],
    repaired: (key) => void damaged.delete(String.fromCharCode(...key)),
    forget(prefix) {
      const name = String.fromCharCode(...prefix);
      for (const key of damaged.keys()) if (key.startsWith(name)) damaged.delete(key);
    },
  };
}
