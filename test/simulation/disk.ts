import { EngineError } from '../../src/foundation/index.ts';
import type { Store, StoreOperation, StoreRange, TableName } from '../../src/ports/index.ts';
import { type Kernel, type Life, withFlippedBit } from './kernel/index.ts';
import { createSortedTable, type SortedTable } from './sorted-table.ts';

/** Places where a disk may end the process that uses it. */
export type DiskSite = 'commit pending' | 'commit durable';

export interface DiskSettings {
  /** Longest time a commit takes to become durable, ms. */
  readonly commitMs: number;
  /** Longest time a read takes, ms. */
  readonly readMs: number;
  /** Asked at every site; a disk that wants a crash there ends the life itself and then answers true. */
  readonly crashAt: (site: DiskSite) => boolean;
  /** Hears of every row that becomes durable, and of every one that is deleted, once all of their commit is there. */
  readonly onChange?: (operation: StoreOperation) => void;
  /** Hears of a commit that a crash has cut in the middle. */
  readonly onTorn?: () => void;
}

/** What is on a disk outlives every process that opened it. */
export interface SimulatedDisk {
  /** A store for one life of a node. `onRefused` hears of every commit that fails. */
  open(life: Life, onRefused?: () => void): Store;
  /** A row that has become durable, for checkers. */
  get(table: TableName, key: Uint8Array): Uint8Array | undefined;
  /** Rows that have become durable, for checkers. */
  rows(table: TableName): readonly (readonly [Uint8Array, Uint8Array])[];
  /** Those of a range, for checkers. */
  range(table: TableName, range: StoreRange): readonly (readonly [Uint8Array, Uint8Array])[];
  /** What is on it now, as a backup has it. */
  copy(): DiskCopy;
  /** Whether the bytes are anywhere on it, also in what a log still has of rows that were deleted. */
  remains(bytes: Uint8Array): boolean;
  /** Puts a copy in the place of what is there; without one everything is lost, as with a replaced disk. */
  restore(copy: DiskCopy | undefined): void;
  /** Flips one bit of the value of a random row, of those that match, and names the row; undefined where there is none. */
  flipBit(table: TableName, matches?: (key: Uint8Array) => boolean): Uint8Array | undefined;
  /**
   * Takes back one of the last commits but the newest, as if its record in a log had not been read: later ones stay.
   * Says whether there was one.
   */
  dropCommit(): boolean;
  /** The next commit fails; whether it is on the disk nobody can say. */
  failNext(): void;
  /** Until then every commit fails and leaves nothing; simulated Unix milliseconds. */
  fillUntil(timeMs: number): void;
  /** Whether a commit has failed since this was last asked. */
  takeFailure(): boolean;
  /** The disk works again. */
  mend(): void;
  commits(): number;
}

/** Commits that are still in a log; older ones have moved to tables. */
const LOG_COMMITS = 20;

export type DiskCopy = readonly (readonly [TableName, Uint8Array, Uint8Array])[];

/** What made the tables: a commit of the node, a bit that flipped, or rows that are in no log any more. */
interface Recorded {
  readonly kind: 'commit' | 'damage' | 'base';
  readonly operations: readonly StoreOperation[];
}

interface Pending {
  readonly operations: readonly StoreOperation[];
  durable: boolean;
}

/**
 * A disk with the promises of the Store port and not one more: commits become durable whole and in order, one
 * after another. A crash cuts those that were still on their way at a random byte: what is whole in front of it stays, and
 * the one that is torn there is none, as a log whose records have checksums finds. Reads show what is durable, as of some
 * moment between question and answer.
 */
export function createDisk(kernel: Kernel, name: string, settings: DiskSettings): SimulatedDisk {
  const random = kernel.random.fork(`disk ${name}`);
  const tables = new Map<TableName, SortedTable>();
  /** All that made the tables what they are, in order. */
  const history: Recorded[] = [];
  let commits = 0;
  let failing = false;
  let failed = false;
  let fullUntilMs = 0;

  function table(of: TableName): SortedTable {
    const known = tables.get(of);
    if (known !== undefined) return known;
    const fresh = createSortedTable();
    tables.set(of, fresh);
    return fresh;
  }

  function apply(commit: Pending): void {
    commit.durable = true;
    commits += 1;
    history.push({ kind: 'commit', operations: commit.operations });
    change(commit.operations);
    for (const operation of commit.operations) {
      kernel.trace.note(kernel.now(), `${name} ${operation.kind} ${operation.table}`, operation.key);
      settings.onChange?.(operation);
    }
  }

  function change(operations: readonly StoreOperation[]): void {
    for (const operation of operations) {
      if (operation.kind === 'put') table(operation.table).put(operation.key, operation.value);
      else table(operation.table).delete(operation.key);
    }
  }

  function rowsAsPuts(): StoreOperation[] {
    return [...tables].flatMap(([of, rows]) =>
      rows.all().map(([key, value]) => ({ kind: 'put' as const, table: of, key, value })),
    );
  }

  function open(life: Life, onRefused: () => void = () => {}): Store {
    const pending: Pending[] = [];
    let readyAtMs = 0;
    let closed = false;
    life.atEnd.add(() => {
      let written = random.between(
        0,
        pending.reduce((sum, commit) => sum + bytesOf(commit), 0),
      );
      for (const commit of pending.splice(0)) {
        const torn = written < bytesOf(commit);
        if (torn && written > 0) settings.onTorn?.();
        if (torn) break;
        written -= bytesOf(commit);
        apply(commit);
      }
    });

    /** Answers after a while; a dead process hears nothing. */
    function later<T>(label: string, ms: number, read: () => T): Promise<T> {
      if (closed) return Promise.reject(new EngineError('NOT_READY', 'the store is closed'));
      const early = random.chance(0.5) ? { value: read() } : undefined;
      return new Promise((resolve) => {
        kernel.schedule(
          `${name} ${label}`,
          ms,
          () => resolve(early === undefined ? read() : early.value),
          life,
        );
      });
    }

    /** After an error of the device the rows may be there; a full disk took none. */
    function refuse(commit: Pending): Promise<void> {
      const full = fullUntilMs > kernel.now();
      const kept = !full && random.chance(0.5);
      failing = false;
      failed = true;
      return new Promise((_, reject) => {
        const end = () => {
          if (kept) apply(commit);
          onRefused();
          reject(new Error(full ? 'ENOSPC: no space left on device' : 'EIO: i/o error'));
        };
        kernel.schedule(`${name} refuses a commit`, random.fraction() * settings.commitMs, end, life);
      });
    }

    return {
      getMany: (of, keys) =>
        later(`reads ${of}`, random.fraction() * settings.readMs, () =>
          keys.map((key) => table(of).get(key)?.slice()),
        ),
      range: (of, range) =>
        later(`scans ${of}`, random.fraction() * settings.readMs, () =>
          table(of)
            .range(range)
            .map(([key, value]) => [key.slice(), value.slice()] as const),
        ),
      commit(operations) {
        if (closed) return Promise.reject(new EngineError('NOT_READY', 'the store is closed'));
        const commit: Pending = { operations: operations.map(copyOf), durable: false };
        if (failing || fullUntilMs > kernel.now()) return refuse(commit);
        pending.push(commit);
        // Never answers: the process that asked is gone.
        if (settings.crashAt('commit pending')) return new Promise(() => undefined);
        const doneAtMs = Math.max(readyAtMs, kernel.now()) + random.fraction() * settings.commitMs;
        readyAtMs = doneAtMs;
        return new Promise((resolve) => {
          const finish = () => {
            pending.splice(pending.indexOf(commit), 1);
            apply(commit);
            if (!settings.crashAt('commit durable')) resolve();
          };
          kernel.schedule(`${name} commits`, doneAtMs - kernel.now(), finish, life);
        });
      },
      async compact() {
        if (closed) throw new EngineError('NOT_READY', 'the store is closed');
        // What has moved to tables can no longer be dropped from a log.
        history.splice(0, history.length, { kind: 'base', operations: rowsAsPuts() });
      },
      async close() {
        closed = true;
      },
    };
  }

  return {
    open,
    get: (of, key) => table(of).get(key),
    rows: (of) => table(of).all(),
    range: (of, range) => table(of).range(range),
    copy: () =>
      [...tables].flatMap(([of, rows]) => rows.all().map(([key, value]) => [of, key, value] as const)),
    remains: (bytes) =>
      history.some(({ operations }) =>
        operations.some(
          (operation) =>
            holds(operation.key, bytes) || (operation.kind === 'put' && holds(operation.value, bytes)),
        ),
      ),
    restore(copy) {
      tables.clear();
      history.length = 0;
      const operations = (copy ?? []).map(
        ([of, key, value]) => ({ kind: 'put', table: of, key, value }) as const,
      );
      history.push({ kind: 'base', operations });
      change(operations);
    },
    flipBit(of, matches = () => true) {
      const rows = table(of)
        .all()
        .filter(([key]) => matches(key));
      if (rows.length === 0) return undefined;
      const [key, value] = random.pick(rows);
      if (value.length === 0) return undefined;
      const damaged = withFlippedBit(random, value);
      history.push({ kind: 'damage', operations: [{ kind: 'put', table: of, key, value: damaged }] });
      table(of).put(key, damaged);
      return key;
    },
    dropCommit() {
      const candidates = [...history.keys()]
        .slice(-LOG_COMMITS, -1)
        .filter((place) => history[place]?.kind === 'commit');
      if (candidates.length === 0) return false;
      history.splice(random.pick(candidates), 1);
      tables.clear();
      for (const { operations } of history) change(operations);
      return true;
    },
    failNext() {
      failing = true;
    },
    fillUntil(timeMs) {
      fullUntilMs = timeMs;
    },
    takeFailure() {
      const before = failed;
      failed = false;
      return before;
    },
    mend() {
      failing = false;
      fullUntilMs = 0;
    },
    commits: () => commits,
  };
}

/** What a commit takes in a log, without the log's own words. */
function bytesOf({ operations }: Pending): number {
  return operations.reduce(
    (sum, one) => sum + one.key.length + (one.kind === 'put' ? one.value.length : 0),
    0,
  );
}

function holds(row: Uint8Array, bytes: Uint8Array): boolean {
  return Buffer.from(row.buffer, row.byteOffset, row.byteLength).includes(Buffer.from(bytes));
}

/** What the caller does with its arrays afterwards must not reach the disk. */
function copyOf(operation: StoreOperation): StoreOperation {
  if (operation.kind === 'delete') return { ...operation, key: operation.key.slice() };
  return { ...operation, key: operation.key.slice(), value: operation.value.slice() };
}
