import { expect, test } from 'vitest';
import { DETAIL_CHARS_MAX, printable } from '../../../src/foundation/index.ts';

test("another machine's text moves no cursor, forges no line and turns no letters round", () => {
  expect(printable('dé\u001b[2J\r\nOK \u202edesrever')).toBe('dé [2J  OK  desrever');
});

test('only so much of it is shown', () => {
  expect(printable('x'.repeat(DETAIL_CHARS_MAX + 1))).toHaveLength(DETAIL_CHARS_MAX);
});
