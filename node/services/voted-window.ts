import type { WindowId } from '../../src/ring/index.ts';
import type { Journal } from '../engine/journal.ts';
import type { Tables } from '../engine/tables.ts';
import { scopeOfRow, VOTE } from './window-rows.ts';
import type { Windows } from './windows.ts';

export interface VotedWindowComponents {
  readonly journal: Journal;
  readonly tables: Tables;
  readonly storeKey: Uint8Array;
  readonly windows: Windows;
}

/** A window from that time on in which this node has a part already; null for none. */
export async function votedWindow(
  { journal, tables, storeKey, windows }: VotedWindowComponents,
  from: number,
): Promise<WindowId | null> {
  const opened = windows.all().find(({ scope }) => scope.window >= from);
  if (opened !== undefined) return opened.scope.window;
  await journal.synced();
  // Windows whose terms are not decided yet: register votes are all there is of them.
  for await (const { key } of tables.scan('windows', storeKey, VOTE)) {
    const window = scopeOfRow(key)?.window ?? null;
    if (window !== null && window >= from) return window;
  }
  return null;
}
