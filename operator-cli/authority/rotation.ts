import { EngineError, fromBase64Url, type Static, Type, toHex } from '../../src/foundation/index.ts';
import { p256Verify } from '../../src/platform/index.ts';
import { rotationInput, sensorIdOf } from '../../src/protocol/index.ts';
import type { StreamHash } from '../../src/ring/index.ts';
import { parseRecord, payloadReader } from '../../src/ring/index.ts';
import type { RosterLog } from './roster-log.ts';

const KEY = Type.String({ pattern: '^B[A-Za-z0-9_-]{86}$' });
const schema = Type.Object(
  {
    format: Type.Literal(1),
    /** The sensor's old and new public keys, base64url. */
    oldKey: KEY,
    newKey: KEY,
    /** The old key's ECDSA signature over both, base64url of 64 bytes. */
    signature: Type.String({ pattern: '^[A-Za-z0-9_-]{86}$' }),
  },
  { additionalProperties: false },
);
const readRotation = payloadReader('a rotation request', schema, 'format', 1);

export interface Rotation {
  /** Id of the sensor that ends, hex. */
  readonly old: string;
  readonly newKey: Uint8Array;
  /** Those of the old key; null for every stream. */
  readonly streams: readonly StreamHash[] | null;
}

/**
 * Reads what `m-cloud-sensor rotate` wrote, and checks that the old key, still enrolled, vouches for the new one.
 * @throws EngineError `ROSTER_REFUSED`, `MALFORMED_TEXT`, `SCHEMA_MISMATCH`, `UNSUPPORTED_VERSION`
 */
export function openRotation(text: string, log: RosterLog): Rotation {
  const request: Static<typeof schema> = readRotation(parseRecord('a rotation request', text));
  const [oldKey, newKey] = [fromBase64Url(request.oldKey), fromBase64Url(request.newKey)];
  const old = toHex(sensorIdOf(oldKey));
  const known = log.sensors.get(old);
  if (known?.state !== 'enrolled') {
    throw new EngineError(
      'ROSTER_REFUSED',
      `expected an enrolled sensor to rotate, got ${old}, ${known?.state ?? 'unknown'}`,
    );
  }
  if (!p256Verify(oldKey, rotationInput(oldKey, newKey), fromBase64Url(request.signature))) {
    throw new EngineError('ROSTER_REFUSED', `expected a new key signed by the key of sensor ${old}`);
  }
  return { old, newKey, streams: log.batches[known.batch - 1]?.streams ?? null };
}
