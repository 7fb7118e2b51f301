import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { systemClock } from '../../../src/platform/index.ts';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

test('a sleep ends after its time and not before', async () => {
  const ended = vi.fn();
  const sleep = systemClock().sleep(1_000).then(ended);
  await vi.advanceTimersByTimeAsync(999);
  expect(ended).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1);
  await sleep;
  expect(ended).toHaveBeenCalledOnce();
});

test('a sleep of two months does not end at once', async () => {
  const twoMonthsMs = 61 * 86_400_000;
  const ended = vi.fn();
  const sleep = systemClock().sleep(twoMonthsMs).then(ended);
  await vi.advanceTimersByTimeAsync(twoMonthsMs - 1);
  expect(ended).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1);
  await sleep;
});

test('an aborted sleep rejects with the reason and leaves neither timer nor listener', async () => {
  const controller = new AbortController();
  const removed = vi.spyOn(controller.signal, 'removeEventListener');
  await Promise.all([systemClock().sleep(5, controller.signal), vi.advanceTimersByTimeAsync(5)]);
  expect(removed).toHaveBeenCalledOnce();
  const reason = new Error('enough');
  const sleep = systemClock().sleep(1_000, controller.signal);
  controller.abort(reason);
  await expect(sleep).rejects.toBe(reason);
  await expect(systemClock().sleep(1_000, controller.signal)).rejects.toBe(reason);
  expect(vi.getTimerCount()).toBe(0);
});

test('now is the system time in milliseconds', () => {
  vi.setSystemTime(1_800_000_000_123);
  expect(systemClock().now()).toBe(1_800_000_000_123);
});
