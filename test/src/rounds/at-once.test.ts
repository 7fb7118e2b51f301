import { expect, it } from 'vitest';
import { mapAtOnce } from '../../../src/rounds/at-once.ts';

it('works on a bounded number of items at a time and keeps their order', async () => {
  let underWay = 0;
  let most = 0;
  const results = await mapAtOnce([5, 1, 4, 2, 3], 2, async (item) => {
    most = Math.max(most, ++underWay);
    for (let i = 0; i < item; i++) await Promise.resolve();
    underWay -= 1;
    return item * 10;
  });
  expect(results).toEqual([50, 10, 40, 20, 30]);
  expect(most).toBe(2);
});

it('begins nothing new after a failure', async () => {
  const begun: number[] = [];
  const failing = mapAtOnce([1, 2, 3, 4], 1, async (item) => {
    begun.push(item);
    if (item === 2) throw new Error('two');
  });
  await expect(failing).rejects.toThrow('two');
  expect(begun).toEqual([1, 2]);
});
