import { describe, expect, it } from 'vitest';
import { repeatUntil } from '../../../operator-cli/operator/back-off.ts';
import type { Operator } from '../../../operator-cli/operator/index.ts';
import { createOperator } from '../../../operator-cli/operator/index.ts';
import { BACK_OFF_MS_MAX, GRACE_MS, SIGN_TIMEOUT_MS } from '../../../operator-cli/operator/limits.ts';
import { EngineError } from '../../../src/foundation/index.ts';
import type { Transport } from '../../../src/ports/index.ts';
import type { StreamDocument } from '../../../src/protocol/stream-document.ts';
import { createManualClock } from '../../support/manual-clock.ts';
import { fixedRandom } from '../../support/sensor-scene.ts';
import {
  fakeClouds,
  honestRows,
  listedWindow,
  serveRows,
  serveWindows,
  WINDOW,
} from '../support/fake-clouds.ts';

const WAIT = { waitMs: 1_000 };

/** Three clouds of two nodes with one released window; nodes whose names begin like one of those `still` answer nothing. */
async function scene(...still: readonly string[]) {
  const clouds = await fakeClouds();
  const { stream } = clouds;
  serveWindows(clouds, [listedWindow(WINDOW)]);
  serveRows(clouds, honestRows(stream, ['1.5', '2.5']));
  const clock = createManualClock(WINDOW);
  const send: Transport['send'] = async (node, request, options) => {
    if (!still.some((name) => node.startsWith(name)))
      return clouds.ports.transport.send(node, request, options);
    await clock.sleep(options.timeoutMs, options.signal);
    throw new EngineError('UNREACHABLE', `no answer from node ${node}: TEST`);
  };
  const operator = createOperator({ ...clouds.ports, clock, transport: { ...clouds.ports.transport, send } });
  /** The answer, and how long after the wait it came. */
  return async <T>(ask: (operator: Operator, stream: StreamDocument) => Promise<T>) => {
    const answer = await clock.until(ask(operator, stream));
    return { answer, lateMs: clock.now() - WINDOW - WAIT.waitMs };
  };
}

describe('a question with a wait', () => {
  it('has its answer soon after where one node of each of two domains stands still', async () => {
    const run = await scene('a1', 'b1');
    const { answer, lateMs } = await run((operator, stream) => operator.series(stream, {}, WAIT));
    expect(answer).toMatchObject({ total: { readings: 2 }, missing: [] });
    expect(lateMs).toBeLessThanOrEqual(GRACE_MS);
  });

  it('says what is missing soon after where a domain stands still, however many nodes it has', async () => {
    const run = await scene('b');
    const { answer, lateMs } = await run((operator, stream) => operator.series(stream, {}, WAIT));
    expect(answer).toMatchObject({ total: null, missing: [{ state: 'incomplete' }] });
    // For the list of the windows, for the rows, and for who gives no sign.
    expect(lateMs).toBeLessThanOrEqual(2 * GRACE_MS + SIGN_TIMEOUT_MS);
  });

  it('for a seal ends soon after where all nodes stand still', async () => {
    const run = await scene('a', 'b', 'c');
    const { answer, lateMs } = await run((operator, stream) => operator.seal(stream, WINDOW, WAIT));
    expect(answer).toMatchObject({ sealed: false });
    expect(lateMs).toBeLessThanOrEqual(GRACE_MS + SIGN_TIMEOUT_MS);
  });

  it('for a stream ends soon after where all nodes stand still', async () => {
    const run = await scene('a', 'b', 'c');
    const { answer, lateMs } = await run((operator, stream) =>
      operator.findStream(stream.hash, WAIT).catch(({ code }: EngineError) => code),
    );
    expect(answer).toBe('UNREACHABLE');
    expect(lateMs).toBeLessThanOrEqual(GRACE_MS);
  });

  it('is over in time where the clock is set back meanwhile', async () => {
    const HOUR_MS = 3_600_000;
    const clock = createManualClock(WINDOW);
    let asked = 0;
    const ask = async () => {
      asked += 1;
      if (asked === 2) clock.setBack(HOUR_MS);
      return undefined;
    };
    const waitMs = 20_000;
    expect(await clock.until(repeatUntil({ clock, randomBytes: fixedRandom() }, ask, { waitMs }))).toBe(
      undefined,
    );
    const tookMs = clock.now() + HOUR_MS - WINDOW;
    expect(tookMs).toBeGreaterThanOrEqual(waitMs);
    expect(tookMs).toBeLessThan(waitMs + BACK_OFF_MS_MAX);
  });
});
