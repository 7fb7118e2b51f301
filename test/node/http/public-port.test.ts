import { connect } from 'node:tls';
import { SignJWT } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Listener, listenPublic, type PublicPortOptions } from '../../../node/http/index.ts';
import { EngineError, fromUtf8, utf8 } from '../../../src/foundation/index.ts';
import {
  type Ed25519KeyPair,
  ed25519PrivateKey,
  generateEd25519,
  mintOperatorToken,
} from '../../../src/platform/index.ts';
import { createUndiciTransport } from '../../../src/platform/undici-transport.ts';
import type { Transport, TransportResponse } from '../../../src/ports/index.ts';
import { errorFromProblem, PROBLEM_CONTENT_TYPE } from '../../../src/protocol/index.ts';
import { domainId } from '../../../src/ring/index.ts';
import { createAuthority, type IssuedCertificate, type TestAuthority } from '../../support/certificates.ts';
import { DONE, fakeRouter } from '../../support/fake-router.ts';
import { recordingLog } from '../../support/recording-log.ts';

const NOW_MS = 1_800_000_000_000;
const NOW = NOW_MS / 1_000;
const BYTES = 'application/octet-stream';

const router = fakeRouter();
const log = recordingLog();
let authority: TestAuthority;
let tls: IssuedCertificate;
let operator: Ed25519KeyPair;
let listener: Listener;
let transport: Transport;
let readiness = { ready: true, reasons: [] as string[] };

function options(): PublicPortOptions {
  return {
    address: { port: 0 },
    tls,
    router,
    log,
    clock: { now: () => NOW_MS, sleep: () => Promise.reject(new Error('nothing sleeps here')) },
    operatorKey: () => operator.publicKey,
    audience: domainId('alpha'),
    readiness: () => readiness,
  };
}

function transportTo(port: Listener): Transport {
  return createUndiciTransport({
    targets: () => ({ origin: port.origin, trust: authority.pem, pool: 'alpha' }),
  });
}

beforeAll(async () => {
  authority = await createAuthority('alpha');
  tls = await authority.issue();
  operator = await generateEd25519();
  listener = await listenPublic(options());
  transport = transportTo(listener);
});

afterAll(async () => {
  await transport.close();
  await listener.close();
});

beforeEach(() => {
  router.seen.length = 0;
  router.answer = async (request) => ({ status: 200, body: request.body, contentType: BYTES });
  readiness = { ready: true, reasons: [] };
});

function send(
  path: string,
  body: Uint8Array = utf8('x'),
  extra: { contentType?: string; token?: string; over?: Transport } = {},
): Promise<TransportResponse> {
  const request = {
    method: 'POST' as const,
    path,
    body,
    contentType: extra.contentType ?? BYTES,
    ...(extra.token === undefined ? {} : { token: extra.token }),
  };
  return (extra.over ?? transport).send('a-1', request, { timeoutMs: 5_000 });
}

function get(path: string): Promise<TransportResponse> {
  const request = { method: 'GET' as const, path, body: new Uint8Array(), contentType: '' };
  return transport.send('a-1', request, { timeoutMs: 5_000 });
}

function expectProblem(answer: TransportResponse, status: number, code: string): EngineError {
  expect(answer).toMatchObject({ status, contentType: PROBLEM_CONTENT_TYPE });
  const problem: unknown = JSON.parse(fromUtf8(answer.body));
  expect(problem).toMatchObject({ type: `urn:m-cloud:error:${code}`, status, code });
  const error = errorFromProblem(answer.status, answer.body, answer.contentType);
  expect(error.code).toBe(code);
  return error;
}

describe('a request', () => {
  test('reaches the router as it was sent, and its answer comes back byte for byte', async () => {
    const body = Uint8Array.from({ length: 256 }, (_, i) => i);
    const answer = await send('/v1/bytes?a=1&b=%20x', body);
    expect(answer).toEqual({ status: 200, body, contentType: BYTES });
    expect(router.seen).toMatchObject([
      {
        caller: { kind: 'anonymous' },
        request: { method: 'POST', path: '/v1/bytes', query: { a: '1', b: ' x' }, contentType: BYTES },
      },
    ]);
    // A Buffer here would share memory with whoever slices it.
    expect(router.seen[0]?.request.body.constructor).toBe(Uint8Array);
  });

  test('with GET has no body and no content type', async () => {
    await get('/v1/bytes?k=v');
    expect(router.seen).toMatchObject([{ request: { method: 'GET', query: { k: 'v' }, contentType: '' } }]);
    expect(router.seen[0]?.request.body).toEqual(new Uint8Array());
  });

  test('may have an empty body', async () => {
    expect(await send('/v1/bytes', new Uint8Array())).toMatchObject({ status: 200, body: new Uint8Array() });
  });

  test('whose content type has parameters is taken', async () => {
    expect(
      await send('/v1/json', utf8('{}'), { contentType: 'application/json; charset=utf-8' }),
    ).toMatchObject({
      status: 200,
    });
  });
});

describe('a refusal is a problem document', () => {
  test('for an unknown path, an unknown method and a path that does not decode', async () => {
    expectProblem(await send('/v1/nothing'), 404, 'UNKNOWN_OPERATION');
    expectProblem(await get('/v1/json'), 404, 'UNKNOWN_OPERATION');
    expectProblem(await get('/v1/%zz'), 404, 'UNKNOWN_OPERATION');
  });

  test('for another content type, or none', async () => {
    for (const contentType of ['application/json', 'text/plain', '', 'nonsense']) {
      expectProblem(await send('/v1/bytes', utf8('x'), { contentType }), 415, 'UNSUPPORTED_MEDIA_TYPE');
    }
    expect(router.seen).toEqual([]);
  });

  test('for a body over the limit of its operation, while a body at the limit is taken', async () => {
    expect(await send('/v1/bytes', new Uint8Array(1_024))).toMatchObject({ status: 200 });
    expectProblem(await send('/v1/bytes', new Uint8Array(1_025)), 413, 'BODY_TOO_LARGE');
    expect(await send('/v1/large', new Uint8Array(4_194_304))).toMatchObject({ status: 200 });
    expect(router.seen).toHaveLength(2);
  });

  test('for a query that names something twice', async () => {
    expectProblem(await get('/v1/bytes?a=1&a=2'), 400, 'SCHEMA_MISMATCH');
  });

  test('with the message and details of an error that the router throws', async () => {
    router.answer = () =>
      Promise.reject(new EngineError('STALE_EPOCH', 'expected epoch 3, got 2', { epoch: 3 }));
    const error = expectProblem(await send('/v1/bytes'), 409, 'STALE_EPOCH');
    expect(error.message).toBe('expected epoch 3, got 2');
    expect(error.details).toEqual({ epoch: 3 });
  });

  test('without a word of an unforeseen error, whose message is not even logged', async () => {
    router.answer = () => Promise.reject(new TypeError('the share is 4711'));
    const answer = await send('/v1/bytes');
    expectProblem(answer, 500, 'INTERNAL');
    expect(fromUtf8(answer.body)).not.toContain('4711');
    expect(log.lines.join('\n')).not.toContain('4711');
    expect(log.lines.join('\n')).toContain('TypeError');
  });

  test('when the operation takes too long, and the router is told to stop', async () => {
    router.answer = (_request, signal) =>
      new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    expectProblem(await send('/v1/brief'), 504, 'DEADLINE_EXCEEDED');
    expect(router.seen[0]?.signal.aborted).toBe(true);
  });

  test('for bytes that are no HTTP', async () => {
    const answer = await rawExchange('NONSENSE\r\n\r\n');
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer).toContain('"code":"MALFORMED_TEXT"');
  });

  test('for headers over the limit', async () => {
    const answer = await rawExchange(`GET /v1/bytes HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(9_000)}\r\n\r\n`);
    expect(answer).toContain('"code":"MALFORMED_TEXT"');
  });
});

describe('an operator', () => {
  function mint(overrides: Partial<Parameters<typeof mintOperatorToken>[0]> = {}): Promise<string> {
    return mintOperatorToken({
      privateKeyPem: operator.privateKeyPem,
      domain: 'alpha',
      subject: 'alice',
      scopes: ['compute', 'seal'],
      nowMs: NOW_MS,
      ...overrides,
    });
  }

  function jwt(claims: Record<string, unknown>, typ = 'mcloud-operator+jwt', alg = 'EdDSA'): Promise<string> {
    return new SignJWT({ aud: 'alpha', sub: 'alice', scope: 'seal', iat: NOW, exp: NOW + 60, ...claims })
      .setProtectedHeader({ alg, typ })
      .sign(ed25519PrivateKey(operator.privateKeyPem));
  }

  test('with a good token is known by subject and scopes', async () => {
    expect(await send('/v1/bytes', utf8('x'), { token: await mint() })).toMatchObject({ status: 200 });
    expect(router.seen[0]?.caller).toEqual({
      kind: 'operator',
      subject: 'alice',
      scopes: ['compute', 'seal'],
    });
  });

  test('whose clock is a few seconds off is still served', async () => {
    for (const nowMs of [NOW_MS + 4_000, NOW_MS - 903_000]) {
      expect(await send('/v1/bytes', utf8('x'), { token: await mint({ nowMs }) })).toMatchObject({
        status: 200,
      });
    }
  });

  test('with any other token is refused before the router or the body is looked at', async () => {
    const stranger = await generateEd25519();
    const good = await mint();
    const [header = '', payload = '', signature = ''] = good.split('.');
    const none = Buffer.from('{"alg":"none","typ":"mcloud-operator+jwt"}').toString('base64url');
    const hs256 = await new SignJWT({ aud: 'alpha', sub: 'alice', scope: 'seal', iat: NOW, exp: NOW + 60 })
      .setProtectedHeader({ alg: 'HS256', typ: 'mcloud-operator+jwt' })
      .sign(operator.publicKey);
    const bad: Record<string, string> = {
      'signed by another key': await mint({ privateKeyPem: stranger.privateKeyPem }),
      'for another domain': await mint({ domain: 'beta' }),
      expired: await mint({ nowMs: NOW_MS - 910_000 }),
      'from the future': await mint({ nowMs: NOW_MS + 60_000 }),
      'living too long': await mint({ seconds: 901 }),
      'without end': await jwt({ exp: undefined }),
      'without start': await jwt({ iat: undefined }),
      'without subject': await jwt({ sub: undefined }),
      'without scope': await jwt({ scope: undefined }),
      'without audience': await jwt({ aud: undefined }),
      'of another type': await jwt({}, 'mcloud-ring+jws'),
      'of algorithm none': `${none}.${payload}.`,
      'of algorithm none with a signature': `${none}.${payload}.${signature}`,
      'signed with the public key as secret': hs256,
      'with another payload': `${header}.${Buffer.from('{"aud":"alpha"}').toString('base64url')}.${signature}`,
      'without signature': `${header}.${payload}.`,
      'that is none': 'x',
    };
    for (const [name, token] of Object.entries(bad)) {
      const answer = await send('/v1/bytes', new Uint8Array(2_000), { token });
      expect.soft(answer.status, name).toBe(401);
      const error = expectProblem(answer, 401, 'UNAUTHENTICATED');
      expect.soft(error.message, name).not.toContain(payload);
    }
    expect(router.seen).toEqual([]);
    expect(log.lines.join('\n')).not.toContain(payload);
  });

  test('with a header that is no bearer token is refused', async () => {
    const answer = await rawExchange(
      'GET /v1/bytes HTTP/1.1\r\nhost: x\r\nauthorization: Basic eDp5\r\nconnection: close\r\n\r\n',
    );
    expect(answer).toMatch(/^HTTP\/1\.1 401 /);
    expect(answer).toMatch(/www-authenticate: Bearer/i);
  });
});

describe('health', () => {
  test('livez answers while the process does; readyz gives the reasons', async () => {
    readiness = { ready: false, reasons: ['waiting for peers'] };
    expect(await get('/livez')).toMatchObject({ status: 200 });
    const unready = await get('/readyz');
    expect(unready.status).toBe(503);
    expect(JSON.parse(fromUtf8(unready.body))).toEqual({ ready: false, reasons: ['waiting for peers'] });
    readiness = { ready: true, reasons: [] };
    expect(await get('/readyz')).toMatchObject({ status: 200 });
  });
});

describe('the port', () => {
  test('speaks TLS 1.3 only', async () => {
    const code = await new Promise((resolve) => {
      const socket = connect({ port: listener.port, ca: authority.pem, maxVersion: 'TLSv1.2' });
      socket.once('secureConnect', () => resolve('connected'));
      socket.once('error', (error) => resolve('code' in error ? error.code : error.message));
    });
    expect(code).toBe('ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION');
  });

  test('listens on 127.0.0.1 unless told otherwise', () => {
    expect(listener.origin).toBe(`https://127.0.0.1:${listener.port}`);
  });

  test('that is taken is ADDRESS_IN_USE and named', async () => {
    const second = listenPublic({ ...options(), address: { port: listener.port } });
    await expect(second).rejects.toMatchObject({ code: 'ADDRESS_IN_USE' });
    await expect(second).rejects.toThrow(`127.0.0.1:${listener.port}`);
  });

  test('does not open with a certificate that is none, or on an address that is not ours', async () => {
    await expect(listenPublic({ ...options(), tls: { cert: 'x', key: 'y' } })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
    const elsewhere = listenPublic({ ...options(), address: { host: '192.0.2.1', port: 0 } });
    await expect(elsewhere).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  test('sheds requests beyond its limit and takes them again when others are done', async () => {
    const small = await listenPublic({ ...options(), limits: { requestsInFlightMax: 1 } });
    const over = transportTo(small);
    const held = holdRouter();
    const first = send('/v1/bytes', utf8('x'), { over });
    await held.reached;
    expectProblem(await send('/v1/bytes', utf8('x'), { over }), 503, 'OVERLOADED');
    expect(
      (
        await over.send(
          'a-1',
          { method: 'GET', path: '/livez', body: new Uint8Array(), contentType: '' },
          { timeoutMs: 5_000 },
        )
      ).status,
    ).toBe(200);
    held.release();
    expect((await first).status).toBe(200);
    expect((await send('/v1/bytes', utf8('x'), { over })).status).toBe(200);
    await over.close();
    await small.close();
  });

  test('closes after the requests under way, refuses new ones, and closing again is nothing', async () => {
    const other = await listenPublic(options());
    const over = transportTo(other);
    const held = holdRouter();
    const first = send('/v1/bytes', utf8('x'), { over });
    await held.reached;
    const closed = Promise.all([other.close(), other.close()]);
    await expect(send('/v1/bytes', utf8('x'), { over })).rejects.toMatchObject({ code: 'UNREACHABLE' });
    held.release();
    expect((await first).status).toBe(200);
    await closed;
    await other.close();
    await over.close();
  });

  test('hangs up at its limit on a request that does not end', async () => {
    const other = await listenPublic({ ...options(), limits: { closeMs: 20 } });
    const over = transportTo(other);
    const held = holdRouter();
    const first = send('/v1/bytes', utf8('x'), { over }).catch((error: unknown) => error);
    await held.reached;
    await other.close();
    expect(await first).toMatchObject({ code: 'UNREACHABLE' });
    held.release();
    await over.close();
  });

  test('takes no notice of a client that hangs up in the middle of its body', async () => {
    log.lines.length = 0;
    const socket = connect({ port: listener.port, ca: authority.pem, servername: 'localhost' });
    const head = `POST /v1/bytes HTTP/1.1\r\nhost: localhost\r\ncontent-type: ${BYTES}\r\ncontent-length: 100\r\n\r\n`;
    await new Promise((written) => {
      socket.once('secureConnect', () => socket.write(`${head}abc`, written));
    });
    // Answered over another connection, so that the first has been read by then.
    await send('/v1/bytes');
    socket.destroy();
    await vi.waitFor(() => expect(log.lines.join()).toContain('broken off'));
    expect(log.lines.filter((line) => line.includes('"level":"error"'))).toEqual([]);
    expect(router.seen).toHaveLength(1);
  });

  test('tells the router when the client hangs up', async () => {
    const held = holdRouter();
    const over = transportTo(listener);
    const sent = send('/v1/bytes', utf8('x'), { over });
    await held.reached;
    const signal = router.seen[0]?.signal;
    expect(signal?.aborted).toBe(false);
    const aborted = new Promise((resolve) => signal?.addEventListener('abort', resolve));
    await Promise.all([over.close(), expect(sent).rejects.toMatchObject({ code: 'UNREACHABLE' })]);
    await aborted;
    held.release();
  });
});

/** Makes the router wait; `reached` resolves when a request is inside. */
function holdRouter(): { reached: Promise<void>; release: () => void } {
  let release = () => {};
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  const reached = new Promise<void>((resolve) => {
    router.answer = async () => {
      resolve();
      await gate;
      return DONE;
    };
  });
  return { reached, release };
}

/** Everything the port answers to some bytes, until it hangs up. */
function rawExchange(bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect({ port: listener.port, host: '127.0.0.1', ca: authority.pem }, () =>
      socket.write(bytes),
    );
    socket.on('data', (chunk) => {
      answer += chunk.toString();
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(answer));
  });
}
