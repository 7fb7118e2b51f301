import { EngineError, invariant } from '../../src/foundation/index.ts';
import type { Store, StoreOperation, StoreRange, TableName } from '../../src/ports/index.ts';

/** Operations that may wait for the disk at once; beyond it new work is refused before it is taken in. */
export const STAGED_OPERATIONS_MAX = 65_536;
/** Operations in one commit group: bounds the memory and the time of one synced batch. */
export const COMMIT_GROUP_MAX = 8_192;

/**
 * The one way to the disk. Writes are staged in order and committed in groups: while one synced batch runs
 * the next one gathers, so that a flood of small writes shares its syncs and a lone one waits for none.
 * Reads see what is staged. A reply that depends on anything read or staged waits for `synced` first.
 */
export interface Journal {
  read(table: TableName, keys: readonly Uint8Array[]): Promise<readonly (Uint8Array | undefined)[]>;
  /** Rows that are on disk; what is staged and not yet committed is not among them. */
  range(table: TableName, range: StoreRange): Promise<readonly (readonly [Uint8Array, Uint8Array])[]>;
  /** Takes deleted rows of the range out of the live files; waits for what is staged. */
  compact(table: TableName, range: Pick<StoreRange, 'from' | 'to'>): Promise<void>;
  /** Rows of the counted tables after the last durable commit group. */
  counts(): RowCounts;
  /** @throws EngineError `OVERLOADED` when too much waits for the disk; nothing is staged then. */
  stage(operations: readonly StoreOperation[]): void;
  /** Resolves when everything staged so far is durable. @throws EngineError `STORE_FAILED`, for ever after a failure. */
  synced(): Promise<void>;
  /** Number of the last durable commit group. */
  commitSeq(): number;
  /** Resolves with the reason when the disk has failed; the node must stop then. */
  readonly failed: Promise<EngineError>;
  close(): Promise<void>;
}

interface Group {
  readonly operations: StoreOperation[];
  readonly done: Promise<void>;
  readonly settle: { resolve: () => void; reject: (error: EngineError) => void };
}

/** Rows of the tables whose loss would go unseen: a row that is gone leaves no tag to fail. */
export interface RowCounts {
  readonly flags: number;
  readonly values: number;
}

/** What the journal goes on from: the last commit group on disk and how many rows there were after it. */
export interface JournalStart {
  readonly seq: number;
  readonly counts: RowCounts;
}

/** The rows that number a commit group and go into it; the caller knows how they are authenticated. */
export type CommitRecord = (seq: number, counts: RowCounts) => readonly StoreOperation[];

export function openJournal(store: Store, start: JournalStart, commitRecord: CommitRecord): Journal {
  const overlay = new Map<string, { readonly operation: StoreOperation }>();
  const groups: Group[] = [];
  let { seq, counts } = start;
  let staged = 0;
  let running: Group | null = null;
  let failure: EngineError | null = null;
  let closing = false;
  let report: (error: EngineError) => void = () => {};
  const failed = new Promise<EngineError>((resolve) => {
    report = resolve;
  });

  async function read(
    table: TableName,
    keys: readonly Uint8Array[],
  ): Promise<readonly (Uint8Array | undefined)[]> {
    const rows: (Uint8Array | undefined)[] = new Array(keys.length);
    const absent: number[] = [];
    keys.forEach((key, place) => {
      const over = overlay.get(nameOf(table, key));
      if (over === undefined) absent.push(place);
      else rows[place] = over.operation.kind === 'put' ? over.operation.value : undefined;
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
  }

  function stage(operations: readonly StoreOperation[]): void {
    if (failure !== null) throw failure;
    if (operations.length === 0) return;
    if (closing) throw new EngineError('NOT_READY', 'the node is stopping and takes no more writes');
    if (staged + operations.length > STAGED_OPERATIONS_MAX) {
      throw new EngineError(
        'OVERLOADED',
        `expected at most ${STAGED_OPERATIONS_MAX} writes waiting for the disk`,
      );
    }
    let group = groups.at(-1);
    if (group === undefined || group.operations.length + operations.length > COMMIT_GROUP_MAX) {
      group = newGroup();
      groups.push(group);
    }
    for (const operation of operations) {
      group.operations.push(operation);
      overlay.set(nameOf(operation.table, operation.key), { operation });
    }
    staged += operations.length;
    if (running === null) commitNext();
  }

  function commitNext(): void {
    const group = groups.shift();
    if (group === undefined || failure !== null) {
      running = null;
      return;
    }
    running = group;
    const next = seq + 1;
    const after = countAfter(counts, group.operations);
    store.commit([...group.operations, ...commitRecord(next, after)]).then(
      () => {
        seq = next;
        counts = after;
        staged -= group.operations.length;
        forget(group);
        group.settle.resolve();
        commitNext();
      },
      (cause: unknown) => stop(group, cause),
    );
  }

  /** After a failed sync nobody knows what is on disk; every waiter learns of it and nothing is written again. */
  function stop(group: Group, cause: unknown): void {
    failure = new EngineError('STORE_FAILED', 'the disk refused a write; the node stops', {}, { cause });
    running = null;
    for (const waiting of [group, ...groups.splice(0)]) waiting.settle.reject(failure);
    report(failure);
  }

  function forget(group: Group): void {
    for (const operation of group.operations) {
      const name = nameOf(operation.table, operation.key);
      // A newer write to the same key may wait in a later group; its overlay stays.
      if (overlay.get(name)?.operation === operation) overlay.delete(name);
    }
  }

  async function synced(): Promise<void> {
    if (failure !== null) throw failure;
    const last = groups.at(-1) ?? running;
    if (last !== null) await last.done;
  }

  return {
    read,
    range: (table, range) => store.range(table, range),
    compact: (table, range) => synced().then(() => store.compact(table, range)),
    counts: () => counts,
    stage,
    synced,
    commitSeq: () => seq,
    failed,
    async close() {
      closing = true;
      await synced().catch(() => {});
      invariant(failure !== null || staged === 0, 'a journal closes with nothing staged');
    },
  };
}

/** Puts count where they are fresh, deletes always: whoever stages one knows that the row is there. */
function countAfter(before: RowCounts, operations: readonly StoreOperation[]): RowCounts {
  let { flags, values } = before;
  for (const operation of operations) {
    const change = operation.kind === 'delete' ? -1 : operation.fresh === true ? 1 : 0;
    if (operation.table === 'flags') flags += change;
    if (operation.table === 'values') values += change;
  }
  return { flags, values };
}

function newGroup(): Group {
  let settle: Group['settle'] = { resolve: () => {}, reject: () => {} };
  const done = new Promise<void>((resolve, reject) => {
    settle = { resolve, reject };
  });
  // Nobody may be waiting when the disk fails; the failure is reported through `failed` all the same.
  done.catch(() => {});
  return { operations: [], done, settle };
}

/** One character per byte: the cheapest exact map key for a binary row key. */
function nameOf(table: TableName, key: Uint8Array): string {
  return `${table}/${Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('latin1')}`;
}
