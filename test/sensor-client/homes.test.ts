import { describe, expect, it } from 'vitest';
import { createHomes } from '../../sensor-client/homes.ts';
import { PARTITION_MS } from '../../sensor-client/limits.ts';
import { cryptoRandomBytes } from '../../src/platform/index.ts';
import {
  createPlacement,
  type DomainId,
  type NodeId,
  nodeId,
  PARTITIONS,
  partition,
} from '../../src/ring/index.ts';
import { developmentRing } from '../support/development-ring.ts';

const NOBODY: ReadonlySet<NodeId> = new Set();

async function begin(nodes: readonly number[], acceptors: 1 | 3 = 1) {
  const ring = await developmentRing({ nodes: [...nodes], acceptors });
  const placement = createPlacement(ring);
  const domains = ring.domains.map(({ domain }) => domain);
  return { ring, placement, domains, view: { ring, placement, placementEpoch: ring.placementEpoch } };
}

describe('the home of a sensor', () => {
  it('stays the same while it answers, and the partitions are those that it is the first owner of', async () => {
    const { placement, domains, view } = await begin([2, 3, 2]);
    const homes = createHomes(cryptoRandomBytes);
    const chosen = Array.from({ length: 50 }, (_, i) =>
      homes.choose(view, domains, NOBODY, i * PARTITION_MS),
    );
    expect(new Set(chosen.map((one) => one?.node)).size).toBe(1);
    expect(new Set(chosen.map((one) => one?.partition)).size).toBeGreaterThan(10);
    for (const one of chosen) {
      if (one === null) throw new Error('expected a home');
      const { domain } = placement.node(one.node);
      expect(placement.owners(domain, one.partition)[0]).toBe(one.node);
    }
  });

  it('has sensors that keep to one node use one partition at a time, each of its own in turn', async () => {
    const { placement, domains, view } = await begin([2, 2, 2]);
    const node = placement.owners(domains[0] as DomainId, partition(0))[0];
    const nodes = view.ring.domains.flatMap(({ nodes }) => nodes.map(({ id }) => id));
    // Sensors that all draw this node.
    const drawn = () => Uint8Array.of(0, 0, nodes.indexOf(node as NodeId));
    const chosenAt = (nowMs: number) => {
      const home = createHomes(drawn).choose(view, domains, NOBODY, nowMs);
      expect(home?.node).toBe(node);
      return home?.partition;
    };
    expect(chosenAt(PARTITION_MS - 1)).toBe(chosenAt(0));
    const own = Array.from({ length: PARTITIONS }, (_, at) => partition(at)).filter(
      (at) => placement.owners(domains[0] as DomainId, at)[0] === node,
    );
    expect(own.map((_, i) => chosenAt(i * PARTITION_MS)).toSorted()).toEqual(own.toSorted());
  });

  it('is another one for other sensors, of the domains of the stream alone', async () => {
    const { domains, view, ring } = await begin([2, 2, 2]);
    const two = domains.slice(0, 2);
    const homes = new Set(
      Array.from({ length: 60 }, () => createHomes(cryptoRandomBytes).choose(view, two, NOBODY, 0)?.node),
    );
    const expected = ring.domains.slice(0, 2).flatMap(({ nodes }) => nodes.map(({ id }) => id));
    expect([...homes].toSorted()).toEqual(expected.toSorted());
  });

  it('has no partition of which too few acceptors answer, as long as it has others', async () => {
    const { placement, domains, view } = await begin([2, 2, 2], 3);
    const away = new Set(['a1', 'b1', 'c1'].map(nodeId));
    const homes = createHomes(cryptoRandomBytes);
    const chosen = Array.from({ length: 200 }, (_, i) => homes.choose(view, domains, away, i * PARTITION_MS));
    for (const one of chosen) {
      if (one === null) throw new Error('expected a home');
      const live = placement.acceptors(domains, one.partition).filter((node) => !away.has(node));
      expect(live.length).toBeGreaterThanOrEqual(2);
    }
    expect(new Set(chosen.map((one) => one?.partition)).size).toBeGreaterThan(100);
  });

  it('is replaced while it is silent, and there is none where all are', async () => {
    const { domains, view, ring } = await begin([1, 1]);
    const homes = createHomes(cryptoRandomBytes);
    const home = homes.choose(view, domains, NOBODY, 0)?.node;
    if (home === undefined) throw new Error('expected a home');
    const next = homes.choose(view, domains, new Set([home]), 0)?.node;
    expect(next).not.toBe(home);
    expect(homes.choose(view, domains, NOBODY, 0)?.node).toBe(next);
    const all = new Set(ring.domains.flatMap(({ nodes }) => nodes.map(({ id }) => id)));
    expect(homes.choose(view, domains, all, 0)).toBeNull();
  });
});
