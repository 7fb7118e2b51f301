import { describe, expect, it } from 'vitest';
import type { ErrorCode } from '../../../src/foundation/index.ts';
import type { StreamPayload } from '../../../src/protocol/stream-document.ts';
import {
  CLOCK_SLACK_MS,
  checkOpenable,
  checkWindowTimes,
  eraseAt,
  fixedTimes,
  fixedWindowAt,
} from '../../../src/protocol/window-rules.ts';
import { windowId } from '../../../src/ring/index.ts';
import { developmentRing } from '../../support/development-ring.ts';
import { streamPayload } from '../../support/development-stream.ts';

const HOUR = 3_600_000;
const YEAR = 366 * 24 * HOUR;
const manual: StreamPayload = streamPayload(await developmentRing({ nodes: [1, 1] }));
const hourly: StreamPayload = {
  ...manual,
  window: { kind: 'fixed', durationMs: HOUR },
  graceMs: 60_000,
  retentionMs: 10 * HOUR,
};
const START = windowId(472_222 * HOUR);

function expectThrown(act: () => void, code: ErrorCode): void {
  expect(act).toThrow(expect.objectContaining({ code }));
}

describe('a fixed window', () => {
  it('is the one that a time lies in, aligned to the Unix epoch', () => {
    expect(fixedWindowAt(HOUR, START)).toBe(START);
    expect(fixedWindowAt(HOUR, START + HOUR - 1)).toBe(START);
    expect(fixedWindowAt(HOUR, START + HOUR)).toBe(START + HOUR);
    expect(new Date(fixedWindowAt(24 * HOUR, START)).toISOString()).toContain('T00:00:00.000Z');
  });

  it('is sealed at its end and grace, whatever anyone proposes', () => {
    const sealAt = START + HOUR + 60_000;
    expect(fixedTimes(hourly, START)).toEqual({ notBefore: sealAt, latest: sealAt });
    checkWindowTimes(hourly, START, { notBefore: sealAt, latest: sealAt });
    for (const times of [
      { notBefore: START, latest: sealAt },
      { notBefore: sealAt, latest: sealAt + 1 },
    ])
      expectThrown(() => checkWindowTimes(hourly, START, times), 'INVALID_ARGUMENT');
  });

  it('has no other names than multiples of its length', () => {
    const times = fixedTimes(hourly, windowId(START + 1)) ?? { notBefore: 0, latest: 0 };
    expectThrown(() => checkWindowTimes(hourly, windowId(START + 1), times), 'STREAM_REFUSED');
  });

  it('opens one length ahead and not after its seal', () => {
    const times = fixedTimes(hourly, START) ?? { notBefore: 0, latest: 0 };
    const at = (now: number) => () => checkOpenable(hourly, START, times, now);
    expectThrown(at(START - HOUR - CLOCK_SLACK_MS - 1), 'WINDOW_NOT_OPEN');
    at(START - HOUR)();
    at(times.latest - 1)();
    expectThrown(at(times.latest), 'WINDOW_SEALED');
    expectThrown(at(eraseAt(hourly, START, times)), 'WINDOW_ERASED');
  });

  it('is erased at its end and retention, without its grace', () => {
    expect(eraseAt(hourly, START, { notBefore: 0, latest: START + 5 * HOUR })).toBe(START + 11 * HOUR);
  });
});

describe('a manual window', () => {
  it('keeps its times in order and within a year', () => {
    const check = (notBefore: number, latest: number) => () =>
      checkWindowTimes(manual, START, { notBefore, latest });
    check(START, START)();
    check(START + 1, START + YEAR)();
    expectThrown(check(START - 1, START), 'INVALID_ARGUMENT');
    expectThrown(check(START + 2, START + 1), 'INVALID_ARGUMENT');
    expectThrown(check(START, START + YEAR + 1), 'INVALID_ARGUMENT');
  });

  it('opens up to a year ahead and until it would be erased, which counts from its latest seal', () => {
    const times = { notBefore: START, latest: START + HOUR };
    const at = (now: number) => () => checkOpenable(manual, START, times, now);
    expectThrown(at(START - YEAR - CLOCK_SLACK_MS - 1), 'WINDOW_NOT_OPEN');
    at(START - YEAR)();
    at(times.latest)();
    expect(eraseAt(manual, START, times)).toBe(times.latest + manual.retentionMs);
    expectThrown(at(times.latest + manual.retentionMs), 'WINDOW_ERASED');
  });
});
