import type { WindowScope } from '../../src/protocol/index.ts';
import { type StreamHash, type WindowId, windowId } from '../../src/ring/index.ts';
import { START_MS } from './kernel/index.ts';
import type { Plan } from './plan.ts';
import { erasedAt } from './planned-windows.ts';
import type { ReadingTarget } from './sabotage.ts';

/** What a clock is off by for which nobody has to allow, ms. */
const SLACK_MS = 2_000;

/** How far off any clock of a run may be, ms. */
export function skewMsOf({ skewsMs }: Pick<Plan, 'skewsMs'>): number {
  return SLACK_MS + Math.max(3_000, ...skewsMs.map(Math.abs));
}

/** The grace of fixed windows. */
export function graceMsOf({ fixedMs, windows }: Plan): number {
  const [first] = windows;
  return fixedMs === undefined || first === undefined ? 0 : first.latestMs - first.openMs - fixedMs;
}

/** What the SDK is told of a window of the plan. */
export function targetOf(plan: Plan, window: number): ReadingTarget {
  const label = plan.groups?.[plannedGroup(plan, window) - 1];
  return { window: plannedWindowId(plan, window), ...(label === undefined ? {} : { group: label }) };
}

/** The group of a window of the plan, as messages have it. */
export function plannedGroup(plan: Plan, window: number): number {
  return plan.windows[window]?.group ?? 0;
}

/** Whether some clock of the run may show that the window is past its retention. */
export function mayBeErased(plan: Plan, window: number, now: number): boolean {
  const { retentionMs } = plan;
  const planned = plan.windows[window];
  if (retentionMs === undefined || planned === undefined) return false;
  return now >= START_MS + erasedAt(plan, retentionMs, planned) - skewMsOf(plan);
}

/** Before this, Unix milliseconds, no clock of the run shows that the window may be frozen. */
export function frozenFrom(plan: Plan, window: number): number {
  return START_MS + (plan.windows[window]?.notBeforeMs ?? 0) - skewMsOf(plan);
}

/** A window of the plan as messages name it. */
export function plannedScope(
  plan: Plan,
  { hash }: { readonly hash: StreamHash },
  window: number,
): WindowScope {
  return { stream: hash, window: plannedWindowId(plan, window), group: plannedGroup(plan, window) };
}

/** The window of the plan that a message names, if it is one. */
export function placedWindows(plan: Plan, scope: WindowScope): number[] {
  return [...plan.windows.keys()].filter(
    (window) => plannedWindowId(plan, window) === scope.window && plannedGroup(plan, window) === scope.group,
  );
}

/** The id of a window of the plan. */
export function plannedWindowId(plan: Plan, window: number): WindowId {
  return windowId(START_MS + (plan.windows[window]?.openMs ?? 0));
}
