import { EngineError } from '../../src/foundation/index.ts';
import type { Store, StoreOperation, StoreRange, TableName } from '../../src/ports/index.ts';
import type { CorruptRows } from './corrupt-rows.ts';
import type { Journal } from './journal.ts';
import type { RowSeal } from './row-seal.ts';

/** Rows fetched from the disk at once; bounds the memory of a scan. */
export const SCAN_PAGE_ROWS = 1_024;

export interface Row {
  readonly key: Uint8Array;
  /** The opened row, or null where it does not authenticate. */
  readonly plain: Uint8Array | null;
}

/** Sealed rows over the journal, each a record of its own. A row that does not open is counted, logged once per read and never used. */
export interface Tables {
  /** The opened rows. @throws EngineError `ROW_CORRUPT` when one does not open. */
  readMany(
    table: TableName,
    key: Uint8Array,
    rowKeys: readonly Uint8Array[],
  ): Promise<(Uint8Array | undefined)[]>;
  /** As `readMany`, with null for a row that does not open: for a caller that can write it anew. */
  peekMany(
    table: TableName,
    key: Uint8Array,
    rowKeys: readonly Uint8Array[],
  ): Promise<(Uint8Array | null | undefined)[]>;
  /** Every row whose key starts with `prefix`, in key order; corrupt ones with `plain` null. */
  scan(table: TableName, key: Uint8Array, prefix: Uint8Array, after?: Uint8Array): AsyncGenerator<Row>;
  /** The last rows of a range, at most `limit`, from its end on; corrupt ones with `plain` null. */
  last(table: TableName, key: Uint8Array, range: StoreRange): Promise<readonly Row[]>;
  /** The write of one sealed row. */
  put(table: TableName, key: Uint8Array, rowKey: Uint8Array, plain: Uint8Array): StoreOperation;
}

export interface TablesComponents {
  readonly journal: Journal;
  readonly rowSeal: RowSeal;
  readonly corrupt: CorruptRows;
}

export function createTables({ journal, rowSeal, corrupt }: TablesComponents): Tables {
  function open(
    table: TableName,
    key: Uint8Array,
    rowKey: Uint8Array,
    sealed: Uint8Array,
  ): Uint8Array | null {
    const plain = rowSeal.open(key, table, rowKey, sealed);
    if (plain === null) corrupt.note(table, rowKey);
    return plain;
  }

  async function peekMany(
    table: TableName,
    key: Uint8Array,
    rowKeys: readonly Uint8Array[],
  ): Promise<(Uint8Array | null | undefined)[]> {
    const sealed = await journal.read(table, rowKeys);
    return sealed.map((bytes, place) =>
      bytes === undefined ? undefined : open(table, key, rowKeys[place] ?? new Uint8Array(0), bytes),
    );
  }

  return {
    peekMany,
    async readMany(table, key, rowKeys) {
      const plains = await peekMany(table, key, rowKeys);
      return plains.map((plain) => {
        if (plain !== null) return plain;
        throw new EngineError(
          'ROW_CORRUPT',
          `a row of the ${table} table does not authenticate; it is not used`,
        );
      });
    },
    async *scan(table, key, prefix, after) {
      const from = after === undefined ? prefix : afterKey(after);
      const range = { from, to: endOfPrefix(prefix), limit: SCAN_PAGE_ROWS };
      for await (const page of pagesOf(journal, table, range))
        for (const [rowKey, sealed] of page) yield { key: rowKey, plain: open(table, key, rowKey, sealed) };
    },
    async last(table, key, range) {
      const rows = await journal.range(table, { ...range, backward: true });
      return rows.map(([rowKey, sealed]) => ({ key: rowKey, plain: open(table, key, rowKey, sealed) }));
    },
    put(table, key, rowKey, plain) {
      corrupt.mended(table, rowKey);
      return { kind: 'put', table, key: rowKey, value: rowSeal.seal(key, table, rowKey, plain) };
    },
  };
}

/** The rows of a range in key order, at most `limit` of them at a time. */
export async function* pagesOf(
  disk: Pick<Store, 'range'>,
  table: TableName,
  { from, to, limit }: StoreRange,
): AsyncGenerator<readonly (readonly [Uint8Array, Uint8Array])[]> {
  for (let next = from; ; ) {
    const page = await disk.range(table, { from: next, to, limit });
    yield page;
    const last = page.at(-1);
    if (last === undefined || page.length < limit) return;
    next = afterKey(last[0]);
  }
}

/** The first key after every key that starts with `prefix`. */
export function endOfPrefix(prefix: Uint8Array): Uint8Array {
  const end = prefix.slice();
  for (let i = end.length - 1; i >= 0; i--) {
    const byte = end[i] ?? 0;
    if (byte < 255) {
      end[i] = byte + 1;
      return end.slice(0, i + 1);
    }
  }
  return Uint8Array.from({ length: prefix.length + 1 }, () => 255);
}

/** The first key that sorts after `key`. */
export function afterKey(key: Uint8Array): Uint8Array {
  const next = new Uint8Array(key.length + 1);
  next.set(key);
  return next;
}
