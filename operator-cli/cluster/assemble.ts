import { EngineError, toBase64Url } from '../../src/foundation/index.ts';
import { nodeVerifier, publicKeyFromPem, signerFromPem } from '../../src/platform/ed25519.ts';
import type { DomainSection, RingDocument } from '../../src/ring/index.ts';
import {
  checkSuccessor,
  comparableName,
  DOMAINS_MAX,
  DOMAINS_MIN,
  epoch,
  openRingDocument,
  placesAlike,
  signRingDocument,
} from '../../src/ring/index.ts';

export interface AssembleOptions {
  /** The domains' sections as they signed them, in the ring's order. */
  readonly sections: readonly string[];
  /** PKCS #8 PEM of the operator's key: it lists the domains and says nothing about who is in them. */
  readonly operatorKeyPem: string;
  readonly acceptors: 1 | 3;
  /** The newest document, where there is one; the new one is its successor. */
  readonly previous?: RingDocument;
  /** Start of the first window that a changed placement is for; needed where the sections change placement. */
  readonly placementFrom?: number;
}

/**
 * Assembles a ring document of independent domains from their own signed sections. No private key of a domain
 * is needed or seen.
 * @throws EngineError `INVALID_ARGUMENT` (too few or too many sections), `SIGNATURE_INVALID`, `RING_REFUSED`
 * naming the rule (a domain twice, one key, address or authority twice, no successor of the document in force),
 * and whatever opening a section throws
 */
export async function assembleRing(options: AssembleOptions): Promise<RingDocument> {
  const { sections, operatorKeyPem, acceptors, previous, placementFrom } = options;
  if (sections.length < DOMAINS_MIN || sections.length > DOMAINS_MAX) {
    throw new EngineError(
      'INVALID_ARGUMENT',
      `expected ${DOMAINS_MIN} to ${DOMAINS_MAX} sections, one per domain, got ${sections.length}`,
    );
  }
  const next = epoch(previous === undefined ? 1 : previous.epoch + 1);
  const jws = await signRingDocument(
    {
      epoch: next,
      previous: previous?.hash ?? null,
      acceptors,
      placementFrom: placementFrom ?? previous?.placementFrom ?? 0,
      placementEpoch: placementFrom === undefined && previous !== undefined ? previous.placementEpoch : next,
      development: previous?.development ?? false,
      operatorKey: toBase64Url(publicKeyFromPem(operatorKeyPem)),
      sections,
    },
    signerFromPem(operatorKeyPem),
  );
  const ring = await openRingDocument(jws, nodeVerifier);
  if (previous === undefined) return ring;
  // The rule itself speaks of the document's fields, which nobody writes by hand.
  if (placementFrom === undefined && !placesAlike(previous, ring)) {
    throw new EngineError(
      'RING_REFUSED',
      'expected --placement-from, a time later than every open window, where nodes, stores, domains, replicas or acceptors change; got none',
    );
  }
  checkSuccessor(previous, ring);
  return ring;
}

/** Names that stand behind more than one domain; a stream over both of them would be refused by its sensors. */
export function sharedNames(domains: readonly DomainSection[]): readonly string[] {
  const domainsOf = new Map<string, string[]>();
  for (const { domain, operatorName, provider } of domains) {
    for (const name of [`operator ${operatorName}`, `provider ${provider}`]) {
      const spelling = comparableName(name);
      domainsOf.set(spelling, [...(domainsOf.get(spelling) ?? []), domain]);
    }
  }
  return [...domainsOf]
    .filter(([, names]) => names.length > 1)
    .map(([name, names]) => `${name}: ${names.join(', ')}`);
}
