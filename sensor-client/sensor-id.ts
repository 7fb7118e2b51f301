import { EngineError, fromHex } from '../src/foundation/index.ts';
import type { SensorId } from '../src/protocol/index.ts';
import { sensorId } from '../src/protocol/index.ts';

/** @throws EngineError `INVALID_ARGUMENT` when the text is not 32 lower-case hex digits. */
export function readSensorId(text: string): SensorId {
  if (!/^[0-9a-f]{32}$/.test(text)) {
    throw new EngineError(
      'INVALID_ARGUMENT',
      `expected a sensor id of 32 lower-case hex digits, got ${text.length} characters`,
    );
  }
  return sensorId(fromHex(text));
}
