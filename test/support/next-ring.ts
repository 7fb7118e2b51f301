import type { DomainId, RingDocument, SectionPayload } from '../../src/ring/index.ts';
import { epoch, openRingDocument, signKeyRotation, signSection, storeId } from '../../src/ring/index.ts';
import {
  fixedKey,
  ringPayload,
  sectionPayload,
  signFixedRing,
  signFixedSection,
  testVerifier,
} from './development-ring.ts';

/**
 * The document after `before`, with the sections that `change` returns otherwise than it got them; `begins` makes
 * it one of a new placement.
 */
export async function nextRing(
  before: RingDocument,
  change: (section: SectionPayload) => SectionPayload,
  begins?: number,
): Promise<RingDocument> {
  const sections: string[] = [];
  for (const { jws, rotatedFrom: _, ...payload } of before.domains) {
    const changed = change(payload);
    const version = payload.version + 1;
    sections.push(changed === payload ? jws : await signFixedSection({ ...changed, version }));
  }
  const { acceptors, development } = before;
  const next = epoch(before.epoch + 1);
  const signed = await signFixedRing({
    ...ringPayload(sections, { acceptors, development }),
    epoch: next,
    previous: before.hash,
    placementFrom: begins ?? before.placementFrom,
    placementEpoch: begins === undefined ? before.placementEpoch : next,
  });
  return openRingDocument(signed, testVerifier);
}

/** One more node in a domain of the names that {@link sectionPayload} gives. */
export function grown(domain: DomainId): (section: SectionPayload) => SectionPayload {
  return (section) => {
    if (section.domain !== domain) return section;
    return { ...section, nodes: sectionPayload(domain, section.nodes.length + 1).nodes };
  };
}

/** The store of a domain's node of that place declared lost, with another one in its place if it is named. */
export function lost(
  domain: DomainId,
  place: number,
  next?: string,
): (section: SectionPayload) => SectionPayload {
  return (section) => {
    const node = section.nodes[place];
    if (section.domain !== domain || node === undefined) return section;
    const nodes = section.nodes.map((other) =>
      other === node && next !== undefined ? { ...node, storeId: storeId(next) } : other,
    );
    return { ...section, nodes, lostStores: [...section.lostStores, node.storeId] };
  };
}

/** The document after `before` in which a domain has another key, for which the one before vouches; both by their names. */
export async function rotatedRing(
  before: RingDocument,
  domain: DomainId,
  from: string,
  to: string,
): Promise<RingDocument> {
  const rotation = { domain, oldKey: fixedKey(from).publicKey, newKey: fixedKey(to).publicKey };
  const keyProof = await signKeyRotation(rotation, fixedKey(from).signer);
  const sections = await Promise.all(
    before.domains.map(({ jws, rotatedFrom: _, ...section }) => {
      if (section.domain !== domain) return jws;
      const rotated = { ...section, version: section.version + 1, key: rotation.newKey, keyProof };
      return signSection(rotated, fixedKey(to).signer);
    }),
  );
  const { acceptors, development, placementFrom, placementEpoch } = before;
  const signed = await signFixedRing({
    ...ringPayload(sections, { acceptors, development }),
    ...{ epoch: epoch(before.epoch + 1), previous: before.hash, placementFrom, placementEpoch },
  });
  return openRingDocument(signed, testVerifier);
}
