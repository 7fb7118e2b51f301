import { getEventListeners } from 'node:events';
import { expect, it } from 'vitest';
import { createSignsOfLife } from '../../../src/rounds/signs-of-life.ts';
import { createManualClock } from '../../support/manual-clock.ts';

it('a signal given to a question to every node of a large ring is listened to once, and ends them all', async () => {
  const signs = createSignsOfLife(createManualClock(), async () => null);
  const given = new AbortController();
  const ask = (signal: AbortSignal) =>
    new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
  const asked = Array.from({ length: 24 }, (_, node) => signs.watched(`n${node}`, ask, given.signal));
  expect(getEventListeners(given.signal, 'abort')).toHaveLength(1);
  given.abort(new Error('enough'));
  for (const one of await Promise.allSettled(asked)) {
    expect(one).toMatchObject({ status: 'rejected', reason: { message: 'enough' } });
  }
});
