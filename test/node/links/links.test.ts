import { createServer } from 'node:tls';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { concat, utf8 } from '../../../src/foundation/index.ts';
import type { Transport, TransportRequest, TransportResponse } from '../../../src/ports/index.ts';
import { encodeFrame, errorFromProblem, LINK_PROTOCOL } from '../../../src/protocol/index.ts';
import { PEER_BODY_BYTES_MAX } from '../../../src/protocol/limits.ts';
import { createAuthority, type IssuedCertificate } from '../../support/certificates.ts';
import { DONE, type FakeRouter } from '../../support/fake-router.ts';
import { type LinkScene, linkScene, type ServedPort } from '../../support/link-scene.ts';

const BYTES = 'application/octet-stream';
const TIME = { timeoutMs: 20_000 };
let scene: LinkScene;

beforeEach(async () => {
  scene = await linkScene();
});
afterEach(() => scene.close());

function requestOf(text: string, path = '/v1/bytes'): TransportRequest {
  return { method: 'POST', path, body: utf8(text), contentType: BYTES };
}

const ask = (transport: Transport, text: string, path?: string): Promise<TransportResponse> =>
  transport.send('a-1', requestOf(text, path), TIME);

const codeOf = ({ status, body, contentType }: TransportResponse): string =>
  errorFromProblem(status, body, contentType).code;

const frameOf = (call: number, text: string, target = 'POST /v1/bytes'): Uint8Array =>
  encodeFrame({ kind: 'request', call, target, body: utf8(text) });

/** Makes the router wait with every request until the test answers it by its text. */
function heldRouter(router: FakeRouter) {
  const held = new Map<string, () => void>();
  let awaited: { readonly count: number; readonly tell: () => void } | null = null;
  router.answer = ({ body }) =>
    new Promise((resolve) => {
      held.set(new TextDecoder().decode(body), () => resolve({ ...DONE, body }));
      if (awaited !== null && held.size >= awaited.count) awaited.tell();
    });
  return {
    answer: (text: string) => held.get(text)?.(),
    /** Resolves when so many requests are inside. */
    inside: (count: number) =>
      new Promise<void>((tell) => {
        awaited = { count, tell };
        if (held.size >= count) tell();
      }),
  };
}

/** Resolves when what works on a request has been told to end. */
async function aborted(signal: AbortSignal | undefined): Promise<void> {
  if (signal?.aborted === false) await new Promise((resolve) => signal.addEventListener('abort', resolve));
}

/** How often somebody connected to a port. */
function countConnections(port: ServedPort): () => number {
  return () => port.log.lines.filter((line) => line.includes('link opened')).length;
}

describe('a link between two nodes', () => {
  test('carries status, body and content type, for many calls at a time over one connection', async () => {
    const port = await scene.serve();
    const connections = countConnections(port);
    port.router.answer = async ({ body }) => ({ status: 200, body, contentType: `${BYTES}; store=1; seq=2` });
    const transport = scene.transportTo(port.origin);
    const texts = Array.from({ length: 200 }, (_, i) => `call ${i}`);
    const answers = await Promise.all(texts.map((text) => ask(transport, text)));
    expect(answers).toEqual(
      texts.map((text) => ({ status: 200, body: utf8(text), contentType: `${BYTES}; store=1; seq=2` })),
    );
    expect(answers[0]?.body.constructor).toBe(Uint8Array);
    await ask(transport, 'later');
    expect(connections()).toBe(1);
  });

  test('answers calls in the order in which they end', async () => {
    const port = await scene.serve();
    const held = heldRouter(port.router);
    const transport = scene.transportTo(port.origin);
    const first = ask(transport, 'first');
    const second = ask(transport, 'second');
    await held.inside(2);
    held.answer('second');
    expect((await second).body).toEqual(utf8('second'));
    held.answer('first');
    expect((await first).body).toEqual(utf8('first'));
  });

  test('lets two nodes wait for each other, as many calls as there may be', async () => {
    const [a, b] = [await scene.serve(), await scene.serve()];
    const [toA, toB] = [scene.transportTo(a.origin), scene.transportTo(b.origin)];
    // Each answers the outer call only when the other one has answered its inner call.
    a.router.answer = ({ path, body }) =>
      path === '/v1/json' ? Promise.resolve({ ...DONE, body }) : toB.send('a-1', inner(body), TIME);
    b.router.answer = ({ path, body }) =>
      path === '/v1/json' ? Promise.resolve({ ...DONE, body }) : toA.send('a-1', inner(body), TIME);
    const inner = (body: Uint8Array): TransportRequest => ({ ...requestOf('', '/v1/json'), body });
    const texts = Array.from({ length: 500 }, (_, i) => `${i}`);
    const answers = await Promise.all(
      [toA, toB].flatMap((transport) => texts.map((text) => ask(transport, text))),
    );
    expect(answers.map(({ body }) => new TextDecoder().decode(body))).toEqual([...texts, ...texts]);
  });

  test('takes a query as flat strings, once each', async () => {
    const port = await scene.serve();
    const transport = scene.transportTo(port.origin);
    const get = (path: string) =>
      transport.send('a-1', { method: 'GET', path, body: new Uint8Array(0), contentType: '' }, TIME);
    expect((await get('/v1/bytes?from=3&b=%26')).status).toBe(200);
    expect(port.router.seen[0]?.request.query).toEqual({ from: '3', b: '&' });
    expect(codeOf(await get('/v1/bytes?a=1&a=2'))).toBe('SCHEMA_MISMATCH');
  });

  test('brings refusals as problem documents: an unknown operation, too large a body, a failure inside', async () => {
    const port = await scene.serve();
    const transport = scene.transportTo(port.origin);
    expect(codeOf(await ask(transport, 'x', '/v1/nothing'))).toBe('UNKNOWN_OPERATION');
    expect(codeOf(await ask(transport, 'x'.repeat(1_025)))).toBe('BODY_TOO_LARGE');
    port.router.answer = async () => {
      throw new Error('a share, of all things');
    };
    const failed = await ask(transport, 'x');
    expect(codeOf(failed)).toBe('INTERNAL');
    expect(port.log.lines.join() + new TextDecoder().decode(failed.body)).not.toContain('share');
  });

  test('fails the one call whose answer is too large, and no other', async () => {
    const port = await scene.serve();
    const transport = scene.transportTo(port.origin);
    const connections = countConnections(port);
    port.router.answer = async ({ body }) => ({
      ...DONE,
      body: new Uint8Array(PEER_BODY_BYTES_MAX + body.length),
    });
    expect(codeOf(await ask(transport, 'x'))).toBe('BODY_TOO_LARGE');
    expect((await ask(transport, '')).status).toBe(200);
    expect(connections()).toBe(1);
  });

  test('carries patient calls apart from those that somebody waits for', async () => {
    const port = await scene.serve();
    const connections = countConnections(port);
    const transport = scene.transportTo(port.origin, { urgentMs: TIME.timeoutMs });
    await ask(transport, 'urgent');
    await transport.send('a-1', requestOf('patient'), { timeoutMs: 60_000 });
    expect(connections()).toBe(2);
  });

  test('goes to the new address when the ring document moves a node', async () => {
    const [before, after] = [await scene.serve(), await scene.serve()];
    const target = { trust: scene.alpha.pem, pool: 'alpha' };
    let origin = before.origin;
    const transport = scene.transport({ targets: () => ({ ...target, origin }) });
    await ask(transport, 'one');
    origin = after.origin;
    await ask(transport, 'two');
    expect([before, after].map(({ router }) => router.seen.length)).toEqual([1, 1]);
  });
});

describe('a call that gets no answer', () => {
  test('is UNREACHABLE when the link breaks, and the next call opens another one', async () => {
    const port = await scene.serve();
    const held = heldRouter(port.router);
    const transport = scene.transportTo(port.origin);
    const sent = ask(transport, 'lost').catch((error: unknown) => error);
    await held.inside(1);
    await port.close();
    expect(await sent).toMatchObject({ code: 'UNREACHABLE', details: { node: 'a-1' } });
    await aborted(port.router.seen[0]?.signal);
    await expect(ask(transport, 'x')).rejects.toMatchObject({ details: { cause: 'ECONNREFUSED' } });
  });

  test('is UNREACHABLE after its time, which the other side is told, and its link is not used again', async () => {
    const port = await scene.serve();
    const connections = countConnections(port);
    const held = heldRouter(port.router);
    const transport = scene.transportTo(port.origin);
    const slow = transport.send('a-1', requestOf('slow'), { timeoutMs: 50 });
    await expect(slow).rejects.toMatchObject({ code: 'UNREACHABLE', details: { cause: 'TIMEOUT' } });
    await aborted(port.router.seen[0]?.signal);
    const next = ask(transport, 'next');
    await held.inside(2);
    held.answer('next');
    await next;
    expect(connections()).toBe(2);
  });

  test('leaves a link in use over which other answers come, and its own late answer is no other', async () => {
    const port = await scene.serve();
    const connections = countConnections(port);
    const transport = scene.transportTo(port.origin, { urgentMs: TIME.timeoutMs });
    await ask(transport, 'the first call opens the link');
    const held = heldRouter(port.router);
    const slow = transport.send('a-1', requestOf('slow'), { timeoutMs: 1_500 });
    const quick = ask(transport, 'quick');
    await held.inside(2);
    held.answer('quick');
    await quick;
    await expect(slow).rejects.toMatchObject({ details: { cause: 'TIMEOUT' } });
    const next = ask(transport, 'next');
    await held.inside(3);
    held.answer('slow');
    held.answer('next');
    expect((await next).body).toEqual(utf8('next'));
    expect(connections()).toBe(1);
  });

  test('rejects with the reason of its signal, while its exchange goes on', async () => {
    const port = await scene.serve();
    const held = heldRouter(port.router);
    const transport = scene.transportTo(port.origin);
    const controller = new AbortController();
    const sent = transport.send('a-1', requestOf('one'), { ...TIME, signal: controller.signal });
    await held.inside(1);
    const reason = new Error('enough');
    controller.abort(reason);
    await expect(sent).rejects.toBe(reason);
    await expect(
      transport.send('a-1', requestOf('two'), { ...TIME, signal: controller.signal }),
    ).rejects.toBe(reason);
    expect(port.router.seen[0]?.signal.aborted).toBe(false);
  });

  test('is not sent where too many calls or bytes wait for the node', async () => {
    const port = await scene.serve();
    heldRouter(port.router);
    const few = scene.transportTo(port.origin, { callsMax: 1 });
    const first = ask(few, 'first').catch((error: unknown) => error);
    await expect(ask(few, 'second')).rejects.toMatchObject({ code: 'OVERLOADED' });
    const small = scene.transportTo(port.origin, { unsentBytesMax: 100 });
    const large = ask(small, 'x'.repeat(200)).catch((error: unknown) => error);
    await expect(ask(small, 'second')).rejects.toMatchObject({ code: 'OVERLOADED' });
    await Promise.all([few.close(), small.close(), few.close()]);
    for (const answer of [first, large]) expect(await answer).toMatchObject({ code: 'UNREACHABLE' });
    await expect(ask(few, 'x')).rejects.toMatchObject({ code: 'UNREACHABLE' });
  });
});

describe('not a byte of a call reaches', () => {
  /** A server that counts what it could read, and hangs up then: nobody waits for its answer. */
  async function expectRefused(identity: IssuedCertificate, cause: string, options = {}): Promise<void> {
    let bytes = 0;
    const server = createServer({ ...identity, ALPNProtocols: [LINK_PROTOCOL], ...options }, (socket) => {
      socket.on('data', ({ length }) => {
        bytes += length;
        socket.destroy();
      });
      socket.on('error', () => {});
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const transport = scene.transportTo(`https://127.0.0.1:${port}`);
    await expect(ask(transport, 'a share')).rejects.toMatchObject({
      code: 'UNREACHABLE',
      details: { node: 'a-1', cause },
    });
    expect(bytes).toBe(0);
    await new Promise((resolve) => server.close(resolve));
  }

  test('the peer port of another node, of another domain or of none', async () => {
    const { alpha } = scene;
    await expectRefused(await alpha.issue(['mcloud://alpha/a-2']), 'WRONG_NODE_IDENTITY');
    await expectRefused(await alpha.issue(['mcloud://beta/a-1']), 'WRONG_NODE_IDENTITY');
    await expectRefused(await alpha.issue([]), 'WRONG_NODE_IDENTITY');
  });

  test('a server whose certificate another authority has issued', async () => {
    const beta = await createAuthority('beta');
    await expectRefused(await beta.issue(['mcloud://alpha/a-1']), 'UNABLE_TO_VERIFY_LEAF_SIGNATURE');
  });

  test('a server that speaks another protocol or an older TLS', async () => {
    const identity = await scene.alpha.issue(['mcloud://alpha/a-1']);
    await expectRefused(identity, 'WRONG_PROTOCOL', { ALPNProtocols: undefined });
    await expectRefused(identity, 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION', { maxVersion: 'TLSv1.2' });
  });
});

describe('the peer port', () => {
  test('hangs up on whoever speaks no link, or something else', async () => {
    const port = await scene.serve();
    for (const protocol of [null, 'http/1.1']) {
      const { socket, closed } = await scene.dial(port.port, protocol);
      socket.write('GET /v1/bytes HTTP/1.1\r\nhost: x\r\n\r\n');
      await closed;
    }
    expect(port.router.seen).toEqual([]);
  });

  test('ends a link that brings no frames, a reply, or a number twice, and serves others on', async () => {
    const port = await scene.serve();
    heldRouter(port.router);
    const spoilt: readonly Uint8Array[] = [
      utf8('GET / HTTP/1.1\r\n\r\n'),
      Uint8Array.of(0xff, 0xff, 0xff, 0xff, 1, 0, 0, 0, 1),
      encodeFrame({ kind: 'reply', call: 1, status: 200, contentType: BYTES, body: utf8('x') }),
      concat(frameOf(1, 'x'), frameOf(1, 'y')),
    ];
    for (const bytes of spoilt) {
      const { socket, closed } = await scene.dial(port.port);
      socket.write(bytes);
      await closed;
    }
    port.router.answer = async () => DONE;
    expect((await ask(scene.transportTo(port.origin), 'x')).status).toBe(200);
  });

  test('ends a link whose frame does not come to its end in time', async () => {
    const port = await scene.serve({ frameMs: 100 });
    const whole = frameOf(1, 'a body that takes its time');
    for (const bytes of [whole.subarray(0, 3), whole.subarray(0, 20)]) {
      const { socket, closed } = await scene.dial(port.port);
      socket.write(bytes);
      await closed;
    }
    const { socket, receivedBytes } = await scene.dial(port.port);
    socket.write(whole.subarray(0, 20));
    socket.write(whole.subarray(20));
    await new Promise((resolve) => socket.once('data', resolve));
    expect(receivedBytes()).toBeGreaterThan(0);
  });

  test('refuses calls beyond its room with OVERLOADED, reads over their bodies, and takes others when there is room', async () => {
    const port = await scene.serve({ bodyBytesInFlightMax: 100, callsPerLinkMax: 2 });
    const held = heldRouter(port.router);
    const transport = scene.transportTo(port.origin);
    expect(codeOf(await ask(transport, 'x'.repeat(200)))).toBe('OVERLOADED');
    const inside = [ask(transport, 'a'), ask(transport, 'b')];
    await held.inside(2);
    expect(codeOf(await ask(transport, 'c'))).toBe('OVERLOADED');
    held.answer('a');
    held.answer('b');
    await Promise.all(inside);
    const later = ask(transport, 'd');
    await held.inside(3);
    held.answer('d');
    expect((await later).status).toBe(200);
  });

  test('keeps room for an operation that outlives its answer', async () => {
    const port = await scene.serve({ bodyBytesInFlightMax: 60, operationMs: 50 });
    const held = heldRouter(port.router);
    const transport = scene.transportTo(port.origin);
    expect(codeOf(await ask(transport, 'slow'))).toBe('DEADLINE_EXCEEDED');
    expect(port.router.seen[0]?.signal.aborted).toBe(true);
    expect(codeOf(await ask(transport, 'x'.repeat(20)))).toBe('OVERLOADED');
    held.answer('slow');
    port.router.answer = async () => DONE;
    await expect.poll(async () => (await ask(transport, 'x')).status).toBe(200);
  });

  test('reads no further call while the other side does not read its answers', async () => {
    const port = await scene.serve({ unreadBytesMax: 100_000 });
    const body = new Uint8Array(1_000_000);
    port.router.answer = async () => ({ ...DONE, body });
    const { socket, receivedBytes } = await scene.dial(port.port);
    socket.pause();
    for (let call = 0; call < 50; call++) {
      socket.write(frameOf(call, 'x'));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await expect.poll(() => port.router.seen.length).toBeGreaterThan(0);
    const asked = port.router.seen.length;
    expect(asked).toBeLessThan(50);
    socket.resume();
    await expect.poll(() => receivedBytes(), { timeout: 20_000 }).toBeGreaterThan(50 * body.length);
    expect(port.router.seen).toHaveLength(50);
  }, 30_000);

  test('answers calls under way when it stops, refuses new ones, and closing again is nothing', async () => {
    const port = await scene.serve();
    const held = heldRouter(port.router);
    const transport = scene.transportTo(port.origin);
    const sent = ask(transport, 'before');
    await held.inside(1);
    const closing = port.close();
    expect(codeOf(await ask(transport, 'after'))).toBe('NOT_READY');
    held.answer('before');
    expect((await sent).status).toBe(200);
    await Promise.all([closing, port.close()]);
    expect(port.router.seen).toHaveLength(1);
  });

  test('ends a link that has been idle too long', async () => {
    const port = await scene.serve({ idleSocketMs: 50 });
    const { closed } = await scene.dial(port.port);
    await closed;
  });
});
