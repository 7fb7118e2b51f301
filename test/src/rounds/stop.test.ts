import { expect, test } from 'vitest';
import { createStop } from '../../../src/rounds/stop.ts';
import { createManualClock } from '../../support/manual-clock.ts';

test('a stop ends the sleeps of its signal with its reason, and a later one begins no more', async () => {
  const clock = createManualClock();
  const { signal, stop } = createStop();
  const reason = new Error('enough');
  const sleeps = [clock.sleep(100, signal), clock.sleep(200, signal)];
  stop(reason);
  stop(new Error('too late'));
  expect(await Promise.allSettled([...sleeps, clock.sleep(1, signal)])).toEqual(
    Array.from({ length: 3 }, () => ({ status: 'rejected', reason })),
  );
});

test('who has slept enough hears of no stop', async () => {
  const clock = createManualClock();
  const { signal, stop } = createStop();
  const slept = clock.sleep(100, signal);
  await clock.advance(100);
  stop(new Error('enough'));
  await expect(slept).resolves.toBeUndefined();
});
