import { ELEMENT_BYTES } from '../src/arithmetic/index.ts';
import { EngineError } from '../src/foundation/index.ts';
import { limits } from '../src/protocol/index.ts';
import type { StreamDocument } from '../src/protocol/stream-document.ts';
import type { Reading } from '../src/sharing/index.ts';
import { encodeReadings } from '../src/sharing/index.ts';
import type { Measured } from './split-shares.ts';
import type { Committed, UploaderContext, UploadOptions } from './upload-reading.ts';
import { uploadMeasured } from './upload-reading.ts';

/** Readings that are part of the window's result together. */
export interface CommittedBatch extends Committed {
  /** How many readings the flag stands for; public, like the flag key that it is part of. */
  readonly count: number;
}

/** Bytes of an UPLOAD besides the shares of a batch, rounded up. */
const FRAME_BYTES = 1_024;
/** Bytes of a batch in a packet besides its shares: id, count and number of vectors. */
const BATCH_BYTES = 24;

/**
 * Uploads readings under one flag: all of them are in the result, or none.
 * @throws EngineError as `Sensor.uploadBatch` says
 */
export async function uploadBatch(
  context: UploaderContext,
  readings: readonly Reading[],
  options: Omit<UploadOptions, 'signal'>,
  signal: AbortSignal,
): Promise<CommittedBatch> {
  const measure = (stream: StreamDocument) => measureBatch(stream, readings);
  return { ...(await uploadMeasured(context, measure, options, signal)), count: readings.length };
}

/** @throws EngineError as `Sensor.uploadBatch` does before anything is sent */
export function measureBatch(stream: StreamDocument, readings: readonly Reading[]): Measured {
  const count = readings.length;
  checkTakesBatches(stream);
  const most = batchMax(stream);
  if (count < 1 || count > most) {
    throw new EngineError('INVALID_ARGUMENT', `expected 1 to ${most} readings in a batch, got ${count}`);
  }
  return { vectors: encodeReadings(stream, readings), vectorCount: count, count };
}

/** @throws EngineError `STREAM_REFUSED` */
export function checkTakesBatches({ countMode, name }: StreamDocument): void {
  if (countMode === 'batch') return;
  throw new EngineError(
    'STREAM_REFUSED',
    `expected a stream with countMode batch for several readings under one flag, got ${name} with ${countMode}`,
  );
}

/** The most readings of a batch: their shares have to fit into one request. */
export function batchMax({ elements }: StreamDocument): number {
  const room = Math.floor((limits.SENSOR_BODY_BYTES_MAX - FRAME_BYTES) / (elements.length * ELEMENT_BYTES));
  return Math.min(limits.BATCH_READINGS_MAX, room);
}

/** The most batches of so many readings whose shares fit into one request; one where none does, to be refused. */
export function batchesOfRequest({ elements }: StreamDocument, readings: number): number {
  const batchBytes = readings * elements.length * ELEMENT_BYTES + BATCH_BYTES;
  return Math.max(1, Math.floor((limits.SENSOR_BODY_BYTES_MAX - FRAME_BYTES) / batchBytes));
}
