import { EngineError, Type } from '../foundation/index.ts';
import type { DomainId, NodeId, StoreId } from './identifiers.ts';
import { domainId, nodeId, storeId } from './identifiers.ts';
import type { Signer, Verifier } from './jws.ts';
import { checkSignature, publicKeyBytes, readCompact, signCompact } from './jws.ts';
import {
  CERTIFICATE_CHARS_MAX,
  KEY_PROOF_CHARS_MAX,
  LEGAL_NAME_CHARS_MAX,
  LOST_STORES_MAX,
  NODES_PER_DOMAIN_MAX,
  ORIGIN_CHARS_MAX,
} from './limits.ts';
import { payloadReader } from './payload.ts';

/** One cloud computer as its domain describes it. */
export interface RingNode {
  readonly id: NodeId;
  /** https origin for sensors and operators. */
  readonly url: string;
  /** https origin for other nodes; mutual TLS only. */
  readonly peerUrl: string;
  readonly storeId: StoreId;
}

/** What a domain says about itself, signed by its own key: the operator may list it, never edit it. */
export interface SectionPayload {
  readonly domain: DomainId;
  /** Grows with every change; a section older than one seen is refused. */
  readonly version: number;
  /** The legal person that runs the domain's nodes. */
  readonly operatorName: string;
  /** The company whose computers they are. */
  readonly provider: string;
  /** The domain's Ed25519 public key, base64url. */
  readonly key: string;
  /**
   * Where the key is not the one of the section before: the old key's word for the new one, as
   * {@link signKeyRotation} makes it.
   */
  readonly keyProof?: string;
  /** PEM of the domain's own certificate authority, the only trust anchor for its nodes. */
  readonly certificateAuthority: string;
  /** P-256 public key, uncompressed, base64url: sensors seal the domain's shares to it. */
  readonly sealingKey: string;
  /** How many nodes of the domain own each partition. */
  readonly replicas: number;
  readonly nodes: readonly RingNode[];
  /** Stores whose contents are gone for good; they never vote again. */
  readonly lostStores: readonly StoreId[];
}

export interface DomainSection extends SectionPayload {
  /** The section as it was signed. */
  readonly jws: string;
  /** The key, base64url, that has named this section's key as its successor; null where the section shows none. */
  readonly rotatedFrom: string | null;
}

/** The name of an operator or a provider as it is compared with others: without case, and other spaces or forms of a letter. */
export function comparableName(name: string): string {
  return name.normalize('NFKC').replace(/\s+/gu, ' ').trim().toLowerCase();
}

const closed = { additionalProperties: false } as const;
/** A domain or node id. */
export const NAME = Type.String({ pattern: '^[a-z][a-z0-9-]{0,30}$' });
const STORE_ID = Type.String({ pattern: '^[0-9a-f]{32}$' });
const LEGAL_NAME = Type.String({ minLength: 1, maxLength: LEGAL_NAME_CHARS_MAX });
const ORIGIN = Type.String({ minLength: 1, maxLength: ORIGIN_CHARS_MAX });
/** The 65 bytes of an uncompressed point in base64url: the first byte is 4, and two bits of the last digit are 0. */
const POINT = Type.String({ pattern: '^B[A-Za-z0-9_-]{85}[AEIMQUYcgkosw048]$' });
/** A 32-byte key in base64url. */
export const PUBLIC_KEY = Type.String({ pattern: '^[A-Za-z0-9_-]{43}$' });

const readSection = payloadReader(
  'a domain section',
  Type.Object(
    {
      format: Type.Literal(1),
      domain: NAME,
      version: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }),
      operatorName: LEGAL_NAME,
      provider: LEGAL_NAME,
      key: PUBLIC_KEY,
      keyProof: Type.Optional(Type.String({ maxLength: KEY_PROOF_CHARS_MAX })),
      certificateAuthority: Type.String({
        maxLength: CERTIFICATE_CHARS_MAX,
        pattern:
          '^-----BEGIN CERTIFICATE-----\\n(?:[A-Za-z0-9+/]{1,64}={0,2}\\n)+-----END CERTIFICATE-----\\n$',
      }),
      sealingKey: POINT,
      replicas: Type.Integer({ minimum: 1, maximum: NODES_PER_DOMAIN_MAX }),
      nodes: Type.Array(Type.Object({ id: NAME, url: ORIGIN, peerUrl: ORIGIN, storeId: STORE_ID }, closed), {
        minItems: 1,
        maxItems: NODES_PER_DOMAIN_MAX,
      }),
      lostStores: Type.Array(STORE_ID, { maxItems: LOST_STORES_MAX }),
    },
    closed,
  ),
  'format',
  1,
);

/**
 * Opens a section: signature by the key it names, schema, and the rules that need no other section.
 * @throws EngineError `RING_REFUSED` naming the rule, `SIGNATURE_INVALID`, `SCHEMA_MISMATCH`,
 * `UNSUPPORTED_VERSION`, `MALFORMED_TEXT`
 */
export async function openSection(jws: string, verifier: Verifier): Promise<DomainSection> {
  const document = readCompact('mcloud-domain+jws', jws);
  const { format: _, ...payload } = readSection(document.payload);
  await checkSignature('mcloud-domain+jws', document, publicKeyBytes(payload.key), verifier);
  const section: DomainSection = {
    jws,
    rotatedFrom: await rotatedFrom(payload, verifier),
    ...payload,
    domain: domainId(payload.domain),
    nodes: payload.nodes.map((node) => ({
      ...node,
      id: nodeId(node.id),
      storeId: storeId(node.storeId),
    })),
    lostStores: payload.lostStores.map(storeId),
  };
  checkSection(section);
  return section;
}

/** Signs a domain's section with the domain's own key, for the tools that make documents. */
export function signSection(payload: SectionPayload, signer: Signer): Promise<string> {
  return signCompact('mcloud-domain+jws', { format: 1, ...payload }, signer);
}

const readRotation = payloadReader(
  'a key rotation',
  Type.Object({ format: Type.Literal(1), domain: NAME, oldKey: PUBLIC_KEY, newKey: PUBLIC_KEY }, closed),
  'format',
  1,
);

/**
 * The old key's word that the domain goes on under a new one: what lets sensors that pinned the old key follow.
 * @param signer signs with the old key.
 */
export function signKeyRotation(
  rotation: { readonly domain: DomainId; readonly oldKey: string; readonly newKey: string },
  signer: Signer,
): Promise<string> {
  return signCompact('mcloud-domain-key+jws', { format: 1, ...rotation }, signer);
}

async function rotatedFrom(
  { domain, key, keyProof }: Pick<SectionPayload, 'key' | 'keyProof'> & { readonly domain: string },
  verifier: Verifier,
): Promise<string | null> {
  if (keyProof === undefined) return null;
  const document = readCompact('mcloud-domain-key+jws', keyProof);
  const rotation = readRotation(document.payload);
  await checkSignature('mcloud-domain-key+jws', document, publicKeyBytes(rotation.oldKey), verifier);
  if (rotation.domain === domain && rotation.newKey === key) return rotation.oldKey;
  throw new EngineError(
    'RING_REFUSED',
    `expected a proof of the key ${key} of domain ${domain}, got one of ${rotation.newKey} of ${rotation.domain}`,
  );
}

function checkSection(section: DomainSection): void {
  if (section.replicas > section.nodes.length) {
    throw new EngineError(
      'RING_REFUSED',
      `expected at most as many replicas as nodes in domain ${section.domain}, got ${section.replicas} replicas for ${section.nodes.length} nodes`,
    );
  }
  for (const node of section.nodes) {
    for (const [field, origin] of [
      ['url', node.url],
      ['peerUrl', node.peerUrl],
    ] as const) {
      // One spelling per origin, else two entries could name one computer.
      if (!URL.canParse(origin) || !origin.startsWith('https://') || new URL(origin).origin !== origin) {
        throw new EngineError(
          'RING_REFUSED',
          `expected an https origin without path as ${field} of node ${node.id}, got ${JSON.stringify(origin)}`,
        );
      }
    }
  }
}
