import { EngineError } from '../../src/foundation/index.ts';
import type { Reading } from '../../src/sharing/index.ts';
import type { Fate } from './checkers/readings.ts';
import type { FlushProgram, UploadProgram } from './sabotage.ts';

export const uploadInto: UploadProgram = async (sensor, reading, target) => {
  // Some go as a flush does, whose votes the SDK reads itself, and the others alone.
  if (textOf(reading).length % 2 === 0) return sensor.upload(reading, target);
  const [failure] = (await sensor.uploadMany([reading], target)).failures;
  if (failure === undefined) return { flagKey: '' };
  throw new EngineError(failure.code, failure.message, failure.details);
};
/** For windows that follow from the time of a reading. */
export const uploadByTime: UploadProgram = (sensor, reading, { window, ...target }) =>
  sensor.upload(reading, { ...target, at: window + 1 });

/** Several at once: of these the SDK makes as few requests as it can. */
export const flushInto: FlushProgram = (sensor, readings, target, options) =>
  sensor.uploadMany(readings, { ...target, ...options });
export const flushByTime: FlushProgram = (sensor, readings, { window, ...target }, options) =>
  sensor.uploadMany(readings, { ...target, at: window + 1, ...options });

/** The part of a reading that names it. */
function textOf(reading: Reading): string {
  return typeof reading === 'object' ? `${reading.x}` : `${reading}`;
}

/** What an error of the SDK says about the reading, as its documentation has it. */
export function fateOf(error: EngineError): Fate {
  if (error.code === 'READING_UNDECIDED') return 'unknown';
  if (error.code === 'READING_ABORTED') return error.details.setSent === true ? 'unknown' : 'refused';
  return error.code === 'READING_ERRORED' ? 'errored' : 'refused';
}
