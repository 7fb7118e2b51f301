import type { Store, StoreOperation, TableName } from '../../src/ports/index.ts';
import { createSortedTable, type SortedTable } from '../simulation/sorted-table.ts';

/** A disk in memory that a test can stop, let fail and tamper with. */
export interface MemoryStore extends Store {
  /** The commits that have come so far, each as it was given. */
  readonly commits: readonly (readonly StoreOperation[])[];
  /** Tables and beginnings of the ranges that were compacted. */
  readonly compactions: readonly (readonly [TableName, Uint8Array])[];
  /** From now on commits wait for `release`. */
  hold(): void;
  /** Lets the oldest waiting commit take effect and end, and lets everything react that waited for it. */
  release(): Promise<void>;
  /** The oldest waiting commit, or the next one, fails and leaves nothing. */
  fail(): Promise<void>;
  rows(table: TableName): readonly (readonly [Uint8Array, Uint8Array])[];
  /** Writes beneath everybody's back. */
  put(table: TableName, key: Uint8Array, value: Uint8Array): void;
}

interface Waiting {
  readonly operations: readonly StoreOperation[];
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

export function createMemoryStore(): MemoryStore {
  const tables = new Map<TableName, SortedTable>();
  const commits: (readonly StoreOperation[])[] = [];
  const compactions: [TableName, Uint8Array][] = [];
  const waiting: Waiting[] = [];
  let held = false;
  let failing = false;

  function table(name: TableName): SortedTable {
    const found = tables.get(name) ?? createSortedTable();
    tables.set(name, found);
    return found;
  }

  function apply(operations: readonly StoreOperation[]): void {
    for (const operation of operations) {
      if (operation.kind === 'put') table(operation.table).put(operation.key, operation.value);
      else table(operation.table).delete(operation.key);
    }
  }

  return {
    commits,
    compactions,
    getMany: async (name, keys) => keys.map((key) => table(name).get(key)),
    range: async (name, range) => table(name).range(range),
    commit(operations) {
      commits.push(operations);
      if (failing) return Promise.reject(new Error('the disk is gone'));
      if (held) {
        return new Promise((resolve, reject) => waiting.push({ operations, resolve, reject }));
      }
      apply(operations);
      return Promise.resolve();
    },
    compact: async (name, { from }) => void compactions.push([name, from]),
    close: async () => {},
    hold() {
      held = true;
    },
    async release() {
      const oldest = waiting.shift();
      if (oldest === undefined) throw new Error('expected a commit that waits');
      apply(oldest.operations);
      oldest.resolve();
      await reactions();
    },
    async fail() {
      failing = true;
      waiting.shift()?.reject(new Error('the disk is gone'));
      await reactions();
    },
    rows: (name) => table(name).all(),
    put: (name, key, value) => table(name).put(key, value),
  };
}

/** Lets everything that is ready run. */
async function reactions(): Promise<void> {
  await new Promise<void>((resolve) => setImmediate(resolve));
}
