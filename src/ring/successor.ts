import { EngineError } from '../foundation/index.ts';
import type { RingDocument } from './document.ts';
import type { DomainSection } from './section.ts';

/**
 * Says whether `next` may follow the document in force. The same document again passes, so that a repeated
 * delivery is harmless.
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
    throw refused(`expected epoch ${current.epoch + 1} after epoch ${current.epoch}, got ${next.epoch}`);
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
  if (placementFacts(next) !== placementFacts(current)) {
    throw refused('a ring document that changes placement is not supported yet');
  }
}

function checkSections(current: RingDocument, next: RingDocument): void {
  const before = new Map(current.domains.map((section) => [section.domain, section]));
  for (const section of next.domains) {
    const old = before.get(section.domain);
    if (old !== undefined) checkSectionSuccessor(old, section);
  }
}

function checkSectionSuccessor(old: DomainSection, section: DomainSection): void {
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
  if (section.key !== old.key) {
    throw refused(`expected the key ${old.key} of domain ${old.domain}, got ${section.key}`);
  }
  const lost = new Set(section.lostStores);
  const found = old.lostStores.find((store) => !lost.has(store));
  if (found !== undefined) {
    throw refused(`expected store ${found} of domain ${old.domain} to stay lost, got a section without it`);
  }
}

/** Everything placement is computed from, as one comparable text; the order of domains and nodes is not part. */
function placementFacts(ring: RingDocument): string {
  const domains = ring.domains
    .map(({ domain, replicas, nodes }) => [domain, replicas, ...nodes.map(({ id }) => id).sort()].join(' '))
    .sort();
  return [ring.acceptors, ring.placementFrom, ...domains].join('\n');
}

function refused(message: string): EngineError {
  return new EngineError('RING_REFUSED', message);
}
