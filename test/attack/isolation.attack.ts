import { expect } from 'vitest';
import { balanced } from '../../src/arithmetic/index.ts';
import { toHex } from '../../src/foundation/index.ts';
import type { Operation } from '../../src/protocol/index.ts';
import { BINARY_CONTENT, digestOf, errorFromProblem, operations } from '../../src/protocol/index.ts';
import type { NodeId, WindowId } from '../../src/ring/index.ts';
import { domainId, nodeId, signSection } from '../../src/ring/index.ts';
import { combine } from '../../src/sharing/index.ts';
import { expectCode, TIMEOUT } from '../support/bad-input.ts';
import {
  developmentRing,
  fixedKey,
  ringPayload,
  sectionPayload,
  signFixedRing,
} from '../support/development-ring.ts';
import { grown, nextRing } from '../support/next-ring.ts';
import type { RawReading } from '../support/raw-reading.ts';
import { bundleOf } from '../support/sensor-scene.ts';
import { diskText, type SmallCloud, START_MS } from '../support/small-cloud.ts';
import { extent, refused } from './attack.ts';
import { against, commitAll, numbers, operationsFor, rowOf, sensorOn, sharesAt, TWO_EACH } from './scene.ts';

const REFUSED = { answer: 'PACKET_REFUSED', receipt: null, word: null, conflicts: [] } as const;
const domainOf = (node: NodeId): number => node.charCodeAt(0) - 'a'.charCodeAt(0);
const shareOf = (reading: RawReading, index: number): string => toHex(reading.share(index));

/** Asks a node, as a node of the ring, for everything that is made from shares. */
async function expectNoShares(cloud: SmallCloud, from: NodeId, to: NodeId): Promise<void> {
  const caller = { kind: 'peer', domain: domainId(from.slice(0, 1)), node: from } as const;
  for (const { method, path } of operationsFor('domain')) {
    const request = { method, path, query: {}, body: new Uint8Array(0), contentType: BINARY_CONTENT };
    const asked = cloud.handle(to).peerRouter.handle(caller, request, new AbortController().signal);
    await expectCode(asked, 'FORBIDDEN');
  }
}

/** That no node has a share of another domain than its own. */
async function expectOwnSharesOnly(cloud: SmallCloud, window: WindowId, readings: readonly RawReading[]) {
  for (const node of cloud.nodeIds) {
    for (const reading of readings) {
      for (const { entry, share } of await sharesAt(cloud, node, window, reading.partition)) {
        const own = readings.find((other) => toHex(other.entry.readingId) === toHex(entry.readingId));
        expect(own === undefined ? '' : shareOf(own, domainOf(node))).toBe(toHex(share));
      }
    }
  }
}

refused('A6', 'two shares of one reading at one node', () =>
  against({}, async (cloud) => {
    const window = await cloud.openWindow();
    const reading = cloud.reading(window, '21.3');
    await reading.notice();
    await reading.upload(0);
    const before = cloud.store(reading.owner(0)).rows('values').length;
    for (const index of [1, 2]) {
      const request = await reading.uploadRequest(index);
      await expectCode(cloud.ask(reading.owner(0), operations.UPLOAD, request), 'WRONG_DOMAIN');
      const relabelled = await cloud.ask(reading.owner(0), operations.UPLOAD, { ...request, index: 0 });
      expect(relabelled.packets).toEqual([REFUSED]);
    }
    expect(cloud.store(reading.owner(0)).rows('values')).toHaveLength(before);
  }),
);

refused(
  'stranger',
  'a node of a domain that the stream does not name coordinates, votes or reads',
  async () => {
    const { domains } = await developmentRing({ nodes: [1, 1, 1] });
    const named = domains.slice(0, 2).map(({ domain, key }) => ({ id: domain, key }));
    await against({ stream: { domains: named } }, async (cloud) => {
      const window = await cloud.openWindow();
      const reading = cloud.reading(window, '1');
      const { context, partition } = reading.flagsRequest;
      const ballot = { counter: 1, proposer: 0 };
      const digest = digestOf(new Uint8Array(32), []);
      const entries = [reading.entry];
      const slot = { context, decision: 'terms', ballot, value: null } as const;
      const flags = { context, partition, ballot, value: null, flags: entries } as const;
      const before = diskText(cloud.store(nodeId('a1')));
      for (const to of ['a1', 'b1'].map(nodeId)) {
        const ask = <Q, R>(operation: Operation<Q, R>, request: Q) =>
          cloud.clock.until(cloud.askAs(nodeId('c1'), to, operation, request));
        for (const asked of [
          () => ask(operations.VOTE, { ...flags, kind: 'prepare' }),
          () => ask(operations.VOTE, { ...flags, kind: 'read' }),
          () => ask(operations.SYNOD, { ...slot, kind: 'read' }),
          () => ask(operations.SYNOD, { ...slot, kind: 'prepare' }),
          () => ask(operations.FREEZE, { context }),
          () => ask(operations.FROZEN_LIST, { context, partition, after: null }),
          () => ask(operations.KEEP_LIST, { context, partition, digest, entries, last: true }),
          () => ask(operations.READ_LIST, { context, partition, digest, after: null }),
          () => ask(operations.ANNOUNCE, { context }),
          () => ask(operations.READY, { context, settlement: new Uint8Array(32) }),
        ])
          await expectCode(asked(), 'FORBIDDEN');
      }
      expect(diskText(cloud.store(nodeId('a1')))).toBe(before);
    });
  },
);

refused('A7', 'copies that meet the share of another domain', () =>
  against({ shape: TWO_EACH }, async (cloud) => {
    const window = await cloud.openWindow();
    const readings = await commitAll(cloud, window, numbers(8));
    await cloud.clock.advance(20_000);
    await expectOwnSharesOnly(cloud, window, readings);
    for (const from of cloud.nodeIds) {
      for (const to of cloud.nodeIds) {
        if (domainOf(from) !== domainOf(to)) await expectNoShares(cloud, from, to);
      }
    }
  }),
);

refused('A8', 'a new node that is handed shares of other domains, or of old windows', () =>
  against({ shape: TWO_EACH }, async (cloud) => {
    const window = await cloud.openWindow();
    await commitAll(cloud, window, numbers(4));
    const rows = () =>
      cloud.nodeIds.map((node) =>
        cloud
          .store(node)
          .rows('values')
          .map(([key]) => toHex(key)),
      );
    const before = rows();
    const next = await nextRing(cloud.ring, grown(domainId('a')), START_MS + 60_000);
    await cloud.clock.until(cloud.order(nodeId('b1'), operations.PUBLISH_RING, { ring: next.jws }));
    const joined = await cloud.begin(domainId('a'), nodeId('a3'), next.jws);
    await cloud.clock.until(joined.serving);
    await cloud.clock.advance(30_000);
    for (const other of ['b1', 'b2', 'c1', 'c2']) await expectNoShares(cloud, nodeId('a3'), nodeId(other));
    expect(cloud.store(nodeId('a3')).rows('values')).toEqual([]);
    expect(rows()).toEqual(before);
  }),
);

refused('A9', 'sums per node in place of one sum per domain', () =>
  against({ shape: { nodes: [2, 2, 2], acceptors: 3 } }, async (cloud) => {
    const window = await cloud.openWindow();
    await commitAll(cloud, window, numbers(12));
    for (const node of cloud.nodeIds) {
      for (const { method, path } of operationsFor('peer', 'domain')) {
        const request = {
          method,
          path,
          body: new Uint8Array(0),
          contentType: BINARY_CONTENT,
          token: 'token',
        };
        const answer = await cloud.transport.send(node, request, TIMEOUT);
        const { code } = errorFromProblem(answer.status, answer.body, answer.contentType);
        expect(code).toBe('UNKNOWN_OPERATION');
      }
    }
    const rows = await Promise.all(cloud.nodeIds.map((node) => rowOf(cloud, node, window)));
    for (const [i, row] of rows.entries()) expect(row).toEqual(rows[i - (i % 2)]);
    expect(rows.map(({ readings }) => readings)).toEqual(Array<number>(6).fill(12));
  }),
);

extent('A10', 'domains that put their shares together', 'All m domains collude', () =>
  against({}, async (cloud) => {
    const window = await cloud.openWindow();
    let guessed = 0;
    const readings = await commitAll(cloud, window, Array<string>(20).fill('21.3'));
    for (const { owner, partition, entry } of readings) {
      const shares: Uint8Array[] = [];
      for (const index of [0, 1, 2]) {
        const held = await sharesAt(cloud, owner(index), window, partition);
        const own = held.find((row) => toHex(row.entry.readingId) === toHex(entry.readingId));
        shares.push(own?.share ?? new Uint8Array(0));
      }
      const [, two] = combine(shares.slice(0, 2)).map(balanced);
      // An element of the field that is no stored reading of -500 to 600 says nothing of one.
      if (two !== undefined && two >= -500n && two <= 600n) guessed += 1;
      expect(combine(shares).map(balanced)).toEqual([1n, 213n, 213n ** 2n]);
    }
    expect(guessed).toBe(0);
    return 'three of three domains have 20 of 20 readings, two of three have 0';
  }),
);

extent(
  'A11',
  'the time line of one sensor',
  'Reading ids, sensor ids and times are public to all domains',
  () =>
    against({}, async (cloud) => {
      const windows = [await cloud.openWindow(), await cloud.openWindow(), await cloud.openWindow()];
      const first = cloud.reading(windows[0] as WindowId, '1');
      const later = windows.slice(1).map((window) => {
        const { readingId } = cloud.reading(window, '2').entry;
        return cloud.reading(window, '2', { entry: { ...first.entry, readingId } });
      });
      let linked = 0;
      for (const reading of [first, ...later]) {
        await reading.commit();
        const { context } = reading.flagsRequest;
        const rows = await sharesAt(cloud, reading.owner(0), context.window, reading.partition);
        linked += rows.filter(({ entry }) => toHex(entry.sensorId) === toHex(first.entry.sensorId)).length;
      }
      // The operator is told of none of them.
      const said: unknown[] = [await cloud.clock.until(cloud.operator.status())];
      said.push(await cloud.clock.until(cloud.operator.readStream(cloud.stream.hash)));
      said.push(await cloud.clock.until(cloud.operator.audit()));
      expect(JSON.stringify(said)).not.toContain(toHex(first.entry.sensorId));
      expect(linked).toBe(3);
      return 'a domain links 3 of 3 readings of a sensor over 3 windows; the operator is told of none';
    }),
);

refused('A16', "the operator's own node inside a domain", () =>
  against({ shape: TWO_EACH }, async (cloud) => {
    const spy = { ...sectionPayload(domainId('a'), 3, 2), version: 2 };
    const signed = await signSection(spy, fixedKey('operator').signer);
    const sections = cloud.ring.domains.map(({ domain, jws }) => (domain === 'a' ? signed : jws));
    const { epoch } = await nextRing(cloud.ring, grown(domainId('a')), START_MS + 60_000);
    const forged = await signFixedRing({
      ...ringPayload(sections, { acceptors: 3 }),
      epoch,
      previous: cloud.ring.hash,
    });
    const disks = () => cloud.nodeIds.map((node) => diskText(cloud.store(node)));
    const before = disks();
    for (const node of cloud.nodeIds) {
      const asked = cloud.order(node, operations.PUBLISH_RING, { ring: forged });
      await expectCode(cloud.clock.until(asked), 'SIGNATURE_INVALID');
    }
    expect(disks()).toEqual(before);
    const bundle = { ...bundleOf(cloud.ring), ring: forged };
    await expectCode(sensorOn(cloud, { bundle }), 'SIGNATURE_INVALID');
  }),
);

refused('A18', 'a gateway in front of all domains that reads, changes or moves shares', () =>
  against({}, async (cloud) => {
    const window = await cloud.openWindow();
    const reading = cloud.reading(window, '21.3');
    for (const index of [0, 1, 2]) {
      const request = await reading.uploadRequest(index);
      const seen = toHex(operations.UPLOAD.request.encode(request));
      for (const element of shareOf(reading, index).match(/.{32}/g) ?? [])
        expect(seen).not.toContain(element);
      const [packet] = request.packets;
      if (packet === undefined) throw new Error('expected a packet');
      for (let at = 0; at < packet.sealed.length; at += 7) {
        const sealed = packet.sealed.map((byte, i) => (i === at ? byte ^ 1 : byte));
        const changed = { ...request, packets: [{ ...packet, sealed }] };
        const { packets } = await cloud.ask(reading.owner(index), operations.UPLOAD, changed);
        expect(packets).toEqual([REFUSED]);
      }
      const elsewhere = cloud.reading(window, '0');
      const moved = { ...request, partition: elsewhere.partition, index: (index + 1) % 3 };
      const { packets } = await cloud.ask(elsewhere.owner((index + 1) % 3), operations.UPLOAD, moved);
      expect(packets[0]?.receipt).toBeNull();
    }
    for (const node of cloud.nodeIds) expect(cloud.store(node).rows('values')).toEqual([]);
  }),
);
