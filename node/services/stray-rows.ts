import { toHex } from '../../src/foundation/index.ts';
import type { TableName } from '../../src/ports/index.ts';
import { WINDOW_KEY_BYTES, windowKey } from '../../src/protocol/index.ts';
import type { Journal } from '../engine/journal.ts';
import { afterKey, endOfPrefix, SCAN_PAGE_ROWS } from '../engine/tables.ts';
import type { Windows } from './windows.ts';

/** Above every key of a table. */
const END = new Uint8Array(128).fill(255);

export interface StrayRowsComponents {
  readonly journal: Journal;
  readonly windows: Windows;
}

/**
 * Counts the rows of a table that belong to no window of this node, so that nothing ever opens them: their key on
 * disk was altered, or the window was lost. Known windows are stepped over.
 */
export async function countStrayRows(
  { journal, windows }: StrayRowsComponents,
  table: TableName,
  signal: AbortSignal,
): Promise<number> {
  const namesOf = (): ReadonlySet<string> =>
    new Set(windows.all().map(({ scope }) => toHex(windowKey(scope))));
  let known = namesOf();
  const isKnown = (prefix: string): boolean => {
    // A window may have been opened since the last look.
    if (!known.has(prefix)) known = namesOf();
    return known.has(prefix);
  };

  let stray = 0;
  let from: Uint8Array = new Uint8Array(0);
  let limit = 1;
  for (;;) {
    signal.throwIfAborted();
    const page = await journal.range(table, { from, to: END, limit });
    if (page.length === 0) return stray;
    limit = SCAN_PAGE_ROWS;
    for (const [key] of page) {
      const prefix = key.slice(0, WINDOW_KEY_BYTES);
      if (isKnown(toHex(prefix))) {
        from = endOfPrefix(prefix);
        limit = 1;
        break;
      }
      stray += 1;
      from = afterKey(key);
    }
  }
}
