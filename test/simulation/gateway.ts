import type { Sensor } from '../../sensor-client/sensor.ts';
import type { Reading } from '../../src/sharing/index.ts';
import { BATCH_READINGS } from '../support/simulated-ring.ts';
import { furtherReading } from './further-fields.ts';

/** What a gateway's program has to know of its stream. */
export interface GatewayTerms {
  /** Whether it is a gateway, and a reading comes in a batch. */
  readonly batches: boolean;
  /** Whether it adds up itself what is handed over together, and uploads the sum. */
  readonly recorded: boolean;
  /** Whether readings have further fields. */
  readonly moments: boolean;
}

/** The same programs, with every reading in a batch beside one that is no digit of a sum. */
export function gatewayOf(sensor: Sensor, terms: GatewayTerms): Sensor {
  if (!terms.batches) return sensor;
  const rest = besides(terms);
  return {
    ...sensor,
    upload: (reading, options) => sensor.uploadBatch([reading, ...rest], options),
    uploadMany(readings, options) {
      if (Symbol.asyncIterator in readings) throw new Error('expected a program with a list of readings');
      const beside = Array.from(readings, (reading) => [reading, ...rest]).flat();
      return sensor.uploadMany(beside, { ...options, batch: BATCH_READINGS });
    },
  };
}

/** The readings that stand beside one that is a digit of a sum. */
export function besides({ batches, moments }: GatewayTerms): readonly Reading[] {
  return new Array<Reading>(batches ? BATCH_READINGS - 1 : 0).fill(moments ? furtherReading('0', null) : '0');
}
