import type { FlagEntry } from '../../src/protocol/index.ts';
import type { WindowId } from '../../src/ring/index.ts';
import type { ClusterScene } from './cluster-scene.ts';
import type { Sample } from './comparison.ts';
import { inFlight } from './in-flight.ts';
import { timed } from './stopwatch.ts';

/** Nothing is given up because the machine is busy with something else; a slow run shows in its figure, milliseconds. */
export const DEADLINE_MS = 600_000;
/** SETs under way while a run without flags is made checkable. */
const COMMITS_IN_FLIGHT = 64;

/**
 * Measures uploads into a window of their own, then seals it and compares its statistics with the plain ones.
 * @param upload gives back the flags it did not set itself.
 */
export async function uploadRate(
  scene: ClusterScene,
  texts: readonly string[],
  upload: (window: WindowId) => Promise<readonly FlagEntry[]>,
): Promise<Sample> {
  const window = await scene.openWindow();
  let open: readonly FlagEntry[] = [];
  const { wallMicros, cpuMicros } = await timed(async () => {
    open = await upload(window);
  });
  await inFlight(open.length, COMMITS_IN_FLIGHT, async (index) => {
    const entry = open[index];
    if (entry !== undefined) await scene.uploader.commit(window, entry);
  });
  return {
    amount: (texts.length * 1e6) / wallMicros,
    cpuMicros: cpuMicros / texts.length,
    exact: await scene.isExact(window, texts),
  };
}
