import { EngineError } from '../../src/foundation/index.ts';
import type { Clock } from '../../src/ports/index.ts';

/** Packets of one sensor in a second: half of what an address may send, and more than any device measures. */
export const SENSOR_PACKETS_PER_SECOND_MAX = 2_000;
/** Sensors counted within one second; beyond it counting begins again, so that new ids cost no memory. */
export const SENSORS_COUNTED_MAX = 65_536;

/** How many packets each sensor has sent in this second, of those that proved to be its own. */
export interface SensorRate {
  /** @throws EngineError `RATE_LIMITED` where the sensor has had its packets of this second */
  check(sensor: string): void;
  /** Counts a packet that is proved to be the sensor's: others' can't use up its share. */
  count(sensor: string): void;
}

/** Counts by whole seconds: one look-up per packet, and nothing to sweep. */
export function createSensorRate(clock: Pick<Clock, 'now'>): SensorRate {
  let second = Number.NaN;
  const counts = new Map<string, number>();

  function countOf(sensor: string): number {
    const now = Math.floor(clock.now() / 1_000);
    if (now !== second) {
      second = now;
      counts.clear();
    }
    return counts.get(sensor) ?? 0;
  }

  return {
    check(sensor) {
      if (countOf(sensor) < SENSOR_PACKETS_PER_SECOND_MAX) return;
      throw new EngineError(
        'RATE_LIMITED',
        `expected at most ${SENSOR_PACKETS_PER_SECOND_MAX} packets of a sensor in a second`,
      );
    },
    count(sensor) {
      const before = countOf(sensor);
      if (counts.size >= SENSORS_COUNTED_MAX) counts.clear();
      counts.set(sensor, before + 1);
    },
  };
}
