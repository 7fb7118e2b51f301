import { hasCode } from '../foundation/index.ts';
import type { DomainId, RingHistory, Signer, Verifier } from '../ring/index.ts';
import {
  documentHash,
  domainId,
  oldestOf,
  publicKeyBytes,
  ringOfStreams,
  signCompact,
  streamHash,
  verifyCompact,
} from '../ring/index.ts';
import { checkCapacity } from '../statistics/index.ts';
import type { StreamRing } from './stream-rules.ts';
import { checkReservedKinds, checkStreamRules } from './stream-rules.ts';
import type { StreamDocument, StreamPayload } from './stream-schema.ts';
import { readStreamPayload } from './stream-schema.ts';

export type {
  StreamDocument,
  StreamDomain,
  StreamDraft,
  StreamPayload,
  StreamWindow,
} from './stream-schema.ts';
export { readStreamDraft, SUITE } from './stream-schema.ts';

/**
 * Opens a stream document under the ring document in force: signed by the ring's operator, shared among
 * domains of the ring with keys they have or had there, every rule kept, and every sum within half the field.
 * @throws EngineError `STREAM_REFUSED` naming the rule and the numbers, `CAPACITY_EXCEEDED`,
 * `SIGNATURE_INVALID`, `SCHEMA_MISMATCH`, `UNSUPPORTED_VERSION`, `MALFORMED_TEXT`, `BODY_TOO_LARGE`
 */
export async function openStreamDocument(
  jws: string,
  verifier: Verifier,
  ring: StreamRing,
): Promise<StreamDocument> {
  const operator = publicKeyBytes(ring.operatorKey);
  const { payload } = await verifyCompact('mcloud-stream+jws', jws, operator, verifier);
  checkReservedKinds(payload.elements);
  const read = readStreamPayload(payload);
  const stream: StreamDocument = {
    jws,
    hash: streamHash(documentHash(jws)),
    ...read,
    domains: read.domains.map(({ id, key }) => ({ id: domainId(id), key })),
  };
  checkStreamRules(stream, ring);
  checkCapacity(stream, stream.maxReadings);
  return stream;
}

/**
 * The same for a reader that knows only the newest ring documents: its domains may stand in the stream under keys, or
 * be in the ring, as documents before them say.
 * @param fetchOlder the whole history, asked for only then.
 * @throws EngineError as {@link openStreamDocument}, and what fetching throws
 */
export async function openStreamByHistory(
  jws: string,
  verifier: Verifier,
  known: RingHistory,
  fetchOlder: () => Promise<RingHistory>,
): Promise<StreamDocument> {
  try {
    return await openStreamDocument(jws, verifier, ringOfStreams(known));
  } catch (error) {
    if (!hasCode(error, 'STREAM_REFUSED') || oldestOf(known).epoch === 1) throw error;
    return openStreamDocument(jws, verifier, ringOfStreams(await fetchOlder()));
  }
}

/** Signs a stream with the operator's key; nothing is checked here, every node checks when it opens it. */
export function signStream(payload: StreamPayload, signer: Signer): Promise<string> {
  return signCompact('mcloud-stream+jws', payload, signer);
}

/** Which share a domain keeps: its place in the document's list, from 0; `undefined` for a domain outside it. */
export function shareIndex(stream: StreamDocument, domain: DomainId): number | undefined {
  const index = stream.domains.findIndex(({ id }) => id === domain);
  return index < 0 ? undefined : index;
}
