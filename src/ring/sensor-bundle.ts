import { EngineError, type Static, Type } from '../foundation/index.ts';
import type { RingDocument } from './document.ts';
import { openRingDocument } from './document.ts';
import type { Verifier } from './jws.ts';
import { DOCUMENT_CHARS_MAX } from './limits.ts';
import { parseRecord, payloadReader } from './payload.ts';
import { NAME, PUBLIC_KEY } from './section.ts';

const schema = Type.Object(
  {
    format: Type.Literal(1),
    /** The ring document, compact JWS. */
    ring: Type.String({ maxLength: DOCUMENT_CHARS_MAX }),
    operatorKey: PUBLIC_KEY,
    /** Pinned: a sensor believes a section only under the key it was given here. */
    domainKeys: Type.Record(NAME, PUBLIC_KEY, { additionalProperties: false }),
    /** Whoever hands out the bundle says aloud that it gives no privacy. */
    development: Type.Boolean(),
  },
  { additionalProperties: false },
);

/** All that a sensor has to be given, by hand, before it can trust anything from the network. */
export type SensorBundle = Static<typeof schema>;

const readBundle = payloadReader('a sensor bundle', schema, 'format', 1);

/**
 * Reads `sensor.json`.
 * @throws EngineError `MALFORMED_TEXT`, `SCHEMA_MISMATCH`, `UNSUPPORTED_VERSION`
 */
export function readSensorBundle(text: string): SensorBundle {
  return readBundle(parseRecord('a sensor bundle', text));
}

/**
 * Opens the ring document of a bundle under the bundle's own pins.
 * @throws EngineError `RING_REFUSED` also where the ring is a development ring and the bundle does not say so,
 * and whatever {@link openRingDocument} throws
 */
export async function openSensorBundle(bundle: SensorBundle, verifier: Verifier): Promise<RingDocument> {
  const { operatorKey, domainKeys } = bundle;
  const ring = await openRingDocument(bundle.ring, verifier, { operatorKey, domainKeys });
  if (ring.development !== bundle.development) {
    throw new EngineError(
      'RING_REFUSED',
      `expected a ring document with development ${bundle.development}, got development ${ring.development}`,
    );
  }
  return ring;
}
