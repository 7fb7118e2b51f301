import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MODULUS } from '../../src/arithmetic/index.ts';
import { type ErrorCode, utf8 } from '../../src/foundation/index.ts';
import { flagsRequestCodec, uploadRequestCodec } from '../../src/protocol/flag-messages.ts';
import { JSON_CONTENT, operations } from '../../src/protocol/index.ts';
import type { Partition } from '../../src/ring/index.ts';
import { createPlacement, epoch, partition, streamHash, windowId } from '../../src/ring/index.ts';
import { badInput, expectCode } from '../support/bad-input.ts';
import { type ClusterClient, connectCluster, localCluster } from '../support/cluster-client.ts';
import { rawReading } from '../support/raw-reading.ts';
import { type RealNodes, startRealNodes } from '../support/real-nodes.ts';

let client: ClusterClient;
let nodes: RealNodes;

beforeAll(async () => {
  const material = await localCluster(3, 1);
  nodes = await startRealNodes(material);
  client = await connectCluster(material);
});

afterAll(async () => {
  await client?.close();
  await nodes?.close();
});

const { refused, expectProblem, call, nodeOf, tokenOf } = badInput(() => client);

describe('a node refuses a message', () => {
  refused('that is malformed JSON', async () => {
    const { path } = operations.COMPUTE;
    const token = await tokenOf(0, 'compute');
    const send = (body: Uint8Array) =>
      expectProblem(nodeOf(0), { path, body, contentType: JSON_CONTENT, token }, 'MALFORMED_TEXT');
    await send(utf8('{"stream":'));
    await send(utf8(''));
    await send(Uint8Array.of(0x22, 0xff, 0x22));
  });

  refused('that is malformed binary', async ({ raw }) => {
    const { acceptor, flagsRequest } = raw('1');
    const body = flagsRequestCodec.encode(flagsRequest);
    const { path } = operations.GET;
    const send = (bytes: Uint8Array, code: ErrorCode) => expectProblem(acceptor, { path, body: bytes }, code);
    await send(body.slice(0, -1), 'MALFORMED_BODY');
    await send(Uint8Array.of(...body, 0), 'MALFORMED_BODY');
    await send(new Uint8Array(0), 'MALFORMED_BODY');
    await send(Uint8Array.of(2, ...body.slice(1)), 'UNSUPPORTED_VERSION');
    await expectProblem(acceptor, { path, body, contentType: JSON_CONTENT }, 'UNSUPPORTED_MEDIA_TYPE');
  });

  refused('with unknown fields', async ({ window }) => {
    const question = { stream: client.stream.hash, window, group: 0, force: true };
    const token = await tokenOf(0, 'compute');
    const error = await expectProblem(
      nodeOf(0),
      {
        path: operations.COMPUTE.path,
        body: utf8(JSON.stringify(question)),
        contentType: JSON_CONTENT,
        token,
      },
      'SCHEMA_MISMATCH',
    );
    expect(error.details).toHaveProperty('place');
    const query = `${operations.READ_STREAM.path}?stream=${client.stream.hash}`;
    await expectProblem(nodeOf(0), { method: 'GET', path: `${query}&force=1` }, 'SCHEMA_MISMATCH');
    await expectProblem(nodeOf(0), { method: 'GET', path: `${query}&__proto__=1` }, 'SCHEMA_MISMATCH');
    await expectProblem(
      nodeOf(0),
      { method: 'GET', path: `${query}&stream=${client.stream.hash}` },
      'SCHEMA_MISMATCH',
    );
  });

  refused('with a share of the wrong length', async ({ raw }) => {
    const reading = raw('1');
    for (const length of [0, 16, 47, 49, 64]) {
      const rows = [{ entry: reading.entry, share: new Uint8Array(length) }];
      const request = await reading.uploadRequest(0, { rows });
      const answer = await call(reading.owner(0), operations.UPLOAD, request);
      expect(answer).toMatchObject({ packets: [{ answer: 'WRONG_VECTOR_LENGTH' }] });
    }
  });

  refused('with an element that is not below p', async ({ raw }) => {
    const reading = raw('1');
    const share = new Uint8Array(48);
    for (let i = 0; i < 16; i++) share[32 + i] = Number((MODULUS >> BigInt(8 * i)) & 255n);
    const rows = [{ entry: reading.entry, share }];
    const answer = await call(reading.owner(0), operations.UPLOAD, await reading.uploadRequest(0, { rows }));
    expect(answer).toMatchObject({ packets: [{ answer: 'ELEMENT_OUT_OF_RANGE' }] });
  });

  refused('that uses a reading id again with another share, whose first share stays', async ({ raw }) => {
    const reading = raw('7.5');
    for (const index of [0, 1, 2]) {
      expect(await reading.upload(index)).toEqual({ answers: ['STORED'] });
      const other = raw('55', { entry: reading.entry });
      expect(await other.upload(index)).toEqual({ answers: ['CONFLICT'] });
      expect(await reading.upload(index)).toEqual({ answers: ['STORED'] });
    }
    expect(await reading.set()).toEqual({ outcomes: ['TRUE'] });
    return ['7.5'];
  });

  refused('that carries two shares for one reading in one request', async ({ raw }) => {
    const reading = raw('7.5');
    const own = reading.shareRow(0);
    const other = raw('8', { entry: reading.entry }).shareRow(0);
    const request = await reading.uploadRequest(0, { rows: [own, other, own] });
    const answer = await call(reading.owner(0), operations.UPLOAD, request);
    expect(answer.packets).toEqual([{ answer: 'CONFLICT', receipt: null, word: null, conflicts: [1] }]);
  });

  refused('with the share of another domain', async ({ raw }) => {
    const reading = raw('1');
    for (const index of [1, 2, 3, 255]) {
      const request = { ...(await reading.uploadRequest(1)), index };
      await expectCode(call(reading.owner(0), operations.UPLOAD, request), 'WRONG_DOMAIN');
    }
  });

  refused('of another ring epoch, and names its own', async ({ raw }) => {
    const reading = raw('1');
    for (const stale of [{ epoch: epoch(2) }, { placementEpoch: epoch(7) }]) {
      const set = call(reading.acceptor, operations.SET, await reading.setRequest({ context: stale }));
      expect((await expectCode(set, 'STALE_EPOCH')).details).toEqual({ epoch: 1 });
      const request = await reading.uploadRequest(0, { context: stale });
      const upload = call(reading.owner(0), operations.UPLOAD, request);
      await expectCode(upload, 'STALE_EPOCH');
    }
  });

  refused('over the limit of its operation', async () => {
    const limit = operations.UPLOAD.bodyBytesMax;
    const { path } = operations.UPLOAD;
    await expectProblem(nodeOf(0), { path, body: new Uint8Array(limit + 1) }, 'BODY_TOO_LARGE');
    const long = utf8(`{"document":"${'a'.repeat(operations.PUT_STREAM.bodyBytesMax)}"}`);
    await expectProblem(
      nodeOf(0),
      {
        path: operations.PUT_STREAM.path,
        body: long,
        contentType: JSON_CONTENT,
        token: await tokenOf(0, 'streams'),
      },
      'BODY_TOO_LARGE',
    );
  });

  refused('about a stream nobody defined', async ({ raw }) => {
    const reading = raw('1');
    const context = { stream: streamHash('ab'.repeat(32)) };
    await expectCode(
      call(reading.acceptor, operations.ACCEPT, await reading.setRequest({ context })),
      'UNKNOWN_STREAM',
    );
    await expectCode(
      call(reading.owner(0), operations.UPLOAD, await reading.uploadRequest(0, { context })),
      'UNKNOWN_STREAM',
    );
    await expectCode(call(nodeOf(0), operations.READ_STREAM, { stream: context.stream }), 'UNKNOWN_STREAM');
  });

  refused('about a window that is not open', async ({ window, raw }) => {
    const reading = raw('1', { window: windowId(window + 500) });
    await expectCode(reading.upload(0), 'WINDOW_NOT_OPEN');
    await expectCode(reading.set(), 'WINDOW_NOT_OPEN');
    await expectCode(reading.get(), 'WINDOW_NOT_OPEN');
  });

  refused('about flags of another partition, or of a count the stream does not take', async ({ raw }) => {
    const reading = raw('1');
    const { material, stream } = client;
    const placement = createPlacement(material.ring);
    const domains = stream.domains.map(({ id }) => id);
    const votesOn = (at: Partition) => placement.acceptors(domains, at).includes(reading.acceptor);
    const others = Array.from({ length: 1_024 }, (_, i) => partition(i)).filter(
      (at) => at !== reading.partition,
    );
    const elsewhere = others.find(votesOn) ?? expect.fail('expected an acceptor of two partitions');
    const set = { ...(await reading.setRequest()), partition: elsewhere };
    expect(await call(reading.acceptor, operations.SET, set)).toEqual({ outcomes: ['MALFORMED_BODY'] });
    const upload = { ...(await reading.uploadRequest(0)), partition: elsewhere };
    expect(await call(nodeOf(0), operations.UPLOAD, upload)).toMatchObject({
      packets: [{ answer: 'MALFORMED_BODY' }],
    });
    for (const count of [0, 2]) {
      const flags = [{ ...reading.entry, count }];
      const request = await reading.setRequest({ flags });
      const answer = await call(reading.acceptor, operations.SET, request);
      expect(answer).toEqual({ outcomes: ['STREAM_REFUSED'] });
    }
  });

  refused('at a node that is no acceptor of its partition', async ({ raw }) => {
    const reading = raw('1');
    const others = [0, 1, 2].map(nodeOf).filter((node) => node !== reading.acceptor);
    for (const node of others) {
      const error = await expectCode(reading.accept(node), 'WRONG_NODE');
      expect(error.message).toContain(reading.acceptor);
    }
  });

  it('about a sealed window, whose result stays the same', async () => {
    const window = await client.openWindow();
    const sensor = await client.sensor();
    await sensor.upload('4.5', { window });
    const before = await client.expectResult(window, ['4.5']);
    const { stream, transport, material } = client;
    const reading = rawReading({ ring: material.ring, stream, transport, window, reading: '1' });
    await expectCode(reading.upload(0), 'WINDOW_SEALED');
    expect(await reading.set()).toEqual({ outcomes: ['RECEIPTS_REFUSED'] });
    expect(await reading.get()).toEqual({ outcomes: ['ERROR'] });
    await expectCode(sensor.upload('5', { window }), 'WINDOW_SEALED');
    expect(await client.compute(window)).toEqual(before);
  });
});

describe('a sensor refuses a reading before anything is sent', () => {
  refused('that is no number, too precise or out of bounds', async ({ window }) => {
    const sensor = await client.sensor();
    const cases: readonly (readonly [number | string, ErrorCode])[] = [
      [Number.NaN, 'READING_NOT_A_NUMBER'],
      [Number.POSITIVE_INFINITY, 'READING_NOT_A_NUMBER'],
      ['', 'READING_NOT_A_NUMBER'],
      ['1,5', 'READING_NOT_A_NUMBER'],
      [0.25, 'READING_TOO_PRECISE'],
      ['1.05', 'READING_TOO_PRECISE'],
      [60.1, 'READING_OUT_OF_BOUNDS'],
      ['-1e300', 'READING_OUT_OF_BOUNDS'],
    ];
    for (const [reading, code] of cases) await expectCode(sensor.upload(reading, { window }), code);
    return undefined;
  });
});

describe('what a node says and logs about bad input', () => {
  it('contains nothing of a share', async () => {
    const window = await client.openWindow();
    const { stream, transport, material } = client;
    const reading = rawReading({ ring: material.ring, stream, transport, window, reading: '1' });
    const share = new Uint8Array(48).fill(0xfe).fill(0xff, 32);
    const rows = [{ entry: reading.entry, share }];
    const request = await reading.uploadRequest(0, { rows });
    const answer = await call(reading.owner(0), operations.UPLOAD, request);
    expect(answer).toMatchObject({ packets: [{ answer: 'ELEMENT_OUT_OF_RANGE' }] });
    const cut = uploadRequestCodec.encode(request).slice(0, -1);
    const second = await expectProblem(
      reading.owner(0),
      { path: operations.UPLOAD.path, body: cut },
      'MALFORMED_BODY',
    );
    const said = [second.message, ...nodes.logLines].join('\n');
    for (const spelling of ['fefe', 'FEFE', '/v7+', '_v7-', '254,254']) expect(said).not.toContain(spelling);
  });
});
