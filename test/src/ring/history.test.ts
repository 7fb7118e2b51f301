import { beforeAll, describe, expect, it } from 'vitest';
import type { RingDocument, RingHistory, RingPayload, SectionPayload } from '../../../src/ring/index.ts';
import {
  createPlacement,
  domainId,
  epoch,
  extendHistory,
  livingNodesOf,
  lostStoresOf,
  newestOf,
  nodeId,
  nodesEver,
  openRingDocument,
  partition,
  placementsOf,
  placingDocument,
  prependHistory,
  reaches,
  ringHistory,
  storeId,
} from '../../../src/ring/index.ts';
import {
  developmentRing,
  ringPayload,
  sectionPayload,
  signFixedRing,
  signFixedSection,
  testVerifier,
} from '../../support/development-ring.ts';
import { fc, test } from '../../support/property.ts';

const a = domainId('a');
const b = domainId('b');

/** The next document over the given sections; `begins` makes it one of a new placement. */
async function nextOf(
  history: RingHistory,
  sections: readonly SectionPayload[],
  change: Partial<RingPayload> & { readonly begins?: number } = {},
): Promise<RingDocument> {
  const { begins, ...rest } = change;
  const before = newestOf(history);
  const next = epoch(before.epoch + 1);
  const jws = await signFixedRing({
    ...ringPayload(await Promise.all(sections.map(signFixedSection))),
    epoch: next,
    previous: before.hash,
    placementFrom: begins ?? before.placementFrom,
    placementEpoch: begins === undefined ? before.placementEpoch : next,
    ...rest,
  });
  return openRingDocument(jws, testVerifier);
}

const versioned = (section: SectionPayload, version: number): SectionPayload => ({ ...section, version });
const lostOf = (section: SectionPayload, place: number) =>
  section.nodes[place]?.storeId ?? storeId('0'.repeat(32));

describe('ring documents in a row', () => {
  let first: RingDocument;
  beforeAll(async () => {
    first = await developmentRing({ nodes: [2, 2] });
  });

  it('place a window by the document in force at its start, for its whole life', async () => {
    let history = ringHistory(first);
    const grown = [versioned(sectionPayload(a, 3), 2), sectionPayload(b, 2)];
    history = extendHistory(history, await nextOf(history, grown, { begins: 1_000 }));
    const renamed = [versioned({ ...sectionPayload(a, 3), operatorName: 'New' }, 3), sectionPayload(b, 2)];
    history = extendHistory(history, await nextOf(history, renamed));
    const last = [versioned(sectionPayload(a, 2), 4), sectionPayload(b, 2)];
    history = extendHistory(history, await nextOf(history, last, { begins: 2_000 }));
    expect(placementsOf(history).map(({ epoch: begun }) => begun)).toEqual([1, 2, 4]);
    const placed = [0, 999, 1_000, 1_999, 2_000, 9_999].map((at) => placingDocument(history, at).epoch);
    expect(placed).toEqual([1, 1, 2, 2, 4, 4]);
  });

  it('refuse a section older than any that was seen, also after the domain was away', async () => {
    let history = ringHistory(await developmentRing({ nodes: [1, 1, 1] }));
    const c = domainId('c');
    const newer = [versioned(sectionPayload(a, 1), 5), sectionPayload(b, 1), sectionPayload(c, 1)];
    history = extendHistory(history, await nextOf(history, newer));
    history = extendHistory(history, await nextOf(history, newer.slice(1), { begins: 1_000 }));
    const back = [sectionPayload(a, 1), ...newer.slice(1)];
    const old = await nextOf(history, back, { begins: 2_000 });
    expect(() => extendHistory(history, old)).toThrow(/version 5 or newer/);
  });

  it('keep every node in its domain and every store at its node, for ever', async () => {
    let history = ringHistory(await developmentRing({ nodes: [2, 2] }));
    const [a1, a2] = sectionPayload(a, 2).nodes;
    if (a1 === undefined || a2 === undefined) throw new Error('expected two nodes');
    const without = { ...versioned(sectionPayload(a, 1), 2), nodes: [a1] };
    history = extendHistory(
      history,
      await nextOf(history, [without, sectionPayload(b, 2)], { begins: 1_000 }),
    );
    const moved = { ...versioned(sectionPayload(b, 2), 2), nodes: [...sectionPayload(b, 2).nodes, a2] };
    const inOther = await nextOf(history, [without, moved], { begins: 2_000 });
    expect(() => extendHistory(history, inOther)).toThrow(/node a2 in domain a for ever/);
    const renamed = { ...versioned(without, 3), nodes: [a1, { ...a2, id: nodeId('a9') }] };
    const other = await nextOf(history, [renamed, sectionPayload(b, 2)], { begins: 2_000 });
    expect(() => extendHistory(history, other)).toThrow(/at node a2 for ever/);
  });

  it('let no node come back with a store that was declared lost', async () => {
    let history = ringHistory(first);
    const section = sectionPayload(a, 2);
    const [a1, a2] = section.nodes;
    if (a1 === undefined || a2 === undefined) throw new Error('expected two nodes');
    const lostStores = [a2.storeId];
    const gone = { ...versioned(section, 2), nodes: [a1], lostStores };
    history = extendHistory(history, await nextOf(history, [gone, sectionPayload(b, 2)], { begins: 1_000 }));
    const back = { ...versioned(section, 3), lostStores };
    const next = await nextOf(history, [back, sectionPayload(b, 2)], { begins: 2_000 });
    expect(() => extendHistory(history, next)).toThrow(/come back with the lost store/);
  });

  it('say who may hold rows of a window, and who has lost what it voted', async () => {
    let history = ringHistory(first);
    const section = sectionPayload(a, 3);
    const [a1, ...rest] = section.nodes;
    if (a1 === undefined) throw new Error('expected a node');
    const replaced = { ...a1, storeId: storeId('f'.repeat(32)) };
    const next = { ...versioned(section, 2), nodes: [replaced, ...rest], lostStores: [a1.storeId] };
    history = extendHistory(history, await nextOf(history, [next, sectionPayload(b, 2)], { begins: 1_000 }));
    expect(lostStoresOf(history, a)).toEqual(new Set([a1.storeId]));
    expect(livingNodesOf(history, a, epoch(1))).toEqual(['a1', 'a2', 'a3']);
    const lost = { ...versioned(next, 3), lostStores: [a1.storeId, replaced.storeId] };
    history = extendHistory(history, await nextOf(history, [lost, sectionPayload(b, 2)]));
    expect(livingNodesOf(history, a, epoch(1))).toEqual(['a2', 'a3']);
    expect(lostOf(sectionPayload(a, 2), 0)).toBe(a1.storeId);
  });

  it('number their nodes in the order in which they came, whoever leaves', async () => {
    let history = ringHistory(first);
    const grown = [versioned(sectionPayload(a, 3), 2), sectionPayload(b, 2)];
    history = extendHistory(history, await nextOf(history, grown, { begins: 1_000 }));
    const shrunk = [versioned(sectionPayload(a, 1), 3), versioned(sectionPayload(b, 3), 2)];
    history = extendHistory(history, await nextOf(history, shrunk, { begins: 2_000 }));
    expect(nodesEver(history)).toEqual(['a1', 'a2', 'b1', 'b2', 'a3', 'b3']);
  });

  it('are completed backwards by what each names as the one before it', async () => {
    const whole = ringHistory(first);
    const grown = [versioned(sectionPayload(a, 3), 2), sectionPayload(b, 2)];
    const second = await nextOf(whole, grown, { begins: 1_000 });
    const late = ringHistory(second);
    expect([reaches(late, 1_000), reaches(late, 999)]).toEqual([true, false]);
    const completed = prependHistory(late, first);
    expect(reaches(completed, 0)).toBe(true);
    const other = await developmentRing({ nodes: [2, 2], acceptors: 3 });
    expect(() => prependHistory(late, other)).toThrow(/expected the document/);
  });
});

describe('a node that joins', () => {
  test.prop([
    fc.integer({ min: 1, max: 4 }),
    fc.integer({ min: 0, max: 1_023 }),
    fc.integer({ min: 0, max: 4_000 }),
  ])(
    'moves no owner and no acceptor of a window that starts before its placement',
    async (nodes, at, window) => {
      const before = await developmentRing({ nodes: [nodes, 2], replicas: 2, acceptors: 3 });
      const start = ringHistory(before);
      const joined = [versioned(sectionPayload(a, nodes + 1, 2), 2), sectionPayload(b, 2, 2)];
      const history = extendHistory(start, await nextOf(start, joined, { begins: 2_000, acceptors: 3 }));
      const ring = placingDocument(history, window);
      expect(ring.epoch).toBe(window >= 2_000 ? 2 : 1);
      if (window >= 2_000) return;
      const [old, now] = [createPlacement(before), createPlacement(ring)];
      expect(now.owners(a, partition(at))).toEqual(old.owners(a, partition(at)));
      expect(now.acceptors([a, b], partition(at))).toEqual(old.acceptors([a, b], partition(at)));
    },
  );

  test.prop([fc.integer({ min: 1, max: 5 }), fc.integer({ min: 0, max: 1_023 })])(
    'takes partitions from others and moves none between two others',
    async (nodes, at) => {
      const before = createPlacement(await developmentRing({ nodes: [nodes, 1] }));
      const after = createPlacement(await developmentRing({ nodes: [nodes + 1, 1] }));
      const [owner] = after.owners(a, partition(at));
      expect([`a${nodes + 1}`, before.owners(a, partition(at))[0]]).toContain(owner);
    },
  );
});
