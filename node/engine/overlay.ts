import type { Store, StoreOperation, TableName } from '../../src/ports/index.ts';

/** Rows of their own that are staged and not yet on disk, in front of those that are. */
export interface Overlay {
  read(table: TableName, keys: readonly Uint8Array[]): Promise<readonly (Uint8Array | undefined)[]>;
  add(operation: StoreOperation): void;
  /** The operations are on disk. */
  forget(operations: readonly StoreOperation[]): void;
}

export function createOverlay(store: Store): Overlay {
  const staged = new Map<string, StoreOperation>();

  return {
    async read(table, keys) {
      const rows: (Uint8Array | undefined)[] = new Array(keys.length);
      const absent: number[] = [];
      keys.forEach((key, place) => {
        const over = staged.get(nameOf(table, key));
        if (over === undefined) absent.push(place);
        else rows[place] = over.kind === 'put' ? over.value : undefined;
      });
      if (absent.length === 0) return rows;
      const found = await store.getMany(
        table,
        absent.map((place) => keys[place] ?? new Uint8Array(0)),
      );
      absent.forEach((place, i) => {
        rows[place] = found[i];
      });
      return rows;
    },
    add: (operation) => void staged.set(nameOf(operation.table, operation.key), operation),
    forget(operations) {
      for (const operation of operations) {
        const name = nameOf(operation.table, operation.key);
        // A newer write to the same key may wait in a later group; it stays.
        if (staged.get(name) === operation) staged.delete(name);
      }
    },
  };
}

/** One character per byte: the cheapest exact map key for a binary row key. */
function nameOf(table: TableName, key: Uint8Array): string {
  return `${table}/${Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('latin1')}`;
}
