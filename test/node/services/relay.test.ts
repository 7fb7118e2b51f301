import { afterEach, describe, expect, it } from 'vitest';
import { createSensor } from '../../../sensor-client/index.ts';
import { EngineError, toHex, untilAborted } from '../../../src/foundation/index.ts';
import { cryptoRandomBytes, nodeSealing } from '../../../src/platform/index.ts';
import type { Transport } from '../../../src/ports/index.ts';
import { operations } from '../../../src/protocol/index.ts';
import type { NodeId, WindowId } from '../../../src/ring/index.ts';
import { testVerifier } from '../../support/development-ring.ts';
import { expectExact } from '../../support/exact-result.ts';
import { freshSensor } from '../../support/fixed-sensor.ts';
import type { RawReading } from '../../support/raw-reading.ts';
import { bundleOf } from '../../support/sensor-scene.ts';
import { type Overheard, type SmallCloud, startSmallCloud } from '../../support/small-cloud.ts';

const { ACCEPT, RELAY, UPLOAD } = operations;
const DOCUMENTS: readonly string[] = [operations.READ_RINGS.path, operations.READ_STREAM.path];
let cloud: SmallCloud;
let window: WindowId;
let heard: Overheard[];

afterEach(() => cloud.close());

async function begin(options: Parameters<typeof startSmallCloud>[0] = {}): Promise<void> {
  heard = [];
  cloud = await startSmallCloud({
    shape: { nodes: [2, 2, 2], replicas: 2, acceptors: 3 },
    overhear: (message) => heard.push(message),
    ...options,
  });
  window = await cloud.openWindow();
}

const relay = async (reading: RawReading, node = reading.owner(0)) =>
  cloud.ask(node, RELAY, await reading.relayRequest());

const codeOf = (asked: Promise<unknown>): Promise<unknown> =>
  asked.then(
    () => 'taken',
    (error: unknown) => error instanceof Error && Reflect.get(error, 'code'),
  );

const between = (path: string) => heard.filter((one) => one.path === path && one.from !== undefined);

function sensorOf(change = {}, transport: Transport = cloud.transport, randomBytes = cryptoRandomBytes) {
  return createSensor(
    {
      bundle: bundleOf(cloud.ring),
      stream: cloud.stream.hash,
      policy: { allowDevelopment: true },
      ...change,
    },
    {
      clock: cloud.clock,
      randomBytes,
      verifier: testVerifier,
      sealing: nodeSealing,
      connect: () => transport,
    },
  );
}

describe('a node that relays', () => {
  it('commits a reading, and brings back the words of all domains and of a quorum of the acceptors', async () => {
    await begin();
    const reading = cloud.reading(window, '21.5');
    const { stored, votes } = await relay(reading);
    expect(new Set(stored.map(toHex)).size).toBe(3);
    expect(new Set(votes.map(({ acceptor }) => acceptor)).size).toBe(2);
    await expect(reading.get()).resolves.toEqual({ outcomes: ['TRUE'] });
    expectExact(await cloud.compute(window), ['21.5']);
  });

  it('gives the same words for the same packet, through any node, and counts it once', async () => {
    await begin();
    const reading = cloud.reading(window, '21.5');
    const first = await relay(reading);
    for (const node of cloud.nodeIds) {
      const { stored, votes } = await relay(reading, node);
      expect(stored).toEqual(first.stored);
      for (const { acceptor, word } of votes) {
        const known = first.votes.find((vote) => vote.acceptor === acceptor);
        if (known !== undefined) expect(word).toEqual(known.word);
      }
    }
    expectExact(await cloud.compute(window), ['21.5']);
  });

  it('reaches other domains with nothing but sealed parts', async () => {
    await begin();
    const reading = cloud.reading(window, '21.5');
    await relay(reading);
    const shares = [0, 1, 2].map((index) => Buffer.from(reading.share(index)));
    const crossing = [...between(UPLOAD.path), ...between(ACCEPT.path)];
    expect(between(UPLOAD.path).length).toBeGreaterThanOrEqual(2);
    for (const { request, response } of crossing) {
      for (const share of shares) {
        expect(Buffer.from(request).includes(share) || Buffer.from(response).includes(share)).toBe(false);
      }
    }
  });

  it('brings readings of sensors that meet at it to every other node in one message', async () => {
    await begin();
    const readings = Array.from({ length: 8 }, (_, i) => cloud.reading(window, `${i}`, { group: 1 }));
    const home = readings[0]?.owner(0);
    const together = async (some: readonly RawReading[]) =>
      cloud.clock.until(Promise.all(some.map((reading) => relay(reading, home))));
    // A node waits for company once it has had some.
    await together(readings.slice(0, 2));
    heard.length = 0;
    await together(readings.slice(2));
    const uploads = between(UPLOAD.path).map(({ request }) => UPLOAD.request.decode(request).packets.length);
    const accepts = between(ACCEPT.path).map(({ request }) => ACCEPT.request.decode(request).packets.length);
    // To the owners of both other domains, to the second owner of each of the three, and to both other acceptors.
    expect(uploads).toEqual([6, 6]);
    expect(between(operations.COPY.path)).toHaveLength(3);
    expect(accepts).toEqual([6, 6]);
    expectExact(
      await cloud.compute(window),
      readings.map((_, i) => `${i}`),
    );
  });

  it('asks the next owner where the first one is away', async () => {
    await begin();
    const reading = cloud.reading(window, '21.5');
    const [away] = reading.owners(1);
    if (away === undefined) throw new Error('expected an owner');
    await cloud.stop(away);
    await relay(reading, reading.owner(0));
    await expect(reading.get(reading.acceptors.find((node) => node !== away))).resolves.toEqual({
      outcomes: ['TRUE'],
    });
  });

  it('asks nobody for who proves nothing: another sensor, another tag, too few parts', async () => {
    await begin();
    const reading = cloud.reading(window, '21.5');
    const request = await reading.relayRequest();
    const thief = freshSensor();
    const tags = request.parts.map((part) => ({ ...part, tag: new Uint8Array(16) }));
    const spoilt = [
      [{ ...request, sensorId: thief.sensorId }, 'PACKET_REFUSED'],
      [{ ...request, parts: tags }, 'PACKET_REFUSED'],
      [{ ...request, parts: request.parts.slice(1) }, 'MALFORMED_BODY'],
    ] as const;
    heard.length = 0;
    for (const [body, code] of spoilt) {
      expect(await codeOf(cloud.ask(reading.owner(0), RELAY, body))).toBe(code);
    }
    expect([...between(UPLOAD.path), ...between(ACCEPT.path)]).toEqual([]);
  });

  it('refuses with the code of a domain that refuses, and sets nothing', async () => {
    await begin();
    const reading = cloud.reading(window, '21.5');
    const request = await reading.relayRequest();
    const parts = request.parts.map((part, index) =>
      index === 2 ? { ...part, sealed: new Uint8Array(64) } : part,
    );
    const asked = cloud.ask(reading.owner(0), RELAY, { ...request, parts });
    expect(await codeOf(asked)).toBe('PACKET_REFUSED');
    expect(between(ACCEPT.path)).toEqual([]);
    await reading.upload(0);
    const other = cloud.reading(window, '3', { entry: reading.entry });
    expect(await codeOf(relay(other))).toBe('SHARE_CONFLICT');
  });

  it('refuses with the code of the acceptors that refuse the SET', async () => {
    await begin();
    const reading = cloud.reading(window, '21.5');
    const request = await reading.relayRequest();
    const spoilt = request.parts.map((part, index) =>
      index === 0 ? part : { ...part, tag: new Uint8Array(16) },
    );
    const asked = cloud.ask(reading.owner(0), RELAY, { ...request, parts: spoilt });
    expect(await codeOf(asked)).toBe('PACKET_REFUSED');
  });

  it('refuses after the seal', async () => {
    await begin();
    await relay(cloud.reading(window, '1'));
    expectExact(await cloud.compute(window), ['1']);
    expect(await codeOf(relay(cloud.reading(window, '2')))).toBe('WINDOW_SEALED');
  });

  it('does not know the outcome where too few acceptors vote', async () => {
    await begin();
    const reading = cloud.reading(window, '21.5');
    const [, second, third] = reading.acceptors;
    for (const away of [second, third]) if (away !== undefined) await cloud.stop(away);
    expect(await codeOf(relay(reading, reading.acceptor))).toBe('READING_UNDECIDED');
  });
});

describe('a sensor that uploads through a relay', () => {
  it('sends one request for a reading, to one node, in partitions that this node owns', async () => {
    await begin();
    const sensor = await sensorOf();
    await cloud.clock.until(sensor.upload('1', { window }));
    heard.length = 0;
    for (const reading of ['2', '3', '4']) await cloud.clock.until(sensor.upload(reading, { window }));
    await sensor.close();
    const asked = heard.filter(({ from, path }) => from === undefined && !DOCUMENTS.includes(path));
    expect(asked.map(({ path }) => path)).toEqual([RELAY.path, RELAY.path, RELAY.path]);
    const nodes = new Set(asked.map(({ to }) => to));
    expect(nodes.size).toBe(1);
    const [home] = nodes;
    expect(between(UPLOAD.path).filter(({ from, to }) => from === home && to === home)).toEqual([]);
    expectExact(await cloud.compute(window), ['1', '2', '3', '4']);
  });

  it('goes on with another relay where its own is gone, and keeps to that', async () => {
    await begin();
    const sensor = await sensorOf();
    for (const reading of ['0', '1']) await cloud.clock.until(sensor.upload(reading, { window }));
    const home = heard.findLast(({ path }) => path === RELAY.path)?.to as NodeId;
    await cloud.stop(home);
    heard.length = 0;
    for (const reading of ['2', '3']) await cloud.clock.until(sensor.upload(reading, { window }));
    await sensor.close();
    const asked = heard.filter(({ from, path }) => from === undefined && !DOCUMENTS.includes(path));
    expect(asked.map(({ path }) => path)).toEqual([RELAY.path, RELAY.path]);
    expect(new Set(asked.map(({ to }) => to)).size).toBe(1);
    await cloud.start(home);
    expectExact(await cloud.compute(window), ['0', '1', '2', '3']);
  });

  it('hands what is late to any node that it knows, so that a crowd does not wait for the same one', async () => {
    await begin();
    const second = async (last: number): Promise<string | undefined> => {
      const relays: string[] = [];
      let late = false;
      const transport: Transport = {
        ...cloud.transport,
        async send(to, request, options) {
          if (!late || request.path !== RELAY.path) return cloud.transport.send(to, request, options);
          relays.push(to);
          return relays.length > 1 ? cloud.transport.send(to, request, options) : new Promise(() => {});
        },
      };
      // The first node is the home of all, and the end of a reading id is as it is drawn.
      const sensor = await sensorOf({}, transport, (count) => {
        const bytes = cryptoRandomBytes(count);
        if (count === 3) bytes.fill(0);
        if (count === 16) bytes[15] = last;
        return bytes;
      });
      await cloud.clock.until(sensor.upload('1', { window }));
      late = true;
      await cloud.clock.until(sensor.upload('2', { window }));
      await sensor.close();
      return relays[1];
    };
    const [even, odd] = [await second(0), await second(1)];
    expect(even).toBeDefined();
    expect(odd).not.toBe(even);
  });

  it('goes on by itself where a second relay is late as well', async () => {
    await begin();
    const never = new AbortController().signal;
    const late = { relays: [] as string[], now: false };
    const transport: Transport = {
      ...cloud.transport,
      async send(to, request, options) {
        if (!late.now || request.path !== RELAY.path) return cloud.transport.send(to, request, options);
        late.relays.push(to);
        return untilAborted(new Promise<never>(() => {}), options.signal ?? never);
      },
    };
    const sensor = await sensorOf({}, transport);
    await cloud.clock.until(sensor.upload('1', { window }));
    late.now = true;
    await cloud.clock.until(sensor.upload('2', { window }));
    await sensor.close();
    expect(new Set(late.relays).size).toBe(2);
    expectExact(await cloud.compute(window), ['1', '2']);
  });

  it('speaks to the domains itself where it has no reason to think that it is taken, and always where it is told to', async () => {
    await begin();
    const other = await cloud.openWindow();
    const sensor = await sensorOf();
    const direct = await sensorOf({ relay: false });
    const asked = async (own: typeof sensor, target: WindowId) => {
      heard.length = 0;
      await cloud.clock.until(own.upload('1', { window: target }));
      return new Set(heard.filter(({ from }) => from === undefined).map(({ path }) => path)).has(RELAY.path);
    };
    const relayed: boolean[] = [];
    for (const target of [window, window, other, other]) relayed.push(await asked(sensor, target));
    expect(relayed).toEqual([false, true, false, true]);
    for (const target of [window, window]) expect(await asked(direct, target)).toBe(false);
    await Promise.all([sensor.close(), direct.close()]);
  });

  it('hears of a sealed window as the direct form does, though its SET has left', async () => {
    await begin();
    const sensor = await sensorOf();
    await cloud.clock.until(sensor.upload('1', { window }));
    expectExact(await cloud.compute(window), ['1']);
    heard.length = 0;
    expect(await codeOf(cloud.clock.until(sensor.upload('2', { window })))).toBe('WINDOW_SEALED');
    expect(heard.filter(({ path }) => path === RELAY.path)).toHaveLength(1);
    expect(await codeOf(cloud.clock.until(sensor.upload('3', { window })))).toBe('WINDOW_SEALED');
    expect(heard.filter(({ path }) => path === RELAY.path)).toHaveLength(1);
    await sensor.close();
  });

  it.each([
    ['is in no result where nothing left', true, 'DEADLINE_EXCEEDED'],
    ['is undecided where it may have been relayed', false, 'READING_UNDECIDED'],
  ])('a reading of a sensor that is cut off %s', async (_, never, code) => {
    await begin();
    const away = { now: false };
    const transport: Transport = {
      ...cloud.transport,
      async send(to, request, options) {
        if (!away.now) return cloud.transport.send(to, request, options);
        if (never) options.onNeverSent?.();
        throw new EngineError('UNREACHABLE', 'cut off');
      },
    };
    const sensor = await sensorOf({}, transport);
    await cloud.clock.until(sensor.upload('1', { window }));
    away.now = true;
    for (const expected of [code, 'DEADLINE_EXCEEDED']) {
      const uploaded = sensor.upload('2', { window, deadlineMs: 30_000 });
      expect(await codeOf(cloud.clock.until(uploaded))).toBe(expected);
    }
    await sensor.close();
  });

  it.each([
    ['is committed where the node proves it', (to: NodeId) => to, 'taken'],
    ['is not where it does not', () => 'nobody', 'READING_UNDECIDED'],
  ])('a reading whose relay is late, while nobody else answers, %s', async (_, later, code) => {
    await begin();
    const never = new AbortController().signal;
    const late = { now: false };
    const transport: Transport = {
      ...cloud.transport,
      async send(to, request, options) {
        if (!late.now) return cloud.transport.send(to, request, options);
        if (request.path !== RELAY.path) {
          return untilAborted(new Promise<never>(() => {}), options.signal ?? never);
        }
        await cloud.clock.sleep(5_000, options.signal ?? never);
        return cloud.transport.send(later(to as NodeId), request, options);
      },
    };
    const sensor = await sensorOf({}, transport);
    await cloud.clock.until(sensor.upload('1', { window }));
    late.now = true;
    const uploaded = sensor.upload('2', { window, deadlineMs: 30_000 });
    expect(await codeOf(cloud.clock.until(uploaded))).toBe(code);
    await sensor.close();
  });

  it('does not forget that a first relay may have kept the SET where a second one was never reached', async () => {
    await begin();
    const never = new AbortController().signal;
    const late = { relays: 0, now: false };
    const transport: Transport = {
      ...cloud.transport,
      async send(to, request, options) {
        if (!late.now) return cloud.transport.send(to, request, options);
        if (request.path === RELAY.path) late.relays += 1;
        if (late.relays === 1) return untilAborted(new Promise<never>(() => {}), options.signal ?? never);
        options.onNeverSent?.();
        throw new EngineError('UNREACHABLE', 'cut off');
      },
    };
    const sensor = await sensorOf({}, transport);
    await cloud.clock.until(sensor.upload('1', { window }));
    late.now = true;
    const uploaded = sensor.upload('2', { window, deadlineMs: 30_000 });
    expect(await codeOf(cloud.clock.until(uploaded))).toBe('READING_UNDECIDED');
    expect(late.relays).toBe(2);
    await sensor.close();
  });

  it('does not forget its own SET when it hears late that the relay was never reached', async () => {
    await begin();
    const never = new AbortController().signal;
    const caller = new AbortController();
    const late = { now: false };
    let neverSent: (() => void) | undefined;
    const transport: Transport = {
      ...cloud.transport,
      send(to, request, options) {
        if (!late.now || request.path === UPLOAD.path) return cloud.transport.send(to, request, options);
        if (request.path === RELAY.path) neverSent = options.onNeverSent;
        else {
          neverSent?.();
          caller.abort();
        }
        return untilAborted(new Promise<never>(() => {}), options.signal ?? never);
      },
    };
    const sensor = await sensorOf({}, transport);
    await cloud.clock.until(sensor.upload('1', { window }));
    late.now = true;
    const failure = await cloud.clock
      .until(sensor.upload('2', { window, signal: caller.signal }))
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'READING_ABORTED', details: { setSent: true } });
    await sensor.close();
  });

  it('names the refusal of a reading that stays undecided, and gives up in time', async () => {
    await begin();
    const lie = { now: false };
    const never = new AbortController().signal;
    const transport: Transport = {
      ...cloud.transport,
      async send(to, request, options) {
        if (!lie.now || request.path === operations.GET.path)
          return cloud.transport.send(to, request, options);
        if (request.path === RELAY.path)
          return untilAborted(new Promise<never>(() => {}), options.signal ?? never);
        throw new EngineError('SENSOR_REVOKED', 'revoked');
      },
    };
    const sensor = await sensorOf({}, transport);
    await cloud.clock.until(sensor.upload('1', { window }));
    lie.now = true;
    const begunAt = cloud.clock.now();
    const failure = await cloud.clock
      .until(sensor.upload('2', { window, deadlineMs: 5_000 }))
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'READING_UNDECIDED', details: { refusal: 'SENSOR_REVOKED' } });
    expect(cloud.clock.now() - begunAt).toBeLessThan(6_000);
    lie.now = false;
    await cloud.clock.until(sensor.upload('3', { window }));
    lie.now = true;
    const soon = cloud.clock.now();
    expect(await codeOf(cloud.clock.until(sensor.upload('4', { window, deadlineMs: 500 })))).toBe(
      'READING_UNDECIDED',
    );
    expect(cloud.clock.now() - soon).toBeLessThan(1_000);
    await sensor.close();
  });
});
