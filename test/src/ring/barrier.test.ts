import { describe, expect, it } from 'vitest';
import type { DomainId, NodeId, RingDocument } from '../../../src/ring/index.ts';
import { createPlacement, majority, majorityPromised, partition } from '../../../src/ring/index.ts';
import { developmentRing } from '../../support/development-ring.ts';
import { fc, test } from '../../support/property.ts';

const idsOf = (ring: RingDocument): readonly NodeId[] =>
  ring.domains.flatMap(({ nodes }) => nodes.map(({ id }) => id));

/** Every set of two domains or more, as streams may have them. */
function setsOf(domains: readonly DomainId[]): readonly (readonly DomainId[])[] {
  return Array.from({ length: 2 ** domains.length }, (_, bits) =>
    domains.filter((_domain, place) => (bits >> place) % 2 === 1),
  ).filter(({ length }) => length >= 2);
}

describe('a new placement', () => {
  it('may be in force once every node of the old one has promised, and not while none has', async () => {
    const ring = await developmentRing({ nodes: [2, 2, 2], acceptors: 3 });
    const placement = createPlacement(ring);
    expect(majorityPromised(ring, placement, new Set(idsOf(ring)))).toBe(true);
    expect(majorityPromised(ring, placement, new Set())).toBe(false);
  });

  it('waits for no single node where three vote, and for every one where one does', async () => {
    for (const [acceptors, enough] of [
      [3, true],
      [1, false],
    ] as const) {
      const ring = await developmentRing({ nodes: [2, 2, 2], acceptors });
      const allButOne = new Set(idsOf(ring).slice(1));
      expect(majorityPromised(ring, createPlacement(ring), allButOne)).toBe(enough);
    }
  });

  test.prop(
    [
      fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 2, maxLength: 4 }),
      fc.constantFrom<1 | 3>(1, 3),
      fc.array(fc.boolean(), { minLength: 12, maxLength: 12 }),
    ],
    { numRuns: 12 },
  )(
    'is in force exactly when a majority of the acceptors of every partition of every stream has promised',
    async (nodes, acceptors, promises) => {
      const ring = await developmentRing({ nodes, acceptors });
      const placement = createPlacement(ring);
      const promised = new Set(idsOf(ring).filter((_, place) => promises[place]));
      const sets = setsOf(ring.domains.map(({ domain }) => domain));
      const everywhere = Array.from({ length: 1_024 }, (_, at) => partition(at)).every((at) =>
        sets.every((set) => {
          const voters = placement.acceptors(set, at);
          return voters.filter((node) => promised.has(node)).length >= majority(voters.length);
        }),
      );
      expect(majorityPromised(ring, placement, promised)).toBe(everywhere);
    },
  );
});
