import { describe, expect, it } from 'vitest';
import { createRelays } from '../../sensor-client/relays.ts';
import { cryptoRandomBytes } from '../../src/platform/index.ts';
import { createPlacement, type NodeId } from '../../src/ring/index.ts';
import { developmentRing } from '../support/development-ring.ts';

const NOBODY: ReadonlySet<NodeId> = new Set();

async function begin(nodes: readonly number[]) {
  const ring = await developmentRing({ nodes: [...nodes] });
  const placement = createPlacement(ring);
  const domains = ring.domains.map(({ domain }) => domain);
  return { ring, placement, domains, view: { ring, placement, placementEpoch: ring.placementEpoch } };
}

describe('the relay of a sensor', () => {
  it('stays the same while it answers, and the partitions are those that it is the first owner of', async () => {
    const { placement, domains, view } = await begin([2, 3, 2]);
    const relays = createRelays(cryptoRandomBytes);
    const chosen = Array.from({ length: 50 }, () => relays.choose(view, domains, NOBODY));
    expect(new Set(chosen.map((one) => one?.node)).size).toBe(1);
    expect(new Set(chosen.map((one) => one?.partition)).size).toBeGreaterThan(10);
    for (const one of chosen) {
      if (one === null) throw new Error('expected a relay');
      const { domain } = placement.node(one.node);
      expect(placement.owners(domain, one.partition)[0]).toBe(one.node);
    }
  });

  it('is another one for other sensors, of the domains of the stream alone', async () => {
    const { domains, view, ring } = await begin([2, 2, 2]);
    const two = domains.slice(0, 2);
    const homes = new Set(
      Array.from({ length: 60 }, () => createRelays(cryptoRandomBytes).choose(view, two, NOBODY)?.node),
    );
    const expected = ring.domains.slice(0, 2).flatMap(({ nodes }) => nodes.map(({ id }) => id));
    expect([...homes].toSorted()).toEqual(expected.toSorted());
  });

  it('is replaced while it is silent, and there is none where all are', async () => {
    const { domains, view, ring } = await begin([1, 1]);
    const relays = createRelays(cryptoRandomBytes);
    const home = relays.choose(view, domains, NOBODY)?.node;
    if (home === undefined) throw new Error('expected a relay');
    const next = relays.choose(view, domains, new Set([home]))?.node;
    expect(next).not.toBe(home);
    expect(relays.choose(view, domains, NOBODY)?.node).toBe(next);
    const all = new Set(ring.domains.flatMap(({ nodes }) => nodes.map(({ id }) => id)));
    expect(relays.choose(view, domains, all)).toBeNull();
  });
});
