import { describe, expect, it } from 'vitest';
import { bigEndian, labelledHash, toHex, utf8 } from '../../../src/foundation/index.ts';
import type { DomainId, NodeId, Placement, RingDocument, StoreId } from '../../../src/ring/index.ts';
import {
  createPlacement,
  majority,
  nodeId,
  PARTITIONS,
  partition,
  registerPartition,
  streamHash,
  windowId,
} from '../../../src/ring/index.ts';
import type { RingShape } from '../../support/development-ring.ts';
import { developmentRing, domainNames } from '../../support/development-ring.ts';
import { fc, test } from '../../support/property.ts';

const everyPartition = Array.from({ length: PARTITIONS }, (_, at) => partition(at));
const stream = streamHash('5a'.repeat(32));
const window = windowId(1_700_000_000_000);

/** A ring document's shape without signatures; placement never looks at them. */
async function unsigned(nodes: readonly (readonly string[])[], replicas = 1): Promise<RingDocument> {
  const ring = await developmentRing({ nodes: nodes.map(() => 1), acceptors: 3 });
  return {
    ...ring,
    domains: ring.domains.map((section, i) => ({
      ...section,
      replicas: Math.min(replicas, nodes[i]!.length),
      nodes: nodes[i]!.map((name) => ({ ...section.nodes[0]!, id: nodeId(name), storeId: name as StoreId })),
    })),
  };
}

const nodeNames = (maxLength: number) =>
  fc.uniqueArray(fc.stringMatching(/^[a-z][a-z0-9-]{0,12}$/), { minLength: 1, maxLength });

async function placementOf(
  shape: RingShape,
): Promise<{ placement: Placement; domains: readonly DomainId[] }> {
  return {
    placement: createPlacement(await developmentRing(shape)),
    domains: domainNames(shape.nodes.length),
  };
}

describe('the owners of a partition', () => {
  test.prop([nodeNames(8), fc.integer({ min: 1, max: 5 })], { numRuns: 15 })(
    'are as many distinct nodes of the domain as it has replicas',
    async (names, replicas) => {
      const placement = createPlacement(await unsigned([names, ['elsewhere']], replicas));
      for (const at of everyPartition) {
        const owners = placement.owners(domainNames(1)[0]!, at);
        expect(owners).toHaveLength(Math.min(replicas, names.length));
        expect(new Set(owners).size).toBe(owners.length);
        expect(owners.every((owner) => names.includes(owner))).toBe(true);
      }
    },
  );

  test.prop([nodeNames(8), fc.integer({ min: 1, max: 4 })], { numRuns: 15 })(
    'change only by the node that joins',
    async (names, replicas) => {
      const domain = domainNames(1)[0]!;
      const [newcomer, ...others] = names;
      fc.pre(newcomer !== undefined && others.length >= replicas);
      const before = createPlacement(await unsigned([others, ['elsewhere']], replicas));
      const after = createPlacement(await unsigned([names, ['elsewhere']], replicas));
      for (const at of everyPartition) {
        const left = after.owners(domain, at).filter((owner) => owner !== newcomer);
        expect(left).toEqual(before.owners(domain, at).slice(0, left.length));
      }
    },
  );

  test.prop([nodeNames(5), nodeNames(5)], { numRuns: 10 })(
    'do not depend on other domains, nor on the order of nodes in the document',
    async (names, others) => {
      const domain = domainNames(1)[0]!;
      const disjoint = others.map((name) => `z${name}`.slice(0, 20)).filter((name) => !names.includes(name));
      const alone = createPlacement(await unsigned([names, ['elsewhere']], 2));
      const among = createPlacement(await unsigned([names.toReversed(), ['elsewhere', ...disjoint]], 2));
      for (const at of everyPartition) expect(among.owners(domain, at)).toEqual(alone.owners(domain, at));
    },
  );

  it('are spread over 2 to 24 nodes within reason', async () => {
    for (let count = 2; count <= 24; count++) {
      const { placement, domains } = await placementOf({ nodes: [count, 1] });
      const held = new Map<NodeId, number>();
      for (const at of everyPartition) {
        const owner = placement.owners(domains[0]!, at)[0]!;
        held.set(owner, (held.get(owner) ?? 0) + 1);
      }
      const fair = PARTITIONS / count;
      expect(held.size).toBe(count);
      expect(Math.max(...held.values()) / fair).toBeLessThan(1.6);
      expect(Math.min(...held.values()) / fair).toBeGreaterThan(0.5);
    }
  });
});

/** The rule once more with whole 64-bit positions, distances and no precomputation. */
function plainAcceptors(ring: RingDocument, domains: readonly DomainId[], at: number): readonly string[] {
  const position = BigInt(at) << 54n;
  const ranked = domains.map((domain) => {
    const section = ring.domains.find((other) => other.domain === domain)!;
    return section.nodes
      .map(({ id }) => {
        const distances = Array.from({ length: 64 }, (_, i) => {
          const hash = labelledHash('ring-token', utf8(domain), utf8(id), bigEndian(i, 4));
          return BigInt.asUintN(64, BigInt(`0x${toHex(hash.slice(0, 8))}`) - position);
        });
        return { id, distance: distances.sort((a, b) => (a < b ? -1 : 1))[0]! };
      })
      .sort((a, b) => (a.distance < b.distance ? -1 : 1));
  });
  const rank = (index: number) =>
    ranked
      .flatMap((nodes) => nodes[index] ?? [])
      .sort((a, b) => (a.distance < b.distance ? -1 : 1))
      .map(({ id }) => id);
  const nodes = ranked.reduce((sum, list) => sum + list.length, 0);
  if (ring.acceptors === 1 || nodes < 3) return rank(0).slice(0, 1);
  return (domains.length < 3 ? [...rank(0), ...rank(1)] : rank(0)).slice(0, 3);
}

describe('the acceptors of a partition', () => {
  test.prop(
    [
      fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 2, maxLength: 4 }),
      fc.constantFrom<1 | 3>(1, 3),
      fc.array(fc.integer({ min: 0, max: PARTITIONS - 1 }), { minLength: 12, maxLength: 12 }),
    ],
    { numRuns: 20 },
  )('are those of the rule computed plainly', async (nodes, acceptors, partitions) => {
    const ring = await developmentRing({ nodes, acceptors });
    const placement = createPlacement(ring);
    const names = domainNames(nodes.length);
    for (const at of [0, PARTITIONS - 1, ...partitions]) {
      for (const domains of [names, names.slice(0, 2), names.toReversed().slice(0, 2)]) {
        expect(placement.acceptors(domains, partition(at))).toEqual(plainAcceptors(ring, domains, at));
      }
    }
  });

  it('are three nodes of three domains where the stream has three or more', async () => {
    for (const nodes of [
      [1, 1, 1],
      [2, 2, 2],
      [3, 1, 2, 2, 1],
    ]) {
      const { placement, domains } = await placementOf({ nodes, acceptors: 3 });
      for (const at of everyPartition) {
        const acceptors = placement.acceptors(domains, at);
        expect(acceptors).toHaveLength(3);
        expect(new Set(acceptors.map((id) => placement.node(id).domain)).size).toBe(3);
      }
    }
  });

  it('are three distinct nodes of both domains where the stream has two', async () => {
    for (const nodes of [
      [2, 2],
      [3, 3],
      [1, 2],
      [1, 5],
    ]) {
      const { placement, domains } = await placementOf({ nodes, acceptors: 3 });
      for (const at of everyPartition) {
        const acceptors = placement.acceptors(domains, at);
        expect(new Set(acceptors).size).toBe(3);
        expect(new Set(acceptors.map((id) => placement.node(id).domain)).size).toBe(2);
        expect(
          acceptors
            .slice(0, 2)
            .map((id) => placement.node(id).domain)
            .sort(),
        ).toEqual(domains);
      }
    }
  });

  it('are one node where the stream’s domains have two together, whatever the ring has', async () => {
    const { placement, domains } = await placementOf({ nodes: [1, 1, 4], acceptors: 3 });
    for (const at of everyPartition) {
      expect(placement.acceptors(domains.slice(0, 2), at)).toHaveLength(1);
      expect(placement.acceptors(domains, at)).toHaveLength(3);
      expect(placement.acceptors(domains.slice(1), at)).toHaveLength(3);
    }
  });

  it('are the nearest node alone in a ring with one acceptor', async () => {
    const one = await placementOf({ nodes: [2, 2, 2], acceptors: 1 });
    const three = await placementOf({ nodes: [2, 2, 2], acceptors: 3 });
    for (const at of everyPartition) {
      expect(one.placement.acceptors(one.domains, at)).toEqual(
        three.placement.acceptors(three.domains, at).slice(0, 1),
      );
    }
  });

  it('do not depend on the order in which the stream names its domains, nor on replicas', async () => {
    const { placement, domains } = await placementOf({ nodes: [2, 3, 2], acceptors: 3 });
    const replicated = await placementOf({ nodes: [2, 3, 2], acceptors: 3, replicas: 3 });
    for (const at of everyPartition) {
      const acceptors = placement.acceptors(domains, at);
      expect(placement.acceptors(domains.toReversed(), at)).toEqual(acceptors);
      expect(replicated.placement.acceptors(domains, at)).toEqual(acceptors);
    }
  });

  it('own the partition in their domains, so that shares and votes of a reading meet', async () => {
    const { placement, domains } = await placementOf({ nodes: [3, 3, 3], acceptors: 3 });
    for (const at of everyPartition) {
      for (const id of placement.acceptors(domains, at)) {
        expect(placement.owners(placement.node(id).domain, at)).toEqual([id]);
      }
    }
  });
});

describe('the register and the ledger of a window', () => {
  it('lie at the partition that a hash of the window’s name gives', async () => {
    const { placement, domains } = await placementOf({ nodes: [2, 2, 2], acceptors: 3 });
    const at = registerPartition(stream, window, 0);
    expect(placement.registerAcceptors(domains, stream, window, 0)).toEqual(placement.acceptors(domains, at));
    const partitions = new Set(
      Array.from({ length: 200 }, (_, group) => registerPartition(stream, window, group)),
    );
    expect(partitions.size).toBeGreaterThan(150);
    expect(registerPartition(stream, windowId(window + 1), 0)).not.toBe(at);
  });

  it('have all nodes of the domain as the ledger’s acceptors where flags have three', async () => {
    const { placement } = await placementOf({ nodes: [3, 2], acceptors: 3 });
    const [a, b] = domainNames(2);
    expect(placement.ledgerAcceptors(a!, stream, window, 0)).toEqual(['a1', 'a2', 'a3']);
    expect(placement.ledgerAcceptors(b!, stream, window, 0)).toEqual(['b1', 'b2']);
  });

  it('have the first owner alone as the ledger’s acceptor where flags have one', async () => {
    const { placement, domains } = await placementOf({ nodes: [3, 2], acceptors: 1, replicas: 2 });
    for (const domain of domains) {
      const owners = placement.owners(domain, registerPartition(stream, window, 7));
      expect(placement.ledgerAcceptors(domain, stream, window, 7)).toEqual(owners.slice(0, 1));
    }
  });
});

describe('a placement', () => {
  it('knows each node with its domain and refuses strangers', async () => {
    const { placement, domains } = await placementOf({ nodes: [2, 1] });
    expect(placement.node(nodeId('a2'))).toMatchObject({ domain: 'a', node: { id: 'a2' } });
    expect(() => placement.node(nodeId('c1'))).toThrow(expect.objectContaining({ code: 'WRONG_NODE' }));
    const stranger = domainNames(3)[2]!;
    expect(() => placement.owners(stranger, partition(0))).toThrow(
      expect.objectContaining({ code: 'WRONG_DOMAIN' }),
    );
    expect(() => placement.acceptors([...domains, stranger], partition(0))).toThrow(
      expect.objectContaining({ code: 'WRONG_DOMAIN' }),
    );
  });

  it('decides by 1 of 1, 2 of 3 and more than half of any', () => {
    expect([1, 2, 3, 4, 5, 6].map(majority)).toEqual([1, 2, 2, 3, 3, 4]);
  });
});
