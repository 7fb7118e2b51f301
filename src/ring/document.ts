import { EngineError, Type } from '../foundation/index.ts';
import type { DomainId, Epoch } from './identifiers.ts';
import { epoch } from './identifiers.ts';
import type { Signer, Verifier } from './jws.ts';
import { checkSignature, documentHash, publicKeyBytes, readCompact, signCompact } from './jws.ts';
import { DOCUMENT_CHARS_MAX, DOMAINS_MAX, DOMAINS_MIN, NODES_MAX } from './limits.ts';
import { payloadReader } from './payload.ts';
import type { DomainSection } from './section.ts';
import { openSection, PUBLIC_KEY } from './section.ts';

/** What the operator signs: the assembly of the domains' own sections. */
export interface RingPayload {
  readonly epoch: Epoch;
  /** Hash of the document before this one; null in the first. */
  readonly previous: string | null;
  /** How many nodes vote on a flag. */
  readonly acceptors: 1 | 3;
  /** Windows that start at this Unix millisecond or later are placed as this document says. */
  readonly placementFrom: number;
  /** The epoch of the document that began this placement: this one, or an earlier one that placed the same. */
  readonly placementEpoch: Epoch;
  /** One party made all keys: no privacy at all; for tests and demonstrations. */
  readonly development: boolean;
  /** The operator's Ed25519 public key, base64url; it signs this document and the streams. */
  readonly operatorKey: string;
  /** The domains' section documents, compact JWS each. */
  readonly sections: readonly string[];
}

export interface RingDocument extends Omit<RingPayload, 'sections'> {
  /** The document as it was signed. */
  readonly jws: string;
  /** Hex SHA-256 over the exact signed bytes, as {@link documentHash}. */
  readonly hash: string;
  /** In the document's order. */
  readonly domains: readonly DomainSection[];
}

/** Keys that the reader knows from elsewhere; whoever pins none believes the document's own. */
export interface RingTrust {
  readonly operatorKey?: string;
  /**
   * Per domain its public key, base64url. Where it is given, every domain of the ring must be in it, under that
   * key or one that this key has signed in its section.
   */
  readonly domainKeys?: Readonly<Record<DomainId, string>>;
}

const readRing = payloadReader(
  'a ring document',
  Type.Object(
    {
      format: Type.Literal(1),
      epoch: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }),
      previous: Type.Union([Type.String({ pattern: '^[0-9a-f]{64}$' }), Type.Null()]),
      acceptors: Type.Union([Type.Literal(1), Type.Literal(3)]),
      placementFrom: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }),
      placementEpoch: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }),
      development: Type.Boolean(),
      operatorKey: PUBLIC_KEY,
      sections: Type.Array(Type.String({ maxLength: DOCUMENT_CHARS_MAX }), {
        minItems: DOMAINS_MIN,
        maxItems: DOMAINS_MAX,
      }),
    },
    { additionalProperties: false },
  ),
  'format',
  1,
);

/**
 * Opens a ring document: the operator's signature, every domain's signature over its own section, schema,
 * limits, and that nothing in the ring exists twice.
 * @param trust pinned keys; a sensor gives both, a node of a domain at least its operator's.
 * @throws EngineError `RING_REFUSED` naming the rule, `SIGNATURE_INVALID`, `SCHEMA_MISMATCH`,
 * `UNSUPPORTED_VERSION`, `MALFORMED_TEXT`, `BODY_TOO_LARGE`
 */
export async function openRingDocument(
  jws: string,
  verifier: Verifier,
  trust: RingTrust = {},
): Promise<RingDocument> {
  const document = readCompact('mcloud-ring+jws', jws);
  const { format: _, sections, ...payload } = readRing(document.payload);
  if (trust.operatorKey !== undefined && payload.operatorKey !== trust.operatorKey) {
    throw refused(`expected the operator key ${trust.operatorKey}, got ${payload.operatorKey}`);
  }
  await checkSignature('mcloud-ring+jws', document, publicKeyBytes(payload.operatorKey), verifier);
  const domains: DomainSection[] = [];
  for (const section of sections) domains.push(await openSection(section, verifier));
  const ring: RingDocument = {
    jws,
    hash: documentHash(jws),
    domains,
    ...payload,
    epoch: epoch(payload.epoch),
    placementEpoch: epoch(payload.placementEpoch),
  };
  checkRing(ring);
  checkPins(ring, trust);
  return ring;
}

/** Signs a ring document with the operator's key, for the tools that make documents. */
export function signRingDocument(payload: RingPayload, signer: Signer): Promise<string> {
  return signCompact('mcloud-ring+jws', { format: 1, ...payload }, signer);
}

function checkRing(ring: RingDocument): void {
  if ((ring.epoch === 1) !== (ring.previous === null)) {
    throw refused(
      `expected a previous document exactly from epoch 2 on, got epoch ${ring.epoch} with ${ring.previous === null ? 'none' : 'one'}`,
    );
  }
  if (ring.placementEpoch > ring.epoch) {
    throw refused(`expected a placement of epoch ${ring.epoch} or earlier, got ${ring.placementEpoch}`);
  }
  const nodes = ring.domains.flatMap((domain) => domain.nodes);
  if (nodes.length > NODES_MAX)
    throw refused(`expected at most ${NODES_MAX} nodes in the ring, got ${nodes.length}`);
  const { domains } = ring;
  checkDistinct(
    'domain id',
    domains.map(({ domain }) => domain),
  );
  // One key, authority or sealing key for two domains means one party for two shares of a reading.
  checkDistinct('signing key', [ring.operatorKey, ...domains.map(({ key }) => key)]);
  checkDistinct(
    'certificate authority',
    domains.map(({ certificateAuthority }) => certificateAuthority),
  );
  checkDistinct(
    'sealing key',
    domains.map(({ sealingKey }) => sealingKey),
  );
  checkDistinct(
    'node id',
    nodes.map(({ id }) => id),
  );
  checkDistinct(
    'node address',
    nodes.flatMap(({ url, peerUrl }) => [url, peerUrl]),
  );
  checkDistinct(
    'store id',
    nodes.map(({ storeId }) => storeId),
  );
  // A node may stand beside its own lost store until it has another one, but no store belongs to two domains.
  checkDistinct(
    'store id',
    domains.flatMap((section) => [
      ...new Set([...section.nodes.map(({ storeId }) => storeId), ...section.lostStores]),
    ]),
  );
}

function checkDistinct(what: string, values: readonly string[]): void {
  const seen = new Set<string>();
  for (const value of values) {
    if (seen.has(value)) {
      const shown = value.length <= 120 ? `, got ${value} twice` : '';
      throw refused(`expected every ${what} once in the ring${shown}`);
    }
    seen.add(value);
  }
}

function checkPins(ring: RingDocument, { domainKeys }: RingTrust): void {
  if (domainKeys === undefined) return;
  for (const { domain, key, rotatedFrom } of ring.domains) {
    const pinned = Object.hasOwn(domainKeys, domain) ? domainKeys[domain] : undefined;
    if (pinned === undefined)
      throw refused(`expected only pinned domains, got ${domain} without a pinned key`);
    if (pinned !== key && pinned !== rotatedFrom)
      throw refused(`expected the pinned key ${pinned} for domain ${domain}, got ${key}`);
  }
}

function refused(message: string): EngineError {
  return new EngineError('RING_REFUSED', message);
}
