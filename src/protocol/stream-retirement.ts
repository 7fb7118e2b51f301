import { Type } from '../foundation/index.ts';
import type { Signer, StreamHash, Verifier } from '../ring/index.ts';
import { payloadReader, publicKeyBytes, signCompact, streamHash, verifyCompact } from '../ring/index.ts';

/**
 * What an operator signs to end a stream: it opens no further window and takes no new reading, for ever. What it
 * released stays. There is no statement that takes it back.
 */
export interface StreamRetirement {
  readonly stream: StreamHash;
  /** The statement as it was signed. */
  readonly jws: string;
}

const readRetirement = payloadReader(
  'the retirement of a stream',
  Type.Object(
    { format: Type.Literal(1), stream: Type.String({ pattern: '^[0-9a-f]{64}$' }) },
    { additionalProperties: false },
  ),
  'format',
  1,
);

/**
 * @param operatorKey the key of the ring's operator, base64url, which signs streams and ends them.
 * @throws EngineError `SIGNATURE_INVALID`, `SCHEMA_MISMATCH`, `UNSUPPORTED_VERSION`, `MALFORMED_TEXT`
 */
export async function openRetirement(
  jws: string,
  verifier: Verifier,
  operatorKey: string,
): Promise<StreamRetirement> {
  const { payload } = await verifyCompact('mcloud-retire+jws', jws, publicKeyBytes(operatorKey), verifier);
  return { stream: streamHash(readRetirement(payload).stream), jws };
}

/** Signs the end of a stream with the operator's key. */
export function signRetirement(stream: StreamHash, signer: Signer): Promise<string> {
  return signCompact('mcloud-retire+jws', { format: 1, stream }, signer);
}
