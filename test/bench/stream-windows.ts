import type { ComputeOutcome, Operator } from '../../operator-cli/operator/index.ts';
import type { Clock } from '../../src/ports/index.ts';
import type { StreamDocument } from '../../src/protocol/stream-document.ts';
import { type WindowId, windowId } from '../../src/ring/index.ts';
import { isExactResult } from './exact-result.ts';
import { repeated } from './repeated.ts';

const WINDOW_MS = 7_200_000;
const WAIT_MS = 600_000;

/** The windows of one stream, opened one after another. */
export interface StreamWindows {
  /** A fresh window. */
  openWindow(): Promise<WindowId>;
  /** Seals and computes. */
  outcome(window: WindowId): Promise<ComputeOutcome>;
  /** The same, and whether the result is the plain statistics of the readings. */
  isExact(window: WindowId, readings: readonly string[]): Promise<boolean>;
}

export function createStreamWindows(operator: Operator, stream: StreamDocument, clock: Clock): StreamWindows {
  let last = 0;
  async function outcome(window: WindowId): Promise<ComputeOutcome> {
    await operator.seal(stream, window, { waitMs: WAIT_MS });
    return operator.compute(stream, window, { waitMs: WAIT_MS });
  }
  return {
    async openWindow() {
      last = Math.max(last + 1, clock.now());
      const window = windowId(last);
      const terms = { window, notBefore: window, latest: window + WINDOW_MS };
      await repeated(() => operator.openWindow(stream, terms));
      return window;
    },
    outcome,
    isExact: async (window, readings) => isExactResult(await outcome(window), readings),
  };
}
