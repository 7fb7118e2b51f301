import { expect, it } from 'vitest';
import { createPhoneBook } from '../../../node/engine/phone-book.ts';
import { createRings } from '../../../node/engine/rings.ts';
import type { SectionPayload } from '../../../src/ring/index.ts';
import { domainId, extendHistory, nodeId, ringHistory } from '../../../src/ring/index.ts';
import { developmentRing } from '../../support/development-ring.ts';
import { nextRing } from '../../support/next-ring.ts';

const A = domainId('a');

/** The section of domain a without its last node, whose store may be declared lost. */
const withoutLast =
  (isLost: boolean) =>
  (section: SectionPayload): SectionPayload => {
    const last = section.nodes.at(-1);
    if (section.domain !== A || last === undefined) return section;
    const lostStores = isLost ? [...section.lostStores, last.storeId] : section.lostStores;
    return { ...section, nodes: section.nodes.slice(0, -1), lostStores };
  };

it('takes calls of a node that has left the ring, and of none whose store is declared lost then', async () => {
  const ring = await developmentRing({ nodes: [3, 1] });
  const [first = expect.fail('no node')] = ring.domains[0]?.nodes ?? [];
  const self = { nodeId: first.id, domain: A, storeId: first.storeId };
  const rings = createRings({ history: ringHistory(ring), self });
  const book = createPhoneBook(rings);
  const callers = () => book.peerDomains().flatMap(({ nodes }) => nodes.map(({ id }) => id));
  expect(callers()).toEqual(['a1', 'a2', 'a3', 'b1']);
  const second = await nextRing(ring, withoutLast(false), 1);
  rings.adopt(extendHistory(rings.history(), second));
  expect(callers()).toEqual(['a1', 'a2', 'a3', 'b1']);
  const third = await nextRing(second, withoutLast(true), 2);
  rings.adopt(extendHistory(rings.history(), third));
  expect(callers()).toEqual(['a1', 'a3', 'b1']);
  // What is left of its part in old windows is asked for where it was.
  expect(book.target(nodeId('a2')).pool).toBe(A);
});
