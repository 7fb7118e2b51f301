import { EngineError } from '../src/foundation/index.ts';
import type { StreamHash } from '../src/ring/index.ts';
import { MEASUREMENTS_MAX } from './limits.ts';
import { isOpen } from './upload-tally.ts';

/**
 * Remembers which measurement went to which stream. Sums of the same measurement in two streams can be subtracted
 * until one reading is left, and no domain can see it: the ids of readings say nothing of what was measured.
 *
 * It knows what this object was told: hand one to all sensors of a program. What another program or another device
 * sends, what was told before the program started, and what lies more than 65,536 measurements back it cannot know.
 */
export interface Measurements {
  /**
   * Runs `upload` unless the measurement is part of a stream, or may be. A failure after which the reading is
   * certainly in no result frees it again.
   * @param measurement the caller's own name of it, such as "meter 7, 2026-01-31T12:00Z"; without one nothing is checked.
   * @throws EngineError `MEASUREMENT_USED`
   */
  once<T>(measurement: string | undefined, stream: StreamHash, upload: () => Promise<T>): Promise<T>;
}

export function createMeasurements(): Measurements {
  const used = new Map<string, StreamHash>();
  return {
    async once(measurement, stream, upload) {
      if (measurement === undefined) return upload();
      const before = used.get(measurement);
      if (before !== undefined) {
        throw new EngineError(
          'MEASUREMENT_USED',
          `expected a measurement that no stream has, got one that went to ${before === stream ? 'this stream' : `stream ${before}`}`,
          { stream: before },
        );
      }
      used.set(measurement, stream);
      const oldest = used.keys().next().value;
      if (used.size > MEASUREMENTS_MAX && oldest !== undefined) used.delete(oldest);
      try {
        return await upload();
      } catch (error) {
        if (!mayCount(error)) used.delete(measurement);
        throw error;
      }
    },
  };
}

/** Whether a reading may be part of a result although its upload failed. */
function mayCount(error: unknown): boolean {
  if (!(error instanceof EngineError)) return true;
  return isOpen(error) || error.code === 'INTERNAL';
}
