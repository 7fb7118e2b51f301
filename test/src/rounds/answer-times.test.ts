import { expect, test } from 'vitest';
import { createAnswerTimes } from '../../../src/rounds/answer-times.ts';

const FIRST_MS = 800;
const MOST_MS = 10_000;

function after(...answers: readonly number[]) {
  const times = createAnswerTimes(FIRST_MS, MOST_MS);
  for (const ms of answers) times.note(ms);
  return times;
}

const lateAfter = (...answers: readonly number[]): number => after(...answers).lateMs();

const repeated = (count: number, ms: number): number[] => Array.from({ length: count }, () => ms);

test('an answer is late that takes five times as long as usual, but not before 150 ms', () => {
  expect(lateAfter(...repeated(4, 50))).toBe(250);
  expect(lateAfter(...repeated(4, 5))).toBe(150);
});

test('where answers are slow, or there were few, none is late before the longest time', () => {
  expect(lateAfter(...repeated(40, 200))).toBe(FIRST_MS);
  expect(lateAfter(5, 5, 5)).toBe(FIRST_MS);
  expect(lateAfter()).toBe(FIRST_MS);
});

test('what waits for a node that hangs does not make the others slow', () => {
  expect(lateAfter(...repeated(15, 50), ...repeated(11, 4_000))).toBe(250);
});

test('a change of all answers is followed', () => {
  expect(lateAfter(...repeated(15, 50), ...repeated(12, 200))).toBe(FIRST_MS);
  expect(lateAfter(...repeated(15, 300), ...repeated(4, 50))).toBe(250);
});

test('where answers take long it is the load, and all are waited for three times as long as is usual', () => {
  expect(lateAfter(...repeated(31, 1_500))).toBe(4_500);
  expect(after(...repeated(31, 1_500)).longMs()).toBe(4_500);
  expect(lateAfter(...repeated(31, 9_000))).toBe(MOST_MS);
  expect(after(...repeated(31, 50)).longMs()).toBe(FIRST_MS);
  expect(after().longMs()).toBe(FIRST_MS);
});
