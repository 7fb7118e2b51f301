import { EngineError } from '../foundation/index.ts';
import type { RingDocument } from './document.ts';
import type { DomainSection } from './section.ts';

/**
 * Says whether `next` may follow the newest document. The same document again passes, so that a repeated
 * delivery is harmless. What only the whole row of documents shows, {@link extendHistory} checks.
 * @throws EngineError `RING_CONFLICT` for two documents of one epoch, `RING_REFUSED` naming the broken rule
 */
export function checkSuccessor(current: RingDocument, next: RingDocument): void {
  if (next.epoch === current.epoch) {
    if (next.hash === current.hash) return;
    throw new EngineError(
      'RING_CONFLICT',
      `expected one ring document of epoch ${current.epoch}, got ${next.hash} beside ${current.hash}`,
    );
  }
  if (next.epoch !== current.epoch + 1) {
    const skipped = next.epoch > current.epoch ? '; publish the documents between them first' : '';
    throw refused(
      `expected epoch ${current.epoch + 1} after epoch ${current.epoch}, got ${next.epoch}${skipped}`,
    );
  }
  if (next.previous !== current.hash) {
    throw refused(`expected the previous document ${current.hash}, got ${String(next.previous)}`);
  }
  if (next.operatorKey !== current.operatorKey) {
    throw refused(`expected the operator key ${current.operatorKey}, got ${next.operatorKey}`);
  }
  if (next.development !== current.development) {
    throw refused(`expected development ${current.development} for the ring's whole life, got the other`);
  }
  checkSections(current, next);
  checkPlacement(current, next);
}

/** Whether two documents put every window on the same nodes and stores. */
export function placesAlike(a: RingDocument, b: RingDocument): boolean {
  return placementFacts(a) === placementFacts(b);
}

/** A placement begins with a document that says so, later than the one before; otherwise nothing of it changes. */
function checkPlacement(current: RingDocument, next: RingDocument): void {
  if (next.placementEpoch === next.epoch) {
    if (next.placementFrom > current.placementFrom) return;
    throw refused(
      `expected a placement that begins after ${current.placementFrom}, got ${next.placementFrom}`,
    );
  }
  if (next.placementEpoch !== current.placementEpoch || next.placementFrom !== current.placementFrom) {
    throw refused(
      `expected the placement of epoch ${current.placementEpoch} from ${current.placementFrom} on, or a new one of epoch ${next.epoch}; got that of epoch ${next.placementEpoch} from ${next.placementFrom} on`,
    );
  }
  if (placesAlike(current, next)) return;
  throw refused(
    `expected placementEpoch ${next.epoch} and a later placementFrom in a document that changes nodes, stores, domains, replicas or acceptors`,
  );
}

function checkSections(current: RingDocument, next: RingDocument): void {
  const before = new Map(current.domains.map((section) => [section.domain, section]));
  for (const section of next.domains) {
    const old = before.get(section.domain);
    if (old !== undefined) checkSectionSuccessor(old, section);
  }
}

/** @throws EngineError `RING_REFUSED` */
export function checkSectionSuccessor(old: DomainSection, section: DomainSection): void {
  if (section.version < old.version) {
    throw refused(
      `expected version ${old.version} or newer of the section of domain ${old.domain}, got ${section.version}`,
    );
  }
  if (section.version === old.version && section.jws !== old.jws) {
    throw refused(
      `expected one section of version ${old.version} of domain ${old.domain}, got another of that version`,
    );
  }
  if (section.key !== old.key && section.rotatedFrom !== old.key) {
    throw refused(
      `expected the key ${old.key} of domain ${old.domain} or one that it has signed, got ${section.key}`,
    );
  }
  const lost = new Set(section.lostStores);
  const found = old.lostStores.find((store) => !lost.has(store));
  if (found !== undefined) {
    throw refused(`expected store ${found} of domain ${old.domain} to stay lost, got a section without it`);
  }
  const stores = new Map(old.nodes.map(({ id, storeId }) => [id, storeId]));
  for (const { id, storeId } of section.nodes) {
    const before = stores.get(id);
    if (before === undefined || before === storeId || lost.has(before)) continue;
    throw refused(`expected store ${before} of node ${id} to be declared lost before it gets another one`);
  }
}

/** Everything placement is computed from, as one comparable text; the order of domains and nodes is not part. */
function placementFacts(ring: RingDocument): string {
  const domains = ring.domains
    .map(({ domain, replicas, nodes }) => {
      const placed = nodes.map(({ id, storeId }) => `${id}:${storeId}`).sort();
      return [domain, replicas, ...placed].join(' ');
    })
    .sort();
  return [ring.acceptors, ...domains].join('\n');
}

function refused(message: string): EngineError {
  return new EngineError('RING_REFUSED', message);
}
