import { EngineError, hasCode } from '../../src/foundation/index.ts';
import { computeOnce, PLANNED_WAIT_MS, saysNeverOpened } from './compute.ts';
import { START_MS } from './kernel/index.ts';
import { healedSkewMsOf, mayBeErased, plannedGroup, plannedStream, plannedWindowId } from './planned.ts';
import { residualOf } from './tolerance.ts';
import type { World } from './world.ts';

/** Rounds in which a window must come to its result where it still can although it need not. */
const EXCUSED_ATTEMPTS = 4;
/** Time that a window has to open after the faults have ended, where a residual may prevent it, ms. */
const OPENING_MS = 60_000;
/** Pause before a window that has no result yet is asked for again, ms. */
const PAUSE_MS = 1_000;

type Sleep = (ms: number) => Promise<void>;

/**
 * Windows that may never come to a result have their rounds together: one after the other, the rounds of six
 * would outlast the run.
 */
export async function finishWindows(world: World, sleep: Sleep): Promise<void> {
  const windows = [...world.plan.windows.keys()];
  const excused = windows.filter((window) => residualOf(world, window) !== undefined);
  for (const window of windows) if (!excused.includes(window)) await finishWindow(world, window, sleep);
  await Promise.all(excused.map((window) => finishWindow(world, window, sleep)));
}

/** LIVENESS: without faults a window past its earliest seal comes to its result. */
async function finishWindow(world: World, window: number, sleep: Sleep): Promise<void> {
  const { plan, kernel, operator } = world;
  const stream = plannedStream(world, window);
  const { notBeforeMs } = plan.windows[window] ?? { notBeforeMs: 0 };
  const group = plannedGroup(plan, window);
  await sleep(Math.max(0, START_MS + notBeforeMs + healedSkewMsOf(plan) - kernel.now()));
  for (let attempt = 1; ; attempt++) {
    // COMPUTE seals as well; asked apart from it, the seal must not be in its way.
    const sealed = await operator.seal(stream, plannedWindowId(plan, window), { group }).catch(refusal);
    const residual = residualOf(world, window);
    const asked =
      sealed.sealed ||
      residual !== undefined ||
      plan.fixedMs !== undefined ||
      mayBeErased(plan, window, kernel.now());
    if (asked && (await computeOnce(world, window, PLANNED_WAIT_MS)) !== undefined) return;
    if (residual !== undefined && attempt >= EXCUSED_ATTEMPTS) {
      world.excused.set(window, residual);
      return;
    }
    if (world.neverOpened.has(window) || world.erased.has(window)) return;
    // What is broken may never come to a result, and the run has already said so.
    if (world.broken()) return;
    await sleep(PAUSE_MS);
  }
}

/** Ends when every window that a residual excuses has had its time, never where none is. */
export async function excusedFor(world: World, sleep: Sleep): Promise<void> {
  do await sleep(OPENING_MS);
  while ([...world.plan.windows.keys()].every((window) => residualOf(world, window) === undefined));
}

function refusal(error: unknown): { readonly sealed: false } {
  if (error instanceof EngineError && error.retry) return { sealed: false };
  if (saysNeverOpened(error) || hasCode(error, 'WINDOW_ERASED')) return { sealed: false };
  throw error;
}
