import type { Random } from './kernel/index.ts';

/** When a manual window of a new placement opens after it has begun, ms. */
const PLACED_MS = 2_000;
/** How long it takes readings at least, ms. */
const PLACED_OPEN_MS = 25_000;

/** A window, or one label of it: each is sealed, settled and released by itself. */
export interface PlannedWindow {
  /** Place of its stream: 0 and absent for the first. */
  readonly stream?: number;
  /** As messages have it: 0 and absent without labels, else from 1. */
  readonly group?: number;
  readonly openMs: number;
  /** Before this no acceptor may freeze the window. */
  readonly notBeforeMs: number;
  /** At this the acceptors seal it themselves. */
  readonly latestMs: number;
}

/** When everything about the readings of a window is erased, by a clock that is right; ms of the plan. */
export function erasedAt(
  { fixedMs }: { readonly fixedMs?: number | undefined },
  retentionMs: number,
  { openMs, latestMs }: PlannedWindow,
): number {
  return (fixedMs === undefined ? latestMs : openMs + fixedMs) + retentionMs;
}

/** Each label of a window is a window of its own. */
export function labelled(span: PlannedWindow, groups: readonly string[]): PlannedWindow[] {
  return groups.map((_, place) => ({ ...span, group: place + 1 }));
}

/** @param openLateMs how long a window that nobody seals stays open at most, ms. */
export function windowsOf(random: Random, firstMs: number, openLateMs: number): PlannedWindow[] {
  let openMs = firstMs;
  return Array.from({ length: random.between(1, 2) }, () => {
    const notBeforeMs = openMs + random.pick([5_000, 30_000, 60_000]);
    const latestMs = notBeforeMs + random.between(5_000, openLateMs);
    const window = { openMs, notBeforeMs, latestMs };
    openMs = notBeforeMs + random.between(0, 10_000);
    return window;
  });
}

/** From the start of the simulation on, one after the other. */
export function fixedWindowsOf(random: Random, fixedMs: number, first: number): PlannedWindow[] {
  const graceMs = random.pick([0, 10_000]);
  return Array.from({ length: random.between(1, 3) }, (_, place) => {
    const openMs = (first + place) * fixedMs;
    const sealMs = openMs + fixedMs + graceMs;
    return { openMs, notBeforeMs: sealMs, latestMs: sealMs };
  });
}

/** With at least one window that starts when the next placement does. */
export function withPlaced(
  spans: readonly PlannedWindow[],
  placementMs: number,
  fixedMs: number | undefined,
): PlannedWindow[] {
  const all = [...spans];
  for (;;) {
    const last = all.at(-1);
    if (last === undefined || last.openMs >= placementMs) return all;
    const openMs = fixedMs === undefined ? placementMs + PLACED_MS : last.openMs + fixedMs;
    const laterMs = openMs - last.openMs;
    const sealMs = fixedMs === undefined ? openMs + PLACED_OPEN_MS : last.notBeforeMs + laterMs;
    all.push({ openMs, notBeforeMs: sealMs, latestMs: fixedMs === undefined ? sealMs + PLACED_MS : sealMs });
  }
}
