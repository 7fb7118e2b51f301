/** The tables of a node. `flags` and `values` are the paper's; the others hold what is decided about windows. */
export type TableName = 'flags' | 'values' | 'windows' | 'documents' | 'meta';

export type StoreOperation =
  | {
      readonly kind: 'put';
      readonly table: TableName;
      readonly key: Uint8Array;
      readonly value: Uint8Array;
    }
  | { readonly kind: 'delete'; readonly table: TableName; readonly key: Uint8Array };

export interface StoreRange {
  /** First key of the range, inclusive. */
  readonly from: Uint8Array;
  /** End of the range, exclusive. */
  readonly to: Uint8Array;
  /** At most this many rows; the caller pages on from the last key. */
  readonly limit: number;
  /** The last rows of the range, in descending key order. */
  readonly backward?: boolean;
}

/**
 * A node's disk: ordered tables of byte rows. Keys sort byte-wise. Rows handed out and taken in are owned by
 * nobody: neither side may change the arrays afterwards.
 */
export interface Store {
  /** The rows of `keys`, in their order; `undefined` where there is none. */
  getMany(table: TableName, keys: readonly Uint8Array[]): Promise<readonly (Uint8Array | undefined)[]>;
  /** Rows of the range in ascending key order, where nothing else is said. */
  range(table: TableName, range: StoreRange): Promise<readonly (readonly [Uint8Array, Uint8Array])[]>;
  /**
   * The only write: all operations or none, durable when the promise resolves. After a rejection nothing may
   * be assumed about what is on disk, and the caller must stop serving.
   */
  commit(operations: readonly StoreOperation[]): Promise<void>;
  /**
   * Takes the bytes of rows in the range that were deleted, or written over, out of the live files. A delete alone
   * leaves them there. Rows that were committed before stay as they are.
   */
  compact(table: TableName, range: Pick<StoreRange, 'from' | 'to'>): Promise<void>;
  /** Idempotent; resolves when the files are released. */
  close(): Promise<void>;
}
