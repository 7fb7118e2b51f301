import { expect, test } from 'vitest';
import { createAnswerTimes } from '../../../src/rounds/answer-times.ts';

const MOST_MS = 800;

function lateAfter(...answers: readonly number[]): number {
  const times = createAnswerTimes(MOST_MS);
  for (const ms of answers) times.note(ms);
  return times.lateMs();
}

const repeated = (count: number, ms: number): number[] => Array.from({ length: count }, () => ms);

test('an answer is late that takes five times as long as usual, but not before 150 ms', () => {
  expect(lateAfter(...repeated(4, 50))).toBe(250);
  expect(lateAfter(...repeated(4, 5))).toBe(150);
});

test('where answers are slow, or there were few, none is late before the longest time', () => {
  expect(lateAfter(...repeated(40, 200))).toBe(MOST_MS);
  expect(lateAfter(5, 5, 5)).toBe(MOST_MS);
  expect(lateAfter()).toBe(MOST_MS);
});

test('what waits for a node that hangs does not make the others slow', () => {
  expect(lateAfter(...repeated(31, 50), ...repeated(15, 4_000))).toBe(250);
});

test('a change of all answers is followed', () => {
  expect(lateAfter(...repeated(31, 50), ...repeated(16, 300))).toBe(MOST_MS);
  expect(lateAfter(...repeated(31, 300), ...repeated(16, 50))).toBe(250);
});
