import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { connect } from 'node:tls';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Listener, listenPublic, type Shedding } from '../../../node/http/index.ts';
import { addressKey } from '../../../node/http/shedding.ts';
import { generateEd25519 } from '../../../src/platform/index.ts';
import { createUndiciTransport } from '../../../src/platform/undici-transport.ts';
import type { Transport } from '../../../src/ports/index.ts';
import { errorFromProblem } from '../../../src/protocol/index.ts';
import { domainId } from '../../../src/ring/index.ts';
import { createAuthority, type IssuedCertificate, type TestAuthority } from '../../support/certificates.ts';
import { fakeRouter } from '../../support/fake-router.ts';
import { recordingLog } from '../../support/recording-log.ts';

const BYTES = 'application/octet-stream';
const router = fakeRouter();
let authority: TestAuthority;
let tls: IssuedCertificate;
let listener: Listener;
let transport: Transport;

beforeAll(async () => {
  authority = await createAuthority('alpha');
  tls = await authority.issue();
});
afterEach(async () => {
  await transport.close();
  await listener.close();
});

async function open(shedding: Partial<Shedding>): Promise<void> {
  const { publicKey } = await generateEd25519();
  router.seen.length = 0;
  router.answer = async (request) => ({ status: 200, body: request.body, contentType: BYTES });
  listener = await listenPublic({
    address: { port: 0 },
    tls,
    router,
    log: recordingLog(),
    clock: { now: () => 0, sleep: () => Promise.reject(new Error('nothing sleeps here')) },
    operatorKey: () => publicKey,
    audience: domainId('alpha'),
    readiness: () => ({ ready: true, reasons: [] }),
    shedding,
  });
  transport = createUndiciTransport({
    targets: () => ({ origin: listener.origin, trust: authority.pem, pool: 'alpha' }),
  });
}

const ask = (token?: string) =>
  transport.send(
    'a1',
    {
      method: 'POST',
      path: '/v1/bytes',
      body: Uint8Array.of(1),
      contentType: BYTES,
      ...(token === undefined ? {} : { token }),
    },
    { timeoutMs: 10_000 },
  );

describe('an address', () => {
  it('is refused with RATE_LIMITED beyond its requests of a second, before its token is looked at', async () => {
    // A second starts anew with the first request after it, so one of these windows holds a whole burst.
    await open({ requestsPerSecond: 3 });
    const answers = await Promise.all(Array.from({ length: 40 }, () => ask('no token of ours')));
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused.length).toBeGreaterThan(0);
    expect(answers.filter(({ status }) => status === 401).length).toBe(40 - refused.length);
    const [first] = refused;
    if (first === undefined) throw new Error('expected a refusal');
    expect(errorFromProblem(first.status, first.body, first.contentType).code).toBe('RATE_LIMITED');
    expect(router.seen).toEqual([]);
  });

  it('is told when to ask again', async () => {
    await open({ requestsPerSecond: 1 });
    const answers = await rawRequests(8);
    const refused = answers.filter((text) => text.startsWith('HTTP/1.1 429 '));
    expect(refused.length).toBeGreaterThan(0);
    for (const text of refused) {
      expect(text).toMatch(/\r\nretry-after: 1\r\n/);
      expect(text).not.toMatch(/x-ratelimit/i);
    }
  });

  it('gets no more connections than its limit, and one again when another closes', async () => {
    await open({ connections: 2 });
    const sockets = [await greeted(), await greeted()];
    await expect(greeted()).rejects.toThrow();
    sockets[0]?.destroy();
    // The port hears of the end a moment later.
    await expect
      .poll(() =>
        greeted().then(
          (socket) => socket.destroy(),
          () => 'refused',
        ),
      )
      .not.toBe('refused');
    sockets[1]?.destroy();
  });
});

describe('a node that is late', () => {
  it('sheds every request with OVERLOADED, and still answers whether it lives', async () => {
    // Any delay is above 10^-9 ms; the first sample comes after a second.
    await open({ loopDelayMs: 1e-9 });
    const code = async () => {
      const { status, body, contentType } = await ask();
      return status === 200 ? 'served' : errorFromProblem(status, body, contentType).code;
    };
    await expect.poll(code, { timeout: 20_000 }).toBe('OVERLOADED');
    const alive = await transport.send(
      'a1',
      { method: 'GET', path: '/livez', body: new Uint8Array(0), contentType: '' },
      { timeoutMs: 10_000 },
    );
    expect(alive.status).toBe(200);
  });
});

describe('whom an address stands for', () => {
  it.each([
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2/64'],
    ['2001:db8:1:2::1', '2001:db8:1:2/64'],
    ['2001:db8::1', '2001:db8:0:0/64'],
    ['::1', '0:0:0:0/64'],
    ['fe80::', 'fe80:0:0:0/64'],
  ])('%s is %s', async (address, key) => {
    await open({});
    expect(addressKey(address)).toBe(key);
  });
});

/** Opens a connection up to the end of its handshake. */
async function greeted() {
  const socket = connect({ port: listener.port, host: '127.0.0.1', rejectUnauthorized: false });
  await Promise.race([
    once(socket, 'secureConnect'),
    once(socket, 'close').then(() => {
      throw new Error('closed before the handshake');
    }),
  ]);
  return socket;
}

/** Requests on connections of their own, as text. */
function rawRequests(count: number): Promise<string[]> {
  return Promise.all(
    Array.from({ length: count }, async () => {
      const tcp = connectTcp(listener.port, '127.0.0.1');
      const socket = connect({ socket: tcp, rejectUnauthorized: false });
      await once(socket, 'secureConnect');
      socket.write('GET /v1/bytes HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
      let text = '';
      for await (const chunk of socket) text += String(chunk);
      return text;
    }),
  );
}
