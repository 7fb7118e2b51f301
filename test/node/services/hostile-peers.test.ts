import { afterEach, describe, expect, it } from 'vitest';
import type { DecisionName, Settlement } from '../../../src/protocol/index.ts';
import { exclusionCodec, operations, settlementCodec } from '../../../src/protocol/index.ts';
import type { NodeId, WindowId } from '../../../src/ring/index.ts';
import { createPlacement, epoch, partition, windowId } from '../../../src/ring/index.ts';
import { expectCode } from '../../support/bad-input.ts';
import { developmentRing } from '../../support/development-ring.ts';
import { nextRing } from '../../support/next-ring.ts';
import { type Overheard, type SmallCloud, START_MS, startSmallCloud } from '../../support/small-cloud.ts';

const MINUTE_MS = 60_000;
const THREE_DOMAINS = { nodes: [1, 1, 1], acceptors: 3 } as const;

let cloud: SmallCloud;

/** Fails where a node has stopped by itself. */
afterEach(() => cloud.close());

/** What a node of domain a, whoever runs it, can ask of every acceptor of a register. */
async function askRegister(
  window: WindowId,
  decision: DecisionName,
  ask: { readonly counter: number; readonly value?: Uint8Array },
) {
  const [from] = cloud.nodeIds as [NodeId];
  const { context } = cloud.reading(window, '1').flagsRequest;
  const { counter, value = null } = ask;
  const kind = value === null ? 'prepare' : 'accept';
  const request = { context, decision, kind, ballot: { counter, proposer: 0 }, value } as const;
  return cloud.nodeIds.map((to) => cloud.askAs(from, to, operations.SYNOD, request));
}

describe('an acceptor of a register', () => {
  const named = { partition: partition(3), digest: { count: 1, readings: 1, hash: new Uint8Array(32) } };
  const settlement: Settlement = { placementEpoch: epoch(1), partitions: [named], flags: 1, readings: 1 };
  const twice: Settlement = { ...settlement, partitions: [named, named], flags: 2, readings: 2 };

  it('helps to decide no T that names a partition twice, whose readings every domain would add twice', async () => {
    cloud = await startSmallCloud({ shape: THREE_DOMAINS });
    const window = await cloud.openWindow();
    const value = settlementCodec.encode(twice);
    for (const vote of await askRegister(window, 'settlement', { counter: 9, value })) {
      await expectCode(vote, 'MALFORMED_BODY');
    }
    const fine = { counter: 9, value: settlementCodec.encode(settlement) };
    for (const vote of await askRegister(window, 'settlement', fine)) {
      expect(await vote).toMatchObject({ granted: true });
    }
  });

  it('helps to decide no X that names a flag twice, and nothing that is no value at all', async () => {
    cloud = await startSmallCloud({ shape: THREE_DOMAINS });
    const window = await cloud.openWindow();
    const { entry } = cloud.reading(window, '1');
    const excluded = [entry, entry];
    const value = exclusionCodec.encode({ settlement: new Uint8Array(32), excluded, readings: 0 });
    for (const vote of await askRegister(window, 'exclusion', { counter: 9, value })) {
      await expectCode(vote, 'MALFORMED_BODY');
    }
    for (const vote of await askRegister(window, 'settlement', { counter: 9, value: Uint8Array.of(1, 9) })) {
      await expectCode(vote, 'MALFORMED_BODY');
    }
  });
});

describe('a node that answers without an end', () => {
  /** Whether the message is an answer of this operation by the node of domain c. */
  const fromC = ({ to, path }: Overheard, operation: { readonly path: string }): boolean =>
    to === 'c1' && path.startsWith(operation.path);

  it('with lists of its flags keeps no window from being sealed', async () => {
    let asked = 0;
    const page = () => {
      const { entry } = cloud.reading(window, '1', { group: 5 });
      asked += 1;
      return { entry, ballot: { counter: 0, proposer: 0 }, value: 'TRUE' } as const;
    };
    cloud = await startSmallCloud({
      shape: THREE_DOMAINS,
      lie(message) {
        if (fromC(message, operations.FREEZE)) {
          const report = operations.FREEZE.response.decode(message.response);
          const digest = { count: 1, readings: 1, hash: new Uint8Array(32) };
          return operations.FREEZE.response.encode({
            ...report,
            partitions: [{ partition: partition(5), digest }],
          });
        }
        if (!fromC(message, operations.FROZEN_LIST) || asked > 1_000) return undefined;
        return operations.FROZEN_LIST.response.encode({ flags: [page()], more: true });
      },
    });
    const window = await cloud.openWindow();
    const reading = cloud.reading(window, '1', { group: 5 });
    for (const index of [0, 1, 2]) await reading.upload(index);
    const [a] = cloud.nodeIds as [NodeId];
    await reading.accept(a);
    await cloud.clock.advance(1_000);
    const question = { stream: cloud.stream.hash, window, group: 0 };
    const sealed = await cloud.clock.until(cloud.order(a, operations.SEAL, question));
    expect(sealed).toMatchObject({ sealed: true });
    expect(asked).toBeLessThan(100);
  });

  it('with pages of a settled list that are empty keeps nobody from a result', async () => {
    let asked = 0;
    let liar: NodeId | undefined;
    cloud = await startSmallCloud({
      shape: { nodes: [2, 1, 1], acceptors: 3, replicas: 2 },
      lie({ to, path }) {
        if (path !== operations.READ_LIST.path || to !== liar || asked > 1_000) return undefined;
        asked += 1;
        return operations.READ_LIST.response.encode({ known: true, entries: [], more: true });
      },
    });
    const window = await cloud.openWindow();
    const [set, unset] = ['1', '2'].map((value) => cloud.reading(window, value, { group: 5 }));
    if (set === undefined || unset === undefined) throw new Error('expected two readings');
    for (const index of [0, 1, 2]) await Promise.all([set.upload(index), unset.upload(index)]);
    const domains = cloud.stream.domains.map(({ id }) => id);
    const acceptors = createPlacement(cloud.ring).acceptors(domains, set.partition);
    const other = cloud.nodeIds.find((node) => !acceptors.includes(node));
    if (other === undefined) throw new Error('expected an owner that does not vote');
    for (const acceptor of acceptors.slice(0, 2)) await set.accept(acceptor);
    [liar] = acceptors;
    await cloud.clock.advance(1_000);
    const question = { stream: cloud.stream.hash, window, group: 0 };
    const answer = await cloud.clock.until(cloud.order(other, operations.COMPUTE, question));
    expect(answer).toMatchObject({ status: 'ROW' });
    expect(asked).toBeGreaterThan(0);
    expect(asked).toBeLessThan(100);
  });

  it('with ring documents that are known already keeps nobody from its care', async () => {
    let asked = 0;
    let lying = false;
    cloud = await startSmallCloud({
      shape: THREE_DOMAINS,
      lie(message) {
        if (!lying) return undefined;
        if (fromC(message, operations.OFFER_RING)) {
          const state = operations.OFFER_RING.response.decode(message.response);
          return operations.OFFER_RING.response.encode({ ...state, epoch: 9 });
        }
        asked += 1;
        if (!fromC(message, operations.READ_RINGS) || asked > 1_000) return undefined;
        return operations.READ_RINGS.response.encode({ rings: [cloud.ring.jws] });
      },
    });
    const [a, b] = cloud.nodeIds as [NodeId, NodeId];
    const second = await nextRing(cloud.ring, (section) => ({ ...section, operatorName: 'Another name' }));
    lying = true;
    await cloud.clock.until(cloud.order(a, operations.PUBLISH_RING, { ring: second.jws }));
    expect(cloud.handle(b).ring().epoch).toBe(2);
    expect(asked).toBeLessThan(100);
  });

  it('with an epoch that goes up and down keeps nobody from publishing', async () => {
    let asked = 0;
    let lying = false;
    cloud = await startSmallCloud({
      shape: THREE_DOMAINS,
      lie(message) {
        if (!lying || !fromC(message, operations.OFFER_RING)) return undefined;
        asked += 1;
        if (asked > 1_000) return undefined;
        const state = operations.OFFER_RING.response.decode(message.response);
        return operations.OFFER_RING.response.encode({ ...state, epoch: 1 + (asked % 2) });
      },
    });
    const [a, b] = cloud.nodeIds as [NodeId, NodeId];
    let ring = cloud.ring;
    for (const operatorName of ['A name', 'Another name', 'A third name', 'A fourth name']) {
      ring = await nextRing(ring, (section) => ({ ...section, operatorName }));
      lying = ring.epoch > 3;
      await cloud.clock.until(cloud.order(a, operations.PUBLISH_RING, { ring: ring.jws }));
    }
    expect(cloud.handle(b).ring().epoch).toBe(5);
    expect(asked).toBeLessThan(100);
  });
});

describe('a node that says it has another ring document of the newest epoch', () => {
  const other = { hash: 'ab'.repeat(32) };

  it('stops nobody by its word, asked or unasked', async () => {
    let lying = false;
    cloud = await startSmallCloud({
      shape: THREE_DOMAINS,
      lie({ to, path, response }) {
        if (!lying || to !== 'c1' || path !== operations.OFFER_RING.path) return undefined;
        const state = operations.OFFER_RING.response.decode(response);
        return operations.OFFER_RING.response.encode({ ...state, ...other });
      },
    });
    const window = await cloud.openWindow();
    const [a, b, c] = cloud.nodeIds as [NodeId, NodeId, NodeId];
    lying = true;
    const second = await nextRing(cloud.ring, (section) => ({ ...section, operatorName: 'Another name' }));
    await cloud.clock.until(cloud.order(a, operations.PUBLISH_RING, { ring: second.jws }));
    const offer = { epoch: second.epoch, ...other, rings: [] };
    await cloud.clock.until(cloud.askAs(c, b, operations.OFFER_RING, offer));
    const context = { ...cloud.reading(window, '1').flagsRequest.context, epoch: second.epoch };
    for (const node of [a, b])
      expect(await cloud.askAs(c, node, operations.ANNOUNCE, { context })).toEqual({ kept: true });
  });
});

describe('a node of a domain that the stream does not name', () => {
  it('is told nothing of K and of the flags, and gets no vote', async () => {
    const { domains } = await developmentRing({ nodes: [1, 1, 1] });
    const named = domains.slice(0, 2).map(({ domain, key }) => ({ id: domain, key }));
    cloud = await startSmallCloud({ stream: { domains: named } });
    const window = await cloud.openWindow();
    const { context, partition: at } = cloud.reading(window, '1').flagsRequest;
    const slot = { context, decision: 'terms', value: null, ballot: { counter: 1, proposer: 0 } } as const;
    const [a, b, c] = cloud.nodeIds as [NodeId, NodeId, NodeId];
    const ask = (from: NodeId) => cloud.askAs(from, a, operations.SYNOD, { ...slot, kind: 'read' });
    expect(await ask(b)).toMatchObject({ granted: true });
    await expectCode(ask(c), 'FORBIDDEN');
    const list = { context, partition: at, after: null };
    await expectCode(cloud.askAs(c, a, operations.FROZEN_LIST, list), 'FORBIDDEN');
  });
});

describe('a proposer', () => {
  it('leaves a register where it is when a hostile node has taken the last ballot, and goes on with all else', async () => {
    const fixed = { window: { kind: 'fixed', durationMs: MINUTE_MS }, retentionMs: 60 * MINUTE_MS } as const;
    cloud = await startSmallCloud({ shape: THREE_DOMAINS, stream: fixed });
    const taken = windowId((Math.floor(START_MS / MINUTE_MS) + 2) * MINUTE_MS);
    for (const vote of await askRegister(taken, 'terms', { counter: Number.MAX_SAFE_INTEGER })) {
      expect(await vote).toMatchObject({ granted: true });
    }
    for (let minutes = 0; minutes < 3; minutes++) await cloud.clock.advance(MINUTE_MS);
    const [node] = cloud.nodeIds as [NodeId];
    const { windows } = await cloud.ask(node, operations.READ_STREAM, { stream: cloud.stream.hash });
    const open = windows.map(({ window }) => window);
    expect(open).not.toContain(taken);
    expect(open).toContain(taken + MINUTE_MS);
  });
});
