import type { StreamDocument } from '../src/protocol/stream-document.ts';
import { fixedTimes } from '../src/protocol/window-rules.ts';
import type { WindowId } from '../src/ring/index.ts';
import type { SensorIdentity, SensorKeys } from './identity.ts';

/** A reading's window, and who uploads it. */
export interface StandingPlace {
  readonly document: StreamDocument;
  readonly window: WindowId;
  readonly sensor: SensorIdentity;
}

/** Whether a sensor's next reading will hardly be refused, so that it may be handed to a relay. */
export interface Standing {
  isGood(place: StandingPlace, nowMs: number): boolean;
  /** What became of a sensor's latest reading. */
  note(place: StandingPlace, committed: boolean): void;
}

/**
 * After a RELAY a refusal is no outcome, because the node may have kept the SET. So only a reading that nodes have reason to take
 * goes that way: the sensor's last one was committed, which shows that it is enrolled and the nodes answer, and the window is
 * open: a fixed one by the clock, a manual one because that reading was in it. Being wrong costs an answer, never a reading.
 */
export function createStanding(): Standing {
  /** The window of the last reading, of sensors whose last one was committed. */
  const last = new WeakMap<SensorKeys, WindowId>();
  return {
    isGood({ document, window, sensor }, nowMs) {
      const committed = last.get(sensor.keys);
      const times = fixedTimes(document, window);
      if (times === null) return committed === window;
      return committed !== undefined && window <= nowMs && nowMs < times.latest;
    },
    note({ window, sensor }, committed) {
      if (committed) last.set(sensor.keys, window);
      else last.delete(sensor.keys);
    },
  };
}
