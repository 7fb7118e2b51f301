import { createServer, type Server } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import type { SecureContextOptions, TLSSocket } from 'node:tls';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { utf8 } from '../../../src/foundation/index.ts';
import { createUndiciTransport } from '../../../src/platform/undici-transport.ts';
import type { Transport, TransportRequest } from '../../../src/ports/index.ts';
import { createAuthority, type IssuedCertificate, type TestAuthority } from '../../support/certificates.ts';

type Handler = Parameters<typeof createServer>[1];

const SECRET = 'a share, of all things';
const REQUEST: TransportRequest = {
  method: 'POST',
  path: '/v1/bytes?a=1',
  body: utf8(SECRET),
  contentType: 'application/octet-stream',
};
const TIME = { timeoutMs: 5_000 };

let alpha: TestAuthority;
let beta: TestAuthority;
let certificateOfAlpha: IssuedCertificate;
const opened: (() => unknown)[] = [];

beforeAll(async () => {
  alpha = await createAuthority('alpha');
  beta = await createAuthority('beta');
  certificateOfAlpha = await alpha.issue(['mcloud://alpha/a-1']);
});

afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close();
});

/** An HTTPS server that counts the connections it got and the bytes it could decrypt. */
async function serve(identity: IssuedCertificate, handler: Handler, tlsOptions = {}) {
  let decryptedBytes = 0;
  let connections = 0;
  const server: Server = createServer({ ...identity, ...tlsOptions }, handler);
  server.on('secureConnection', (socket: TLSSocket) => {
    connections++;
    socket.on('data', (chunk: Buffer) => {
      decryptedBytes += chunk.length;
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  opened.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return {
    origin: `https://127.0.0.1:${port}`,
    decryptedBytes: () => decryptedBytes,
    connections: () => connections,
    setSecureContext: (next: SecureContextOptions) => server.setSecureContext(next),
  };
}

function transportTo(
  origin: string,
  options: Partial<Parameters<typeof createUndiciTransport>[0]> = {},
): Transport {
  const transport = createUndiciTransport({
    targets: () => ({ origin, trust: alpha.pem, pool: 'alpha' }),
    ...options,
  });
  opened.push(() => transport.close());
  return transport;
}

const echo: Handler = (request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    response.setHeader('content-type', 'text/plain');
    response.setHeader(
      'x-seen',
      JSON.stringify([request.method, request.url, request.headers.authorization]),
    );
    response.statusCode = 201;
    response.end(Buffer.concat(chunks));
  });
};

describe('the transport', () => {
  test('brings status, body and content type back, over connections that are kept', async () => {
    const server = await serve(certificateOfAlpha, echo);
    const transport = transportTo(server.origin);
    for (let i = 0; i < 20; i++) {
      const answer = await transport.send('a-1', REQUEST, TIME);
      expect(answer).toEqual({ status: 201, body: utf8(SECRET), contentType: 'text/plain' });
      expect(answer.body.constructor).toBe(Uint8Array);
    }
    // Two, because an answer is here a moment before its connection is free again.
    expect(server.connections()).toBeLessThanOrEqual(2);
  });

  test('brings an answer of many pieces whole, and one of none', async () => {
    const piece = 'a piece of the answer, '.repeat(1_000);
    const server = await serve(certificateOfAlpha, (request, response) => {
      const pieces = request.url === '/none' ? 0 : 20;
      for (let i = 0; i < pieces; i++) response.write(piece);
      response.end();
    });
    const transport = transportTo(server.origin);
    const none = await transport.send('a-1', { ...REQUEST, path: '/none' }, TIME);
    expect(none).toEqual({ status: 200, body: new Uint8Array(0), contentType: '' });
    const many = await transport.send('a-1', REQUEST, TIME);
    expect(many.body).toEqual(utf8(piece.repeat(20)));
    expect(many.body.constructor).toBe(Uint8Array);
  });

  test('opens no more connections to a node than its limit', async () => {
    const server = await serve(certificateOfAlpha, echo);
    const transport = transportTo(server.origin, { limits: { connectionsPerNodeMax: 2 } });
    await Promise.all(Array.from({ length: 20 }, () => transport.send('a-1', REQUEST, TIME)));
    expect(server.connections()).toBe(2);
  });

  test('sends the token as a bearer token and only then an authorization header', async () => {
    const seen: (string | undefined)[] = [];
    const server = await serve(certificateOfAlpha, (request, response) => {
      seen.push(request.headers.authorization);
      response.end();
    });
    const transport = transportTo(server.origin);
    await transport.send('a-1', REQUEST, TIME);
    await transport.send('a-1', { ...REQUEST, token: 'abc' }, TIME);
    expect(seen).toEqual([undefined, 'Bearer abc']);
  });
});

describe('not a byte of a request reaches', () => {
  async function expectRefused(
    identity: IssuedCertificate,
    cause: string,
    options: { tls?: object } = {},
  ): Promise<void> {
    const server = await serve(identity, echo, options.tls);
    const transport = transportTo(server.origin);
    await expect(transport.send('a-1', REQUEST, TIME)).rejects.toMatchObject({
      code: 'UNREACHABLE',
      details: { node: 'a-1', cause },
    });
    expect(server.decryptedBytes()).toBe(0);
  }

  test('a server with a certificate of another domain', async () => {
    await expectRefused(await beta.issue(['mcloud://alpha/a-1']), 'UNABLE_TO_VERIFY_LEAF_SIGNATURE');
  });

  test('a server that cannot speak TLS 1.3', async () => {
    await expectRefused(certificateOfAlpha, 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION', {
      tls: { maxVersion: 'TLSv1.2' },
    });
  });

  test('a server whose certificate is for another host', async () => {
    const server = await serve(await alpha.issue([], ['elsewhere']), echo);
    const transport = transportTo(server.origin.replace('127.0.0.1', 'localhost'));
    await expect(transport.send('a-1', REQUEST, TIME)).rejects.toMatchObject({
      details: { cause: 'ERR_TLS_CERT_ALTNAME_INVALID' },
    });
    expect(server.decryptedBytes()).toBe(0);
  });

  test('a server that took the address over, session tickets and all', async () => {
    const ticketKeys = Buffer.alloc(48, 7);
    const hangUp: Handler = (request, response) => {
      response.setHeader('connection', 'close');
      echo(request, response);
    };
    const server = await serve(certificateOfAlpha, hangUp, { ticketKeys });
    const transport = transportTo(server.origin);
    expect((await transport.send('a-1', REQUEST, TIME)).status).toBe(201);
    const before = server.decryptedBytes();
    // With the old keys it would resume the session a client offers, and show no certificate.
    server.setSecureContext({ ...(await beta.issue()), ticketKeys });
    await expect(transport.send('a-1', REQUEST, TIME)).rejects.toMatchObject({
      details: { cause: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' },
    });
    expect(server.decryptedBytes()).toBe(before);
  });
});

describe('a request that gets no answer', () => {
  test('is UNREACHABLE with node and cause, and says nothing of its contents', async () => {
    const server = await serve(certificateOfAlpha, (request) => request.socket.destroy());
    const sent = transportTo(server.origin).send('a-1', { ...REQUEST, token: 'abc' }, TIME);
    const error: unknown = await sent.catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'UNREACHABLE', details: { node: 'a-1', cause: 'UND_ERR_SOCKET' } });
    expect(JSON.stringify(error) + String(error)).not.toMatch(/share|abc/);
  });

  test('is UNREACHABLE when nobody listens', async () => {
    const server = await serve(certificateOfAlpha, echo);
    await opened.pop()?.();
    await expect(transportTo(server.origin).send('a-1', REQUEST, TIME)).rejects.toMatchObject({
      details: { cause: 'ECONNREFUSED' },
    });
  });

  test('is said never to have left only where no connection came about, or too many wait', async () => {
    let never = 0;
    const own = { ...TIME, onNeverSent: () => void never++ };
    const gone = await serve(certificateOfAlpha, echo);
    await opened.pop()?.();
    await expect(transportTo(gone.origin).send('a-1', REQUEST, own)).rejects.toThrow('ECONNREFUSED');
    expect(never).toBe(1);
    const silent = await serve(certificateOfAlpha, () => {});
    const crowded = transportTo(silent.origin, { limits: { requestsPerNodeMax: 1 } });
    const waiting = crowded.send('a-1', REQUEST, { ...own, timeoutMs: 200 });
    await expect(crowded.send('a-1', REQUEST, own)).rejects.toMatchObject({ code: 'OVERLOADED' });
    expect(never).toBe(2);
    await expect(waiting).rejects.toThrow('TIMEOUT');
    const broken = await serve(certificateOfAlpha, (request) => request.socket.destroy());
    await expect(transportTo(broken.origin).send('a-1', REQUEST, own)).rejects.toThrow('UND_ERR_SOCKET');
    expect(never).toBe(2);
  });

  test('is UNREACHABLE after its time, also in the middle of the answer', async () => {
    const silent = await serve(certificateOfAlpha, () => {});
    const partial = await serve(certificateOfAlpha, (_request, response) => {
      response.write('the first half');
    });
    for (const server of [silent, partial]) {
      await expect(transportTo(server.origin).send('a-1', REQUEST, { timeoutMs: 50 })).rejects.toMatchObject({
        code: 'UNREACHABLE',
        details: { cause: 'TIMEOUT' },
      });
    }
  });

  test('is UNREACHABLE after its time where no connection was free, and is not sent later', async () => {
    const seen: (string | undefined)[] = [];
    let arrive = (_answer: () => void) => {};
    const arrived = new Promise<() => void>((resolve) => {
      arrive = resolve;
    });
    const server = await serve(certificateOfAlpha, (request, response) => {
      seen.push(request.url);
      if (seen.length > 1) response.end();
      else arrive(() => response.end());
    });
    const transport = transportTo(server.origin, { limits: { connectionsPerNodeMax: 1 } });
    const first = transport.send('a-1', { ...REQUEST, path: '/first' }, TIME);
    const answer = await arrived;
    await expect(
      transport.send('a-1', { ...REQUEST, path: '/second' }, { timeoutMs: 200 }),
    ).rejects.toMatchObject({ details: { cause: 'TIMEOUT' } });
    answer();
    expect((await first).status).toBe(200);
    expect((await transport.send('a-1', { ...REQUEST, path: '/third' }, TIME)).status).toBe(200);
    expect(seen).toEqual(['/first', '/third']);
  });

  test('is UNREACHABLE when the answer is larger than the limit', async () => {
    const server = await serve(certificateOfAlpha, (_request, response) => response.end('x'.repeat(1_001)));
    const transport = transportTo(server.origin, { limits: { responseBytesMax: 1_000 } });
    await expect(transport.send('a-1', REQUEST, TIME)).rejects.toMatchObject({
      details: { cause: 'UND_ERR_RES_EXCEEDED_MAX_SIZE' },
    });
  });

  test('rejects with the reason of its signal, before and after it was sent', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const server = await serve(certificateOfAlpha, () => controller.abort(reason));
    const transport = transportTo(server.origin);
    await expect(transport.send('a-1', REQUEST, { ...TIME, signal: controller.signal })).rejects.toBe(reason);
    await expect(transport.send('a-1', REQUEST, { ...TIME, signal: controller.signal })).rejects.toBe(reason);
  });

  test('keeps its connection when its signal aborts, and an unread answer is not taken for the next one', async () => {
    const controller = new AbortController();
    let late: (() => void) | undefined;
    const server = await serve(certificateOfAlpha, (_request, response) => {
      if (late !== undefined) return void response.end('the second answer');
      late = () => void response.end('the first answer');
      controller.abort(new Error('enough'));
    });
    const transport = transportTo(server.origin, { limits: { connectionsPerNodeMax: 1 } });
    await expect(transport.send('a-1', REQUEST, { ...TIME, signal: controller.signal })).rejects.toThrow(
      'enough',
    );
    const second = transport.send('a-1', REQUEST, TIME);
    late?.();
    expect((await second).body).toEqual(utf8('the second answer'));
    expect(server.connections()).toBe(1);
  });

  test('counts as waiting for the node until its exchange has ended, also when its signal aborts', async () => {
    const controller = new AbortController();
    const server = await serve(certificateOfAlpha, () => controller.abort(new Error('enough')));
    const transport = transportTo(server.origin, { limits: { requestsPerNodeMax: 1 } });
    const first = transport.send('a-1', REQUEST, { ...TIME, signal: controller.signal });
    await expect(first).rejects.toThrow('enough');
    await expect(transport.send('a-1', REQUEST, TIME)).rejects.toMatchObject({ code: 'OVERLOADED' });
  });

  test('is not even sent when too many wait for the node', async () => {
    const server = await serve(certificateOfAlpha, () => {});
    const transport = transportTo(server.origin, { limits: { requestsPerNodeMax: 1 } });
    const first = transport.send('a-1', REQUEST, TIME).catch((error: unknown) => error);
    await expect(transport.send('a-1', REQUEST, TIME)).rejects.toMatchObject({ code: 'OVERLOADED' });
    await transport.close();
    expect(await first).toMatchObject({ code: 'UNREACHABLE' });
  });
});

describe('a transport', () => {
  test('goes to the new address when the ring document moves a node', async () => {
    const before = await serve(certificateOfAlpha, (_request, response) => response.end('before'));
    const after = await serve(certificateOfAlpha, (_request, response) => response.end('after'));
    let origin = before.origin;
    const transport = transportTo('', { targets: () => ({ origin, trust: alpha.pem, pool: 'alpha' }) });
    expect((await transport.send('a-1', REQUEST, TIME)).body).toEqual(utf8('before'));
    origin = after.origin;
    expect((await transport.send('a-1', REQUEST, TIME)).body).toEqual(utf8('after'));
  });

  test('that is closed refuses requests, and closing it again is nothing', async () => {
    const server = await serve(certificateOfAlpha, echo);
    const transport = transportTo(server.origin);
    await transport.send('a-1', REQUEST, TIME);
    await Promise.all([transport.close(), transport.close()]);
    await transport.close();
    await expect(transport.send('a-1', REQUEST, TIME)).rejects.toMatchObject({ code: 'UNREACHABLE' });
  });

  test('that is closed leaves no connection behind that a node which stands still has yet to answer', async () => {
    let hears = (_: Socket) => {};
    const connected = new Promise<Socket>((resolve) => {
      hears = resolve;
    });
    const server = createTcpServer((socket) => hears(socket.resume()));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    opened.push(() => server.close());
    const { port } = server.address() as AddressInfo;
    const transport = transportTo(`https://127.0.0.1:${port}`, { limits: { connectMs: 60_000 } });
    const sent = transport.send('a-1', REQUEST, TIME).catch((error: unknown) => error);
    const socket = await connected;
    const left = new Promise((resolve) => void socket.once('close', resolve).once('error', () => {}));
    await transport.close();
    expect(await sent).toMatchObject({ code: 'UNREACHABLE' });
    // Its own process would run on until the time for connecting is over.
    await left;
  });
});
