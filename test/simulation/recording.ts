import type { Sensor } from '../../sensor-client/sensor.ts';
import { EngineError, hasCode } from '../../src/foundation/index.ts';
import type { Clock } from '../../src/ports/index.ts';
import type { Reading } from '../../src/sharing/index.ts';
import type { Fate } from './checkers/readings.ts';
import type { ReadingTarget } from './sabotage.ts';

/** What a gateway's program knows of readings that it has recorded together; of one sum they are all the same. */
export interface Recorded {
  readonly fate: Fate;
  readonly flagKey: string | null;
}

/** One sum after the other, so that what the SDK tells in numbers is about one of them. */
export interface Recording {
  record(sensor: Sensor, readings: readonly Reading[], target: ReadingTarget): Promise<Recorded>;
}

/**
 * How often a program asks the SDK again to send what it has kept, and the pause between, ms. Each time may take a minute
 * where a window never opens; after the first such sum a program waits for no other.
 */
const FLUSHES_MAX = 10;
const PAUSE_MS = 2_000;

/** @param byTime whether windows follow from the time of a reading. */
export function createRecording(clock: Clock, byTime: boolean): Recording {
  /** Flags of which the SDK has said that it does not know their outcome. */
  const doubtful = new Set<string>();
  /** Whether some sum is still kept that its program waits for no more. */
  let stuck = false;
  let last: Promise<unknown> = Promise.resolve();

  async function recordNow(
    sensor: Sensor,
    readings: readonly Reading[],
    { window, ...group }: ReadingTarget,
  ): Promise<Recorded> {
    const place = byTime ? { ...group, at: window + 1 } : { ...group, window };
    await sensor.stream();
    for (const [at, reading] of readings.entries()) {
      try {
        await sensor.record(reading, place);
      } catch (error) {
        // What was taken before is sent when the interval is over.
        if (at === 0) throw error;
        stuck = true;
        return { fate: 'unknown', flagKey: null };
      }
    }
    const mixed = stuck || doubtful.size > 0;
    for (let attempt = 1; ; attempt++) {
      const left = await flush(sensor);
      if (left === null) {
        doubtful.clear();
        return { fate: 'committed', flagKey: null };
      }
      const own = left.flagKeys.filter((key) => !doubtful.has(key));
      for (const key of own) doubtful.add(key);
      const [flagKey = null] = own;
      if (flagKey !== null) return { fate: 'unknown', flagKey };
      if (left.lost > 0 && !mixed) return { fate: 'errored', flagKey: null };
      if (left.lost > 0) return { fate: 'unknown', flagKey: null };
      if (left.kept === 0) return { fate: 'committed', flagKey: null };
      if (stuck || attempt >= FLUSHES_MAX) {
        stuck = true;
        return { fate: 'unknown', flagKey: null };
      }
      await clock.sleep(PAUSE_MS);
    }
  }

  return {
    record(sensor, readings, target) {
      const next = last.then(() => recordNow(sensor, readings, target));
      last = next.catch(() => undefined);
      return next;
    },
  };
}

/** What a flush leaves behind; null where all was committed. */
async function flush(
  sensor: Sensor,
): Promise<{ readonly kept: number; readonly lost: number; readonly flagKeys: readonly string[] } | null> {
  try {
    await sensor.flush();
    return null;
  } catch (error) {
    if (!(error instanceof EngineError) || !hasCode(error, 'RECORDS_UNSENT')) throw error;
    const { kept, lost, flagKeys } = error.details;
    return {
      kept: Number(kept),
      lost: Number(lost),
      flagKeys: String(flagKeys)
        .split(' ')
        .filter((key) => key !== ''),
    };
  }
}
