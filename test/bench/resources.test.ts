import { expect, test } from 'vitest';
import { InexactSumError, type Sample } from './comparison.ts';
import { warmed } from './resources.ts';

const exact: Sample = { amount: 1, exact: true };
const wrong: Sample = { amount: 1, exact: false };

function resource() {
  const calls: string[] = [];
  const run = (name: string, sample: Sample) => async () => {
    calls.push(name);
    return sample;
  };
  return { calls, run, opened: { close: async () => void calls.push('closed') } };
}

test('what is measured is handed out after all runs of its warm-up, one after another', async () => {
  const { calls, run, opened } = resource();
  expect(await warmed(opened, 'a peer', [run('first', exact), run('second', exact)])).toBe(opened);
  expect(calls).toEqual(['first', 'second']);
});

test('a warm-up whose sums are not exact ends the benchmark, and leaves nothing open', async () => {
  const { calls, run, opened } = resource();
  const runs = [run('first', wrong), run('second', exact)];
  await expect(warmed(opened, 'a peer', runs)).rejects.toThrow(InexactSumError);
  expect(calls).toEqual(['first', 'closed']);
});
