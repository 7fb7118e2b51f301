import {
  EngineError,
  fromBase64Url,
  fromUtf8,
  hasCode,
  labelledHash,
  toBase64Url,
  toHex,
  utf8,
} from '../foundation/index.ts';
import { DOCUMENT_CHARS_MAX } from './limits.ts';
import { parseRecord } from './payload.ts';

/** What a document is; part of its signed header, so that a document of one kind never passes for another. */
export type DocumentType =
  | 'mcloud-ring+jws'
  | 'mcloud-domain+jws'
  | 'mcloud-domain-key+jws'
  | 'mcloud-stream+jws'
  | 'mcloud-retire+jws'
  | 'mcloud-roster+jws';

/** Says whether `signature` is the Ed25519 signature (RFC 8032, 64 bytes) of the 32-byte key over `message`. */
export type Verifier = (
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
) => Promise<boolean>;

/** Makes the Ed25519 signature (RFC 8032, 64 bytes) over `message` with a key only its maker knows. */
export type Signer = (message: Uint8Array) => Promise<Uint8Array>;

/** A document that was parsed but not yet believed. */
export interface CompactDocument {
  readonly payload: Readonly<Record<string, unknown>>;
  /** The exact bytes under the signature: header and payload segments as they came. */
  readonly signingInput: Uint8Array;
  readonly signature: Uint8Array;
}

export const PUBLIC_KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;

/**
 * Signs a payload as an EdDSA JWS in compact form (RFC 7515, RFC 8037). The header is always the same text
 * per type, so Ed25519's determinism makes the whole document a function of payload and key.
 */
export async function signCompact(type: DocumentType, payload: object, signer: Signer): Promise<string> {
  const signed = `${headerOf(type)}.${toBase64Url(utf8(JSON.stringify(payload)))}`;
  return `${signed}.${toBase64Url(await signer(utf8(signed)))}`;
}

/**
 * Parses a compact document without checking its signature, for documents that name their own key.
 * @throws EngineError `MALFORMED_TEXT`, `SCHEMA_MISMATCH` (another header), `BODY_TOO_LARGE`
 */
export function readCompact(type: DocumentType, jws: string): CompactDocument {
  if (jws.length > DOCUMENT_CHARS_MAX) {
    throw new EngineError(
      'BODY_TOO_LARGE',
      `expected a document of at most ${DOCUMENT_CHARS_MAX} characters, got ${jws.length}`,
    );
  }
  const [header, body, signature, ...rest] = jws.split('.');
  if (header === undefined || body === undefined || signature === undefined || rest.length > 0) {
    throw new EngineError(
      'MALFORMED_TEXT',
      `expected a compact JWS of three parts, got ${jws.split('.').length}`,
    );
  }
  // The header is compared as text: with one accepted spelling there is no algorithm to choose, none, crit,
  // jwk or kid to mishandle.
  if (header !== headerOf(type)) {
    throw new EngineError(
      'SCHEMA_MISMATCH',
      `expected the document header ${headerText(type)}, got ${readable(header)}`,
    );
  }
  const signatureBytes = fromBase64Url(signature);
  if (signatureBytes.length !== SIGNATURE_BYTES) {
    throw new EngineError(
      'SIGNATURE_INVALID',
      `expected a signature of ${SIGNATURE_BYTES} bytes, got ${signatureBytes.length}`,
    );
  }
  return {
    payload: parsePayload(fromUtf8(fromBase64Url(body))),
    signingInput: utf8(`${header}.${body}`),
    signature: signatureBytes,
  };
}

/**
 * Parses a compact document and checks its signature under `publicKey` (32 bytes).
 * @throws EngineError `SIGNATURE_INVALID` and whatever {@link readCompact} throws
 */
export async function verifyCompact(
  type: DocumentType,
  jws: string,
  publicKey: Uint8Array,
  verifier: Verifier,
): Promise<CompactDocument> {
  const document = readCompact(type, jws);
  await checkSignature(type, document, publicKey, verifier);
  return document;
}

/**
 * Checks the signature of a document that {@link readCompact} returned.
 * @throws EngineError `SIGNATURE_INVALID`
 */
export async function checkSignature(
  type: DocumentType,
  document: CompactDocument,
  publicKey: Uint8Array,
  verifier: Verifier,
): Promise<void> {
  if (!(await verifier(publicKey, document.signingInput, document.signature))) {
    throw new EngineError(
      'SIGNATURE_INVALID',
      `expected a ${type} document signed by the key ${toBase64Url(publicKey)}, got another signature`,
    );
  }
}

/** The name of a document: hex SHA-256 under the label "document" over its exact signed bytes. */
export function documentHash(jws: string): string {
  return toHex(labelledHash('document', utf8(jws)));
}

/**
 * A 32-byte public key from its base64url text.
 * @throws EngineError `MALFORMED_TEXT`
 */
export function publicKeyBytes(text: string): Uint8Array {
  const bytes = fromBase64Url(text);
  if (bytes.length !== PUBLIC_KEY_BYTES) {
    throw new EngineError(
      'MALFORMED_TEXT',
      `expected a public key of ${PUBLIC_KEY_BYTES} bytes, got ${bytes.length}`,
    );
  }
  return bytes;
}

function headerText(type: DocumentType): string {
  return JSON.stringify({ alg: 'EdDSA', typ: type });
}

function headerOf(type: DocumentType): string {
  return toBase64Url(utf8(headerText(type)));
}

function parsePayload(text: string): Readonly<Record<string, unknown>> {
  const value = parseRecord('the payload of a document', text);
  // Two equal keys or 1.0 for 1 would let two readers of the same signed bytes see different documents.
  if (JSON.stringify(value) !== text) {
    throw new EngineError(
      'MALFORMED_TEXT',
      'expected the payload as JSON.stringify writes it: no spaces, no key twice, numbers in shortest form',
    );
  }
  return value;
}

function readable(header: string): string {
  try {
    return JSON.stringify(fromUtf8(fromBase64Url(header)).slice(0, 120));
  } catch (error) {
    if (hasCode(error, 'MALFORMED_TEXT')) return `${header.length} characters that are not base64url`;
    throw error;
  }
}
