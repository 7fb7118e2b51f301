import { expect, test } from 'vitest';
import { withFan } from '../../sensor-client/jobs.ts';

test('work that begins after an abort is aborted as well', async () => {
  const controller = new AbortController();
  const reason = new Error('the caller gave up');
  const begun = await withFan(controller.signal, async (fan) => {
    controller.abort(reason);
    return fan.run(async (signal) => signal.reason);
  });
  expect(begun).toBe(reason);
});
