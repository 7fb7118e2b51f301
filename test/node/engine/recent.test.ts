import { expect, test } from 'vitest';
import { createRecent } from '../../../node/engine/recent.ts';

test('what was not used longest is forgotten when there is one too many', () => {
  const recent = createRecent<number>(3);
  for (const [value, name] of ['a', 'b', 'c'].entries()) recent.keep(name, value);
  expect(recent.find('a')).toBe(0);
  recent.keep('d', 3);
  expect(['a', 'b', 'c', 'd'].map((name) => recent.find(name))).toEqual([0, undefined, 2, 3]);
});

test('a name that is kept again takes no second place', () => {
  const recent = createRecent<number>(2);
  recent.keep('a', 1);
  recent.keep('b', 2);
  recent.keep('a', 3);
  expect([recent.find('a'), recent.find('b')]).toEqual([3, 2]);
});
