import { START_MS } from './kernel/index.ts';
import { healedSkewMsOf, mayBeErased, plannedScope } from './planned.ts';
import { residualOf } from './tolerance.ts';
import type { World } from './world.ts';

/** How far off the `latest` of a window may be that is waited for, ms; for others a run would only wait. */
const AWAITED_MS = 30_000;
/** Time in which nodes that nothing keeps from it have sealed and settled all windows past their `latest`, ms. */
const SEALING_MS = 120_000;
const PAUSE_MS = 1_000;

/** LIVENESS: a window past its `latest` is sealed and settled by the nodes themselves, whoever asks for it or not. */
export async function awaitSeals(world: World, sleep: (ms: number) => Promise<void>): Promise<void> {
  const { plan, kernel, violation } = world;
  const beganAt = kernel.now();
  for (const [window, { latestMs }] of plan.windows.entries()) {
    const dueAt = START_MS + latestMs + healedSkewMsOf(plan);
    if (dueAt > beganAt + AWAITED_MS) continue;
    while (!isSettled(world, window) && !needsNone(world, window) && !world.broken()) {
      if (kernel.now() > Math.max(beganAt, dueAt) + SEALING_MS) {
        violation(`LIVENESS: no node has sealed and settled window ${window}, which is past its latest time`);
        return;
      }
      await sleep(PAUSE_MS);
    }
  }
}

function isSettled(world: World, window: number): boolean {
  const scope = plannedScope(world, window);
  return world.nodes.some(({ rows }) => rows.decided(scope, 'settlement') !== undefined);
}

/** Whether a window may stay as it is: nobody knows that it is open, it may be erased, or a residual keeps it. */
function needsNone(world: World, window: number): boolean {
  const { plan, nodes, kernel } = world;
  const scope = plannedScope(world, window);
  const isOpen = nodes.some(({ rows, gone }) => !gone() && rows.decided(scope, 'terms') !== undefined);
  return !isOpen || mayBeErased(plan, window, kernel.now()) || residualOf(world, window) !== undefined;
}
