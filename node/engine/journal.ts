import { EngineError, invariant } from '../../src/foundation/index.ts';
import type { Store, StoreOperation, StoreRange, TableName } from '../../src/ports/index.ts';
import { nodeStops } from './node-stops.ts';
import { createOverlay } from './overlay.ts';

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
  /** Records of the counted tables after the last durable commit group. */
  counts(): RecordCounts;
  /** @throws EngineError `OVERLOADED` when too much waits for the disk; nothing is staged then. */
  stage(operations: readonly JournalOperation[]): void;
  /** Resolves when everything staged so far is durable. @throws EngineError `STORE_FAILED`, for ever after a failure. */
  synced(): Promise<void>;
  /** Number of the last durable commit group. */
  commitSeq(): number;
  /** Resolves with the reason when the disk has failed; the node must stop then. */
  readonly failed: Promise<EngineError>;
  close(): Promise<void>;
}

/** Rows that become a part of one record of their commit group; the record is made when the group goes to the disk. */
export interface RowsOperation {
  readonly kind: 'rows';
  readonly rows: number;
  /** Puts the rows into the group's record, which is begun where there is none. */
  join(group: CommitGroup): void;
}

export type JournalOperation = StoreOperation | RowsOperation;

export interface CommitGroup {
  /** The number that the group will have. */
  readonly seq: number;
  /** What its rows are gathered in. */
  readonly records: GrowingRecords[];
}

export interface GrowingRecords {
  /** The records as they go to the disk; nothing is put into them from now on. */
  seal(): readonly StoreOperation[];
  /** They are on disk. */
  durable(): void;
}

interface Group extends CommitGroup {
  readonly operations: StoreOperation[];
  /** How many operations and rows there are. */
  size: number;
  readonly done: Promise<void>;
  readonly settle: { resolve: () => void; reject: (error: EngineError) => void };
}

/** Records of the tables whose loss would go unseen: what is gone leaves no tag to fail. */
export interface RecordCounts {
  readonly flags: number;
  readonly values: number;
}

/** What the journal goes on from: the last commit group on disk and how many records there were after it. */
export interface JournalStart {
  readonly seq: number;
  readonly counts: RecordCounts;
}

/**
 * The rows that number a commit group and go into it; the caller knows how they are authenticated. Asked once for each
 * group, in their order.
 * @param written what else is in the group.
 */
export type CommitRecord = (
  seq: number,
  counts: RecordCounts,
  written: readonly StoreOperation[],
) => readonly StoreOperation[];

export function openJournal(store: Store, start: JournalStart, commitRecord: CommitRecord): Journal {
  const overlay = createOverlay(store);
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

  function stage(operations: readonly JournalOperation[]): void {
    if (failure !== null) throw failure;
    if (operations.length === 0) return;
    if (closing) throw new EngineError('NOT_READY', 'the node is stopping and takes no more writes');
    const size = operations.reduce((sum, one) => sum + (one.kind === 'rows' ? one.rows : 1), 0);
    if (staged + size > STAGED_OPERATIONS_MAX) {
      throw new EngineError(
        'OVERLOADED',
        `expected at most ${STAGED_OPERATIONS_MAX} writes waiting for the disk`,
      );
    }
    let group = groups.at(-1);
    if (group === undefined || group.size + size > COMMIT_GROUP_MAX) {
      group = newGroup(seq + groups.length + (running === null ? 1 : 2));
      groups.push(group);
    }
    for (const operation of operations) {
      if (operation.kind === 'rows') {
        operation.join(group);
        continue;
      }
      group.operations.push(operation);
      overlay.add(operation);
    }
    group.size += size;
    staged += size;
    if (running === null) commitNext();
  }

  function commitNext(): void {
    const group = groups.shift();
    if (group === undefined || failure !== null) {
      running = null;
      return;
    }
    running = group;
    invariant(group.seq === seq + 1, 'expected commit groups in the order of their numbers');
    const operations = group.records.flatMap((records) => records.seal());
    operations.push(...group.operations);
    const after = countAfter(counts, operations);
    store.commit([...operations, ...commitRecord(group.seq, after, operations)]).then(
      () => {
        seq = group.seq;
        counts = after;
        staged -= group.size;
        overlay.forget(group.operations);
        for (const records of group.records) records.durable();
        group.settle.resolve();
        commitNext();
      },
      (cause: unknown) => stop(group, cause),
    );
  }

  /** After a failed sync nobody knows what is on disk; every waiter learns of it and nothing is written again. */
  function stop(group: Group, cause: unknown): void {
    failure = nodeStops(cause);
    running = null;
    for (const waiting of [group, ...groups.splice(0)]) waiting.settle.reject(failure);
    report(failure);
  }

  async function synced(): Promise<void> {
    if (failure !== null) throw failure;
    const last = groups.at(-1) ?? running;
    if (last !== null) await last.done;
  }

  return {
    read: overlay.read,
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

/** Every record of these tables is written once; whoever stages the delete of one knows that it is there. */
function countAfter(before: RecordCounts, operations: readonly StoreOperation[]): RecordCounts {
  let { flags, values } = before;
  for (const operation of operations) {
    const change = operation.kind === 'delete' ? -1 : 1;
    // A store that lost the newest numbers, and is in doubt, may delete more than it knows of.
    if (operation.table === 'flags') flags = Math.max(0, flags + change);
    if (operation.table === 'values') values = Math.max(0, values + change);
  }
  return { flags, values };
}

function newGroup(seq: number): Group {
  let settle: Group['settle'] = { resolve: () => {}, reject: () => {} };
  const done = new Promise<void>((resolve, reject) => {
    settle = { resolve, reject };
  });
  // Nobody may be waiting when the disk fails; the failure is reported through `failed` all the same.
  done.catch(() => {});
  return { seq, records: [], operations: [], size: 0, done, settle };
}
