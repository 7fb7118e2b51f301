import { EngineError, fromBase64Url, fromHex, Type } from '../foundation/index.ts';
import type { Signer, StreamHash, Verifier } from '../ring/index.ts';
import {
  checkSignature,
  documentHash,
  PUBLIC_KEY,
  payloadReader,
  publicKeyBytes,
  readCompact,
  signCompact,
  streamHash,
} from '../ring/index.ts';
import type { SensorId } from './flag-key.ts';
import { sensorId } from './flag-key.ts';
import { ROSTER_CHANGES_MAX, ROSTER_STREAMS_MAX } from './limits.ts';
import { sensorIdOf } from './sensor-key.ts';

/** What an enrolment authority signs: one link of its log, which only grows. */
export interface RosterPayload {
  readonly format: 1;
  /** The authority's Ed25519 public key, base64url. */
  readonly authority: string;
  /** 1 for the first batch of the log, then one more each. */
  readonly sequence: number;
  /** Hash of the batch before, 64 hex digits; null for the first. */
  readonly previous: string | null;
  /** The streams that the enrolled sensors are for; null for every stream. */
  readonly streams: readonly string[] | null;
  /** Public keys of the enrolled sensors, base64url. */
  readonly enrol: readonly string[];
  /** Ids of the revoked sensors, hex. What a batch enrols and revokes is revoked. */
  readonly revoke: readonly string[];
}

export interface EnrolledSensor {
  readonly sensor: SensorId;
  /** P-256, uncompressed. */
  readonly publicKey: Uint8Array;
}

/** A batch whose signature and rules hold. Whether its authority is trusted, and what comes before it, is for a node to say. */
export interface RosterBatch {
  readonly authority: string;
  readonly sequence: number;
  readonly previous: string | null;
  readonly streams: readonly StreamHash[] | null;
  readonly enrolled: readonly EnrolledSensor[];
  readonly revoked: readonly SensorId[];
  /** The batch as it was signed. */
  readonly jws: string;
  /** Its name in the next batch. */
  readonly hash: string;
}

const HASH = Type.String({ pattern: '^[0-9a-f]{64}$' });
/** 65 bytes that begin with 4, in base64url. */
const SENSOR_KEY = Type.String({ pattern: '^B[A-Za-z0-9_-]{86}$' });
const SENSOR_ID = Type.String({ pattern: '^[0-9a-f]{32}$' });

const readRosterPayload = payloadReader(
  'a batch of enrolments',
  Type.Object(
    {
      format: Type.Literal(1),
      authority: PUBLIC_KEY,
      sequence: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }),
      previous: Type.Union([HASH, Type.Null()]),
      streams: Type.Union([Type.Array(HASH, { minItems: 1, maxItems: ROSTER_STREAMS_MAX }), Type.Null()]),
      enrol: Type.Array(SENSOR_KEY, { maxItems: ROSTER_CHANGES_MAX }),
      revoke: Type.Array(SENSOR_ID, { maxItems: ROSTER_CHANGES_MAX }),
    },
    { additionalProperties: false },
  ),
  'format',
  1,
);

/**
 * Opens a batch: signature by the authority it names, schema, and the rules that need no other batch.
 * @throws EngineError `ROSTER_REFUSED`, `SIGNATURE_INVALID`, `SCHEMA_MISMATCH`, `UNSUPPORTED_VERSION`,
 * `MALFORMED_TEXT`, `MALFORMED_BODY`, `BODY_TOO_LARGE`
 */
export async function openRosterBatch(jws: string, verifier: Verifier): Promise<RosterBatch> {
  const document = readCompact('mcloud-roster+jws', jws);
  const { authority, sequence, previous, streams, enrol, revoke } = readRosterPayload(document.payload);
  await checkSignature('mcloud-roster+jws', document, publicKeyBytes(authority), verifier);
  if ((sequence === 1) !== (previous === null)) {
    throw new EngineError(
      'ROSTER_REFUSED',
      `expected the hash of the batch before in every batch but the first, got ${previous ?? 'none'} in batch ${sequence}`,
    );
  }
  if (enrol.length + revoke.length === 0) {
    throw new EngineError('ROSTER_REFUSED', 'expected a batch that enrols or revokes, got an empty one');
  }
  const keys = enrol.map(fromBase64Url);
  return {
    authority,
    sequence,
    previous,
    streams: streams?.map(streamHash) ?? null,
    enrolled: keys.map((publicKey) => ({ sensor: sensorIdOf(publicKey), publicKey })),
    revoked: revoke.map((id) => sensorId(fromHex(id))),
    jws,
    hash: documentHash(jws),
  };
}

/** Signs a batch with the authority's key; every node checks it when it opens it. */
export function signRosterBatch(payload: RosterPayload, signer: Signer): Promise<string> {
  return signCompact('mcloud-roster+jws', payload, signer);
}
