import { expect, test } from 'vitest';
import { createRunning, RUNNING_WINDOWS_MAX } from '../../../node/services/running.ts';
import type { OpenWindowRecord } from '../../../node/services/windows.ts';

/** A record is only a name here. */
const newRecord = (): OpenWindowRecord => ({}) as never;

test('a state stays the same until it is spoiled, and then is not known for ever', () => {
  const running = createRunning(() => ({ changes: 0 }));
  const record = newRecord();
  const state = running.of(record);
  expect(state).toEqual({ changes: 0 });
  expect(running.of(record)).toBe(state);
  running.spoil(record);
  expect(running.of(record)).toBeUndefined();
  expect(running.of(record)).toBeUndefined();
});

test('beyond its windows the oldest one is not known any more, and never begun anew', () => {
  const running = createRunning(() => ({}));
  const records = Array.from({ length: RUNNING_WINDOWS_MAX + 1 }, newRecord);
  const states = records.map((record) => running.of(record));
  expect(running.of(records[0]!)).toBeUndefined();
  expect(running.of(records[1]!)).toBe(states[1]);
  expect(running.of(records.at(-1)!)).toBe(states.at(-1));
});
