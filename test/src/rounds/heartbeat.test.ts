import { expect } from 'vitest';
import type { Heartbeat } from '../../../src/rounds/heartbeat.ts';
import { ALIVE, beat, beginToWait } from '../../../src/rounds/heartbeat.ts';
import { fc, test } from '../../support/property.ts';

type Event = 'answer' | 'beat' | 'begin';

const events = fc.array(fc.constantFrom<Event[]>('answer', 'beat', 'beat', 'begin'), { maxLength: 40 });

function after(some: readonly Event[]): Heartbeat {
  return some.reduce<Heartbeat>((heart, event) => {
    if (event === 'answer') return ALIVE;
    return event === 'beat' ? beat(heart) : beginToWait(heart);
  }, ALIVE);
}

test.prop([events])('a node that has just answered is never silent, whatever was before', (some) => {
  expect(after([...some, 'answer'])).toEqual(ALIVE);
  for (const beats of [1, 2]) expect(after([...some, 'answer', ...repeated(beats)]).silent).toBe(false);
});

test.prop([events])('three beats without an answer are silence, which only an answer ends', (some) => {
  const silent = [...some, ...repeated(3)];
  expect(after(silent).silent).toBe(true);
  for (const next of [repeated(1), ['begin'], ['begin', 'beat']] as const)
    expect(after([...silent, ...next]).silent).toBe(true);
});

test.prop([events])('what was quiet while nobody waited does not count', (some) => {
  const begun = [...some, 'answer', ...repeated(2), 'begin'] as const;
  expect(after([...begun, ...repeated(2)]).silent).toBe(false);
  expect(after([...begun, ...repeated(3)]).silent).toBe(true);
});

function repeated(beats: number): Event[] {
  return Array.from({ length: beats }, () => 'beat');
}
