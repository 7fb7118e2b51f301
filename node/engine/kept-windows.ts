import type { WindowScope } from '../../src/protocol/index.ts';
import { windowName } from '../../src/protocol/index.ts';
import type { PackedTable, RecordSource, RowsOwner, WindowRows } from './window-rows.ts';
import { readWindow } from './window-rows.ts';

/**
 * Rows whose places are kept in memory for all windows together, 15 to 20 bytes each; the window that was not asked
 * for longest is put away, and read from the disk when it is asked for again.
 */
export const INDEXED_ROWS_MAX = 16_777_216;

export const PACKED_TABLES: readonly PackedTable[] = ['flags', 'values'];

/** What is in memory of the windows' rows, each window read when it is first asked for. */
export interface KeptWindows {
  of(table: PackedTable, owner: RowsOwner): Promise<WindowRows>;
  /** The window is erased. */
  forget(scope: WindowScope): void;
}

/** A window's rows, or the reading of them. */
interface Loading {
  readonly reading: Promise<WindowRows>;
  window: WindowRows | null;
}

/** @param rowsMax {@link INDEXED_ROWS_MAX} unless a test wants fewer. */
export function createKeptWindows(source: RecordSource, rowsMax = INDEXED_ROWS_MAX): KeptWindows {
  /** In the order of their last use. */
  const windows = new Map<string, Loading>();
  let readings = 0;

  function load(table: PackedTable, owner: RowsOwner, name: string): Loading {
    readings += 1;
    const loading: Loading = { reading: readWindow(source, table, owner, `${readings}`), window: null };
    loading.reading.then(
      (window) => {
        loading.window = window;
        putAwayOldest(window);
      },
      () => windows.delete(name),
    );
    return loading;
  }

  function putAwayOldest(newest: WindowRows): void {
    let rows = 0;
    for (const { window } of windows.values()) rows += window?.rows ?? 0;
    for (const [name, { window }] of windows) {
      if (rows <= rowsMax) return;
      if (window === null || window === newest || isGrowing(window)) continue;
      rows -= window.rows;
      putAway(name, window);
    }
  }

  function putAway(name: string, window: WindowRows): void {
    windows.delete(name);
    window.gone = true;
    source.opened.forget(`${window.name}/`);
  }

  return {
    of(table, owner) {
      const name = nameOf(table, owner.scope);
      const loading = windows.get(name) ?? load(table, owner, name);
      windows.delete(name);
      windows.set(name, loading);
      return loading.reading;
    },
    forget(scope) {
      for (const table of PACKED_TABLES) {
        const name = nameOf(table, scope);
        const window = windows.get(name)?.window ?? null;
        if (window !== null) putAway(name, window);
      }
    },
  };
}

function nameOf(table: PackedTable, scope: WindowScope): string {
  return `${table}/${windowName(scope)}`;
}

/** What is not on disk yet can't be read again. */
function isGrowing({ partitions }: WindowRows): boolean {
  for (const { growing } of partitions.values()) if (growing.size > 0) return true;
  return false;
}
