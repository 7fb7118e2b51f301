import { describe, expect, it } from 'vitest';
import { createStanding } from '../../sensor-client/standing.ts';
import { windowId } from '../../src/ring/index.ts';
import { freshSensor } from '../support/fixed-sensor.ts';
import { sensorScene } from '../support/sensor-scene.ts';

const HOUR = 3_600_000;
const GRACE = 60_000;

async function placesOf(window: 'manual' | 'fixed') {
  const { stream } = await sensorScene({
    stream: {
      window: window === 'manual' ? { kind: 'manual' } : { kind: 'fixed', durationMs: HOUR },
      graceMs: GRACE,
    },
  });
  const sensor = freshSensor();
  return (hour: number, by = sensor) => ({ document: stream, window: windowId(hour * HOUR), sensor: by });
}

describe('the standing of a sensor', () => {
  it('is good once a reading of its own was committed, until one was not', async () => {
    const at = await placesOf('manual');
    const standing = createStanding();
    expect(standing.isGood(at(1), HOUR)).toBe(false);
    standing.note(at(1), true);
    expect(standing.isGood(at(1), HOUR)).toBe(true);
    expect(standing.isGood(at(1, freshSensor()), HOUR)).toBe(false);
    standing.note(at(1), false);
    expect(standing.isGood(at(1), HOUR)).toBe(false);
  });

  it('is good in no manual window but that of its last reading', async () => {
    const at = await placesOf('manual');
    const standing = createStanding();
    standing.note(at(1), true);
    expect(standing.isGood(at(2), 2 * HOUR)).toBe(false);
  });

  it('is good in every fixed window from its start until it is sealed', async () => {
    const at = await placesOf('fixed');
    const standing = createStanding();
    expect(standing.isGood(at(2), 2 * HOUR)).toBe(false);
    standing.note(at(1), true);
    const times = [2 * HOUR - 1, 2 * HOUR, 3 * HOUR + GRACE - 1, 3 * HOUR + GRACE];
    expect(times.map((now) => standing.isGood(at(2), now))).toEqual([false, true, true, false]);
  });
});
