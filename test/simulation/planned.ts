import { invariant } from '../../src/foundation/index.ts';
import type { WindowScope } from '../../src/protocol/index.ts';
import type { StreamDocument } from '../../src/protocol/stream-document.ts';
import { type StreamHash, type WindowId, windowId } from '../../src/ring/index.ts';
import { START_MS } from './kernel/index.ts';
import type { Plan } from './plan.ts';
import { erasedAt } from './planned-windows.ts';
import type { ReadingTarget } from './sabotage.ts';

/** A plan and the streams that it has: all its windows are of the first one, but for those that name the second. */
export interface PlannedStreams {
  readonly plan: Plan;
  readonly streams: readonly StreamDocument[];
}

/** The stream that messages name. */
export function streamNamed(streams: readonly StreamDocument[], hash: StreamHash): StreamDocument {
  const found = streams.find((stream) => stream.hash === hash);
  invariant(found !== undefined, 'expected a message about a stream of the plan');
  return found;
}

/** The stream of a window of the plan. */
export function plannedStream({ plan, streams }: PlannedStreams, window: number): StreamDocument {
  const found = streams[plan.windows[window]?.stream ?? 0];
  invariant(found !== undefined, 'expected a window of a stream of the plan');
  return found;
}

/** What a clock is off by for which nobody has to allow, ms. */
const SLACK_MS = 2_000;

/** What is allowed for where every clock of a run is off by less, ms. */
const LEAST_SKEW_MS = 3_000;

type Clocks = Pick<Plan, 'skewsMs' | 'healedSkewsMs' | 'quietMs'>;

/** How far off any clock of a run may ever be, ms. */
export function skewMsOf(clocks: Pick<Clocks, 'skewsMs' | 'healedSkewsMs'>): number {
  const { skewsMs, healedSkewsMs = [] } = clocks;
  return SLACK_MS + Math.max(LEAST_SKEW_MS, ...[...skewsMs, ...healedSkewsMs].map(Math.abs));
}

/** How far off any clock of a run may be once its faults have ended, ms. */
export function healedSkewMsOf({ skewsMs, healedSkewsMs = skewsMs }: Plan): number {
  return skewMsOf({ skewsMs: healedSkewsMs });
}

/** How far off the clock of a node is, by its place in the plan, ms. */
export function skewMsAt(clocks: Clocks, place: number, now: number): number {
  const { skewsMs, healedSkewsMs = skewsMs, quietMs } = clocks;
  return (now < START_MS + quietMs ? skewsMs : healedSkewsMs)[place] ?? 0;
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

/** Before this, Unix milliseconds, the clock of a node, by its place in the plan, shows at no time that the window may be frozen. */
export function frozenFrom(plan: Plan, window: number, place: number): number {
  const { skewsMs, healedSkewsMs = skewsMs, windows } = plan;
  const aheadMs = Math.max(skewsMs[place] ?? 0, healedSkewsMs[place] ?? 0);
  return START_MS + (windows[window]?.notBeforeMs ?? 0) - aheadMs;
}

/** A window of the plan as messages name it. */
export function plannedScope(planned: PlannedStreams, window: number): WindowScope {
  const { plan } = planned;
  return {
    stream: plannedStream(planned, window).hash,
    window: plannedWindowId(plan, window),
    group: plannedGroup(plan, window),
  };
}

/** The window of the plan that a message names, if it is one. */
export function placedWindows({ plan, streams }: PlannedStreams, scope: WindowScope): number[] {
  const place = streams.findIndex(({ hash }) => hash === scope.stream);
  return [...plan.windows.keys()].filter(
    (window) =>
      (plan.windows[window]?.stream ?? 0) === place &&
      plannedWindowId(plan, window) === scope.window &&
      plannedGroup(plan, window) === scope.group,
  );
}

/** The id of a window of the plan. */
export function plannedWindowId(plan: Plan, window: number): WindowId {
  return windowId(START_MS + (plan.windows[window]?.openMs ?? 0));
}
