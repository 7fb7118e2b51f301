import { EngineError, fromHex } from '../src/foundation/index.ts';
import type { SensorId } from '../src/protocol/index.ts';
import { sensorId } from '../src/protocol/index.ts';
import type { StreamHash } from '../src/ring/index.ts';
import { streamHash } from '../src/ring/index.ts';

/** @throws EngineError `INVALID_ARGUMENT` when the text is not 32 lower-case hex digits. */
export function readSensorId(text: string): SensorId {
  return sensorId(fromHex(hexDigits('a sensor id', text, 32)));
}

/** @throws EngineError `INVALID_ARGUMENT` when the text is not 64 lower-case hex digits. */
export function readStreamHash(text: string): StreamHash {
  return streamHash(hexDigits('the hash of a stream', text, 64));
}

function hexDigits(what: string, text: string, digits: number): string {
  if (text.length === digits && /^[0-9a-f]*$/.test(text)) return text;
  throw new EngineError(
    'INVALID_ARGUMENT',
    `expected ${what}, ${digits} lower-case hex digits, got ${text.length} characters`,
  );
}
