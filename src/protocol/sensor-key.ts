import { EngineError, labelledHash, labelledInput } from '../foundation/index.ts';
import type { SensorId } from './flag-key.ts';
import { SENSOR_ID_BYTES, sensorId } from './flag-key.ts';

/** A P-256 public key as SEC 1 writes it uncompressed: 4, then both coordinates. */
export const SENSOR_KEY_BYTES = 65;
const UNCOMPRESSED = 4;

/**
 * The name of a sensor: the first 16 bytes of H("sensor", public key). Nobody can take another's name without
 * its key, and a new key is a new sensor.
 * @param publicKey P-256, uncompressed, 65 bytes.
 * @throws EngineError `MALFORMED_BODY`
 */
export function sensorIdOf(publicKey: Uint8Array): SensorId {
  if (publicKey.length !== SENSOR_KEY_BYTES || publicKey[0] !== UNCOMPRESSED) {
    throw new EngineError(
      'MALFORMED_BODY',
      `expected an uncompressed P-256 public key of ${SENSOR_KEY_BYTES} bytes, got ${publicKey.length} bytes`,
    );
  }
  return sensorId(labelledHash('sensor', publicKey).slice(0, SENSOR_ID_BYTES));
}

/** What a sensor's old key signs to vouch for its new one. */
export function rotationInput(oldKey: Uint8Array, newKey: Uint8Array): Uint8Array {
  return labelledInput('sensor-rotation', oldKey, newKey);
}
