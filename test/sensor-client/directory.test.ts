import { expect, test } from 'vitest';
import { createSensor } from '../../sensor-client/index.ts';
import { PARTITION_MS } from '../../sensor-client/limits.ts';
import { EngineError } from '../../src/foundation/index.ts';
import type { Transport } from '../../src/ports/index.ts';
import { operations } from '../../src/protocol/index.ts';
import type { StreamPayload } from '../../src/protocol/stream-document.ts';
import { signRetirement } from '../../src/protocol/stream-retirement.ts';
import type { RingPayload, SectionPayload } from '../../src/ring/index.ts';
import { domainId, epoch, openRingDocument } from '../../src/ring/index.ts';
import { expectCode } from '../support/bad-input.ts';
import {
  developmentRing,
  domainNames,
  fixedKey,
  ringPayload,
  sectionPayload,
  signFixedRing,
  signFixedSection,
  testVerifier,
} from '../support/development-ring.ts';
import { rotatedRing } from '../support/next-ring.ts';
import { bundleOf, sensorScene, WINDOW } from '../support/sensor-scene.ts';

const SHAPE = { nodes: [1, 1] };

/** A ring of two domains of one node, each part of it open to change. */
async function ringOf(
  change: Partial<RingPayload> = {},
  section: (domain: string) => Partial<SectionPayload> = () => ({}),
) {
  const sections = await Promise.all(
    domainNames(2).map((domain) => signFixedSection({ ...sectionPayload(domain, 1), ...section(domain) })),
  );
  return openRingDocument(await signFixedRing({ ...ringPayload(sections), ...change }), testVerifier);
}

test('a development ring is refused unless the policy allows it', async () => {
  const { sensor } = await sensorScene();
  await expect(sensor({ policy: {} })).rejects.toMatchObject({ code: 'RING_REFUSED' });
});

test('a bundle whose pins are not the ring document is refused before anything is sent', async () => {
  const { bundle, ports, stream, nodes } = await sensorScene();
  const other = await developmentRing({ nodes: [1, 1] });
  const policy = { allowDevelopment: true };
  const wrongOperator = { ...bundle, operatorKey: bundle.domainKeys[domainId('a')] ?? '' };
  const wrongDomain = { ...bundle, domainKeys: { ...bundle.domainKeys, a: other.operatorKey } };
  for (const wrong of [wrongOperator, wrongDomain]) {
    await expect(createSensor({ bundle: wrong, stream: stream.hash, policy }, ports)).rejects.toMatchObject({
      code: 'RING_REFUSED',
    });
  }
  expect(nodes.sent).toEqual([]);
});

test.each<[string, Partial<StreamPayload>, object]>([
  ['asks for fewer sensors than the policy wants', { minSensors: 12 }, { minSensors: 13 }],
  [
    'publishes cells that the policy does not allow',
    {
      elements: [{ kind: 'count' }, { kind: 'cell', field: 'x', from: '-50', to: '61' }],
      publishesCells: true,
    },
    {},
  ],
])('a stream that %s is refused', async (_, stream, policy) => {
  const { clock, nodes, sensor } = await sensorScene({ stream });
  const own = await sensor({ policy: { allowDevelopment: true, ...policy } });
  await expect(clock.until(own.upload(1))).rejects.toMatchObject({ code: 'STREAM_REFUSED' });
  expect(nodes.sent.every(({ operation }) => operation === 'READ_STREAM')).toBe(true);
});

test('a node that hands out another stream than the one named is not believed', async () => {
  const { clock, sensor } = await sensorScene();
  const own = await sensor({ stream: 'ab'.repeat(32) });
  await expect(clock.until(own.upload(1))).rejects.toMatchObject({ code: 'STREAM_REFUSED' });
});

test('one of several open windows must be named, and the one with the reading is the only one used', async () => {
  const { clock, nodes, sensor } = await sensorScene({ windows: [WINDOW, WINDOW + 1] });
  const own = await sensor();
  await expect(clock.until(own.upload(1))).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  const { flagKey } = await clock.until(own.upload(1, { window: WINDOW + 1 }));
  expect(flagKey.split('.')[1]).toBe(String(WINDOW + 1));
  nodes.seal(WINDOW);
  expect((await clock.until(own.upload(2))).flagKey.split('.')[1]).toBe(String(WINDOW + 1));
});

test('after a seal the next reading looks for the next window; the refused one does not move', async () => {
  const windows = [WINDOW];
  const { clock, nodes, sensor } = await sensorScene({ windows });
  const own = await sensor();
  await clock.until(own.upload(1));
  nodes.seal(WINDOW);
  windows.push(WINDOW + 5);
  await expect(clock.until(own.upload(2))).rejects.toMatchObject({ code: 'WINDOW_SEALED' });
  expect((await clock.until(own.upload(3))).flagKey.split('.')[1]).toBe(String(WINDOW + 5));
});

test('so it does after a window that was erased since the last reading', async () => {
  const windows = [WINDOW];
  let erased = false;
  const { clock, nodes, sensor } = await sensorScene({
    windows,
    fate: ({ operation, body }) =>
      erased && operation === 'UPLOAD' && operations.UPLOAD.request.decode(body).context.window === WINDOW
        ? new EngineError('WINDOW_ERASED', 'past its retention')
        : 'arrives',
  });
  const own = await sensor();
  await clock.until(own.upload(1));
  erased = true;
  nodes.seal(WINDOW);
  windows.push(WINDOW + 5);
  await expect(clock.until(own.upload(2))).rejects.toMatchObject({ code: 'WINDOW_ERASED' });
  expect((await clock.until(own.upload(3))).flagKey.split('.')[1]).toBe(String(WINDOW + 5));
});

test('a window counts as open for a reading only where it is open for its label', async () => {
  const { clock, nodes, sensor } = await sensorScene({
    stream: { groups: ['north', 'south'] },
    windows: [WINDOW, WINDOW + 5],
  });
  // An operator who needs one label alone may seal it before the others.
  nodes.seal(WINDOW, 1);
  const own = await sensor({ policy: { allowDevelopment: true, allowGroups: true } });
  const { flagKey } = await clock.until(own.upload(1, { group: 'north' }));
  expect(flagKey.split('.')[1]).toBe(String(WINDOW + 5));
  const labels = [{ group: 'north' }, { groupOf: () => 'north' }];
  for (const label of labels) {
    const many = await clock.until(own.uploadMany([1, 2], label));
    expect(many).toMatchObject({ committed: 2, failures: [] });
  }
  const south = { group: 'south' };
  await expectCode(clock.until(own.upload(1, south)), 'INVALID_ARGUMENT');
  await expectCode(clock.until(own.uploadMany([1], south)), 'INVALID_ARGUMENT');
});

test('a fixed window is the one that contains the moment of the reading', async () => {
  const start = Math.floor(WINDOW / 60_000) * 60_000;
  const { clock, sensor } = await sensorScene({
    stream: { window: { kind: 'fixed', durationMs: 60_000 } },
    windows: [start, start + 60_000],
  });
  const own = await sensor();
  expect((await clock.until(own.upload(1))).flagKey.split('.')[1]).toBe(String(start));
  await clock.advance(60_000);
  expect((await clock.until(own.upload(1))).flagKey.split('.')[1]).toBe(String(start + 60_000));
});

test('a reading goes into the window of its own time, and no retry moves it', async () => {
  const start = Math.floor(WINDOW / 60_000) * 60_000;
  const { clock, nodes, sensor } = await sensorScene({
    stream: { window: { kind: 'fixed', durationMs: 60_000 } },
    windows: [start - 60_000, start],
  });
  const own = await sensor();
  const { flagKey } = await clock.until(own.upload(1, { at: start - 1 }));
  expect(flagKey.split('.')[1]).toBe(String(start - 60_000));
  nodes.seal(start - 60_000);
  await expect(clock.until(own.upload(2, { at: start - 1 }))).rejects.toMatchObject({
    code: 'WINDOW_SEALED',
  });
  await expect(clock.until(own.upload(2, { at: 0.5 }))).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  const summary = await clock.until(own.uploadMany([3, 4], { atOf: (i) => start - 60_000 * (1 - i) }));
  expect(summary).toMatchObject({ committed: 1, failuresByCode: { WINDOW_SEALED: 1 } });
});

test('a manual window is found also where the nodes of two domains have not heard of its opening', async () => {
  const { clock, nodes, ports, bundle, stream } = await sensorScene();
  const { path, response } = operations.READ_STREAM;
  const deaf: Transport = {
    ...nodes.transport,
    async send(node, request, options) {
      const answer = await nodes.transport.send(node, request, options);
      if (!request.path.startsWith(path) || node.startsWith('c')) return answer;
      return { ...answer, body: response.encode({ ...response.decode(answer.body), windows: [] }) };
    },
  };
  const options = { bundle, stream: stream.hash, policy: { allowDevelopment: true } };
  // Each asks another node first, by lot.
  for (let turn = 0; turn < 4; turn++) {
    const own = await createSensor(options, { ...ports, connect: () => deaf });
    const { flagKey } = await clock.until(own.upload(turn));
    expect(flagKey.split('.')[1]).toBe(String(WINDOW));
  }
});

test('of manual windows a reading with a time takes the one that is open then', async () => {
  const { clock, sensor } = await sensorScene({ windows: [WINDOW, WINDOW + 86_400_000] });
  const own = await sensor();
  const { flagKey } = await clock.until(own.upload(1, { at: WINDOW + 5 }));
  expect(flagKey.split('.')[1]).toBe(String(WINDOW));
  await expect(clock.until(own.upload(1, { at: WINDOW - 1 }))).rejects.toMatchObject({
    code: 'WINDOW_SEALED',
    message: `expected an open window at ${WINDOW - 1}, got none that takes readings; the operator opens one`,
  });
});

test('a stale ring document is replaced by its successor, and the reading goes on', async () => {
  const { clock, nodes, ring, sensor } = await sensorScene({ shape: SHAPE });
  const own = await sensor();
  const next = await ringOf({ epoch: epoch(2), previous: ring.hash }, (domain) => ({
    version: 2,
    provider: `${domain} moved`,
  }));
  await clock.until(own.upload(1));
  nodes.adopt(next);
  await clock.until(own.upload(2));
  expect([...nodes.flags.values()]).toEqual(['TRUE', 'TRUE']);
  // One question that brings it, and one that brings nothing more.
  expect(nodes.sent.filter(({ operation }) => operation === 'READ_RINGS')).toHaveLength(2);
});

test('what was followed is where the sensor goes on after a restart, and nothing older', async () => {
  const { clock, nodes, ring, sensor } = await sensorScene({ shape: SHAPE });
  const saved: string[] = [];
  const memory = {
    load: async () => saved.at(-1) ?? null,
    save: async (text: string) => {
      saved.push(text);
    },
  };
  const before = await sensor({ memory });
  const next = await ringOf({ epoch: epoch(2), previous: ring.hash }, () => ({ version: 2 }));
  nodes.adopt(next);
  await clock.until(before.upload(1));
  expect(saved).toHaveLength(2);
  // The nodes, or whoever stands before them, show the old ring again: the sensor asks on until its deadline.
  nodes.adopt(ring);
  const after = await sensor({ memory });
  const shown = clock.until(after.upload(2, { deadlineMs: 5_000 }));
  await expect(shown).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  expect(nodes.flags.size).toBe(1);
  const forgetful = await sensor();
  await clock.until(forgetful.upload(2));
  expect(nodes.flags.size).toBe(2);
});

test('a document that does not follow the one in force is refused and nothing is set', async () => {
  const { clock, nodes, sensor } = await sensorScene({ shape: SHAPE });
  const own = await sensor();
  nodes.adopt(await ringOf({ epoch: epoch(2), previous: 'cd'.repeat(32) }));
  await expect(clock.until(own.upload(1))).rejects.toMatchObject({ code: 'RING_REFUSED' });
  expect(nodes.flags.size).toBe(0);
});

test('a window goes on where it was placed, and the next one is placed by the next document', async () => {
  const windows = [WINDOW, WINDOW + 5_000];
  const { clock, nodes, ring, sensor } = await sensorScene({ shape: SHAPE, windows });
  const own = await sensor();
  const grown = sectionPayload(domainId('a'), 3);
  const next = await ringOf(
    { epoch: epoch(2), previous: ring.hash, placementEpoch: epoch(2), placementFrom: WINDOW + 5_000 },
    (domain) => ({
      version: 2,
      nodes: domain === 'a' ? grown.nodes : sectionPayload(domainId(domain), 1).nodes,
    }),
  );
  nodes.adopt(next);
  for (let i = 0; i < 20; i++) await clock.until(own.upload(1, { window: WINDOW }));
  expect(nodes.sent.filter(({ node }) => node === 'a2' || node === 'a3')).toEqual([]);
  // Each sensor has a home by lot, and the time says which partition of that home it uses.
  const others = await Promise.all(Array.from({ length: 40 }, () => sensor()));
  for (const other of others) {
    await clock.advance(PARTITION_MS);
    await clock.until(other.upload(1, { window: WINDOW + 5_000 }));
  }
  expect(nodes.sent.some(({ node }) => node === 'a2')).toBe(true);
  expect([...nodes.flags.values()]).toEqual(Array(60).fill('TRUE'));
});

test('a bundle made after a new placement fetches the documents that place older windows', async () => {
  const { clock, nodes, ring, stream, ports } = await sensorScene({ shape: SHAPE });
  const next = await ringOf(
    { epoch: epoch(2), previous: ring.hash, placementEpoch: epoch(2), placementFrom: WINDOW + 5_000 },
    (domain) => ({ version: 2, nodes: sectionPayload(domainId(domain), 2).nodes }),
  );
  nodes.adopt(next);
  const policy = { allowDevelopment: true };
  const own = await createSensor(
    { bundle: bundleOf(next), stream: stream.hash, policy, relay: false },
    ports,
  );
  for (let i = 0; i < 10; i++) await clock.until(own.upload(1));
  expect([...nodes.flags.values()]).toEqual(Array(10).fill('TRUE'));
});

test("a domain's new key is followed when the pinned one has signed it, twice over, and no other", async () => {
  const { clock, nodes, ring, sensor } = await sensorScene({ shape: SHAPE });
  const own = await sensor();
  const a = domainId('a');
  const second = await rotatedRing(ring, a, 'domain a', 'second');
  nodes.adopt(second);
  nodes.adopt(await rotatedRing(second, a, 'second', 'third'));
  await clock.until(own.upload(1));
  expect([...nodes.flags.values()]).toEqual(['TRUE']);
  const stranger = await sensor();
  const forged = await rotatedRing(ring, a, 'not pinned', 'second');
  nodes.adopt(forged);
  await expect(clock.until(stranger.upload(1))).rejects.toMatchObject({ code: 'RING_REFUSED' });
});

test('a stream is known by the keys of its time, also to a sensor that begins with a newer document', async () => {
  const { clock, nodes, ring, stream, ports } = await sensorScene({ shape: SHAPE });
  const second = await rotatedRing(ring, domainId('a'), 'domain a', 'second');
  nodes.adopt(second);
  const policy = { allowDevelopment: true };
  const own = await createSensor(
    { bundle: bundleOf(second), stream: stream.hash, policy, relay: false },
    ports,
  );
  await clock.until(own.upload(1));
  expect([...nodes.flags.values()]).toEqual(['TRUE']);
});

test('a node with an older document is waited for', async () => {
  const { clock, nodes, ring, stream, ports } = await sensorScene({ shape: SHAPE });
  const next = await ringOf({ epoch: epoch(2), previous: ring.hash });
  const own = await createSensor(
    { bundle: bundleOf(next), stream: stream.hash, policy: { allowDevelopment: true } },
    ports,
  );
  const upload = own.upload(1);
  await clock.advance(500);
  nodes.adopt(next);
  await clock.until(upload);
  expect([...nodes.flags.values()]).toEqual(['TRUE']);
});

test('readings of many times that look for their manual window together ask for the windows once', async () => {
  const { clock, nodes, sensor } = await sensorScene();
  const own = await sensor();
  await clock.until(own.stream());
  const before = nodes.sent.length;
  const readings = Array.from({ length: 64 }, (_, place) => place % 50);
  const asks = () => nodes.sent.slice(before).filter(({ operation }) => operation === 'READ_STREAM').length;
  const found = await clock.until(own.uploadMany(readings, { atOf: (place) => WINDOW + place }));
  expect(found.committed).toBe(64);
  expect(asks()).toBe(1);
  // Where none is open, a node of each domain as well.
  nodes.seal(WINDOW);
  await clock.until(own.uploadMany([1], { at: WINDOW }));
  const sealed = nodes.sent.length;
  const refused = await clock.until(own.uploadMany(readings, { atOf: (place) => WINDOW + place }));
  expect(refused.failuresByCode).toEqual({ WINDOW_SEALED: 64 });
  const again = nodes.sent.slice(sealed).filter(({ operation }) => operation === 'READ_STREAM');
  expect(again.length).toBe(1 + 3);
});

test('a reading carries the label it was given, and only one that the stream declares', async () => {
  const { clock, sensor } = await sensorScene({ stream: { groups: ['north', 'south'] } });
  const own = await sensor({ group: 'north' });
  const groupOf = async (group?: string) => {
    const { flagKey } = await clock.until(own.upload(1, group === undefined ? {} : { group }));
    return flagKey.split('.')[2];
  };
  expect(await groupOf()).toBe('1');
  expect(await groupOf('south')).toBe('2');
  await expect(groupOf('east')).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: expect.stringContaining('north, south'),
  });
  // Who names no label at the start says in the policy that a label may be public.
  const bare = await sensor({ policy: { allowDevelopment: true, allowGroups: true } });
  await expect(clock.until(bare.upload(1))).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  const labels = ['north', 'south'];
  const many = await clock.until(bare.uploadMany([1, 2], { groupOf: (i) => labels[i] ?? '' }));
  expect(many.committed).toBe(2);
});

test('a retired stream is refused in its operator\u2019s own words, and nothing is sent', async () => {
  const { clock, nodes, stream, sensor } = await sensorScene();
  const early = await sensor();
  await clock.until(early.upload(1));
  nodes.retire(await signRetirement(stream.hash, fixedKey('operator').signer));
  const late = await sensor();
  const before = nodes.sent.length;
  await expect(clock.until(late.upload(1))).rejects.toMatchObject({ code: 'STREAM_RETIRED' });
  expect(new Set(nodes.sent.slice(before).map(({ operation }) => operation))).toEqual(
    new Set(['READ_STREAM']),
  );
});

test('a node that makes a retirement up is not believed', async () => {
  const { clock, nodes, stream, sensor } = await sensorScene();
  nodes.retire(await signRetirement(stream.hash, fixedKey('domain a').signer));
  const own = await sensor();
  await expect(clock.until(own.upload(1))).rejects.toMatchObject({ code: 'SIGNATURE_INVALID' });
});
