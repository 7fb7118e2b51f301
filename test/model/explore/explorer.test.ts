import { expect, test } from 'vitest';
import type { Model } from './explorer.ts';
import { explore, withAt } from './explorer.ts';

/** Two counters that can each be raised to `most`; broken once they add up to `limit`. */
function counters(most: number, limit: number): Model {
  return {
    initial: [0, 0],
    steps(state, take) {
      for (const at of [0, 1]) {
        const value = state[at] ?? 0;
        if (value < most) take(withAt(state, at, value + 1), () => `counter ${at} to ${value + 1}`);
      }
    },
    violation: ([a = 0, b = 0]) => (a + b >= limit ? `${a} + ${b}` : null),
  };
}

test('visits every reachable state once', () => {
  expect(explore(counters(9, 99), 1_000)).toEqual({ verdict: 'holds', states: 100, depth: 18 });
});

test('a violation comes with a shortest way to it', () => {
  const found = explore(counters(9, 3), 1_000);
  expect(found).toMatchObject({ verdict: 'violated', depth: 3, reason: '3 + 0' });
  expect(found).toMatchObject({ trace: ['counter 0 to 1', 'counter 0 to 2', 'counter 0 to 3'] });
});

test('a violation in the initial state needs no step', () => {
  expect(explore(counters(9, 0), 1_000)).toMatchObject({ verdict: 'violated', trace: [] });
});

test('a scope with more states than allowed is cut, which is not a proof', () => {
  expect(explore(counters(9, 99), 50)).toMatchObject({ verdict: 'cut' });
});

test('a scope with exactly as many states as allowed is not cut', () => {
  expect(explore(counters(9, 99), 100)).toMatchObject({ verdict: 'holds', states: 100 });
});
