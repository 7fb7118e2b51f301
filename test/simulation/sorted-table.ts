import type { StoreRange } from '../../src/ports/index.ts';

type Row = readonly [Uint8Array, Uint8Array];

/** Rows in the byte order of their keys. */
export interface SortedTable {
  get(key: Uint8Array): Uint8Array | undefined;
  put(key: Uint8Array, value: Uint8Array): void;
  delete(key: Uint8Array): void;
  range(range: StoreRange): readonly Row[];
  all(): readonly Row[];
}

/** Keys are kept as Latin-1 text, whose order is that of the bytes, in one sorted array. */
export function createSortedTable(): SortedTable {
  const names: string[] = [];
  const rows = new Map<string, Row>();

  /** The place of the first key not below `name`. */
  function placeOf(name: string): number {
    let low = 0;
    let high = names.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((names[middle] ?? '') < name) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  const rowsOf = (found: readonly string[]): readonly Row[] => found.map((name) => rows.get(name)!);

  return {
    get: (key) => rows.get(nameOf(key))?.[1],
    put(key, value) {
      const name = nameOf(key);
      if (!rows.has(name)) names.splice(placeOf(name), 0, name);
      rows.set(name, [key, value]);
    },
    delete(key) {
      const name = nameOf(key);
      if (rows.delete(name)) names.splice(placeOf(name), 1);
    },
    range({ from, to, limit, backward = false }) {
      const first = placeOf(nameOf(from));
      const end = Math.max(first, placeOf(nameOf(to)));
      return backward
        ? rowsOf(names.slice(Math.max(first, end - limit), end).reverse())
        : rowsOf(names.slice(first, Math.min(end, first + limit)));
    },
    all: () => rowsOf(names),
  };
}

function nameOf(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('latin1');
}
