import { X509Certificate } from 'node:crypto';
import { connect } from 'node:tls';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { PeerDomain } from '../../../node/engine/phone-book.ts';
import type { Listener } from '../../../node/http/index.ts';
import { listenPeer, peerOf } from '../../../node/links/index.ts';
import { utf8 } from '../../../src/foundation/index.ts';
import { createLinkTransport } from '../../../src/platform/index.ts';
import type { TransportResponse } from '../../../src/ports/index.ts';
import { errorFromProblem } from '../../../src/protocol/index.ts';
import { domainId, nodeId } from '../../../src/ring/index.ts';
import { createAuthority, type IssuedCertificate, type TestAuthority } from '../../support/certificates.ts';
import { fakeRouter } from '../../support/fake-router.ts';
import { recordingLog } from '../../support/recording-log.ts';

const router = fakeRouter();
let alpha: TestAuthority;
let beta: TestAuthority;
let stranger: TestAuthority;
let listener: Listener;
let peers: readonly PeerDomain[];

beforeAll(async () => {
  alpha = await createAuthority('alpha');
  beta = await createAuthority('beta');
  // Takes another's name: only the key tells them apart.
  stranger = await createAuthority('beta');
  peers = sections(['a-1', 'a-2'], ['b-1']);
  listener = await listenPeer({
    address: { port: 0 },
    tls: await alpha.issue(['mcloud://alpha/a-1']),
    router,
    log: recordingLog(),
    peers: () => peers,
  });
});

afterAll(() => listener.close());

beforeEach(() => {
  router.seen.length = 0;
  peers = sections(['a-1', 'a-2'], ['b-1']);
});

function sections(alphaNodes: readonly string[], betaNodes: readonly string[]): readonly PeerDomain[] {
  const ids = (names: readonly string[]) => names.map((name) => ({ id: nodeId(name) }));
  return [
    { domain: domainId('alpha'), certificateAuthority: alpha.pem, nodes: ids(alphaNodes) },
    { domain: domainId('beta'), certificateAuthority: beta.pem, nodes: ids(betaNodes) },
  ];
}

async function ask(clientCertificate: IssuedCertificate): Promise<TransportResponse> {
  const transport = transportOf(clientCertificate);
  try {
    return await post(transport);
  } finally {
    await transport.close();
  }
}

function transportOf(clientCertificate: IssuedCertificate) {
  return createLinkTransport({
    targets: () => ({ origin: listener.origin, trust: alpha.pem, pool: 'alpha' }),
    clientCertificate,
  });
}

function post(transport: ReturnType<typeof transportOf>): Promise<TransportResponse> {
  const request = {
    method: 'POST' as const,
    path: '/v1/bytes',
    body: utf8('x'),
    contentType: 'application/octet-stream',
  };
  return transport.send('a-1', request, { timeoutMs: 5_000 });
}

async function expectForbidden(certificate: IssuedCertificate, reason: RegExp): Promise<void> {
  const answer = await ask(certificate);
  expect(answer.status).toBe(403);
  const error = errorFromProblem(answer.status, answer.body, answer.contentType);
  expect(error.code).toBe('FORBIDDEN');
  expect(error.message).toMatch(reason);
  expect(router.seen).toEqual([]);
}

describe('the peer port', () => {
  test('knows a node by its certificate, whichever domain it is of', async () => {
    expect(await ask(await beta.issue(['mcloud://beta/b-1']))).toMatchObject({ status: 200 });
    expect(await ask(await alpha.issue(['mcloud://alpha/a-2']))).toMatchObject({ status: 200 });
    expect(router.seen.map(({ caller }) => caller)).toEqual([
      { kind: 'peer', domain: 'beta', node: 'b-1' },
      { kind: 'peer', domain: 'alpha', node: 'a-2' },
    ]);
  });

  test('refuses a certificate of one domain that claims a node of another', async () => {
    await expectForbidden(await beta.issue(['mcloud://alpha/a-2']), /authority of domain alpha/);
  });

  test('refuses a node its domain does not list, a domain outside the ring, and no name', async () => {
    await expectForbidden(await beta.issue(['mcloud://beta/b-2']), /domain beta lists/);
    await expectForbidden(await beta.issue(['mcloud://gamma/c-1']), /a domain of the ring/);
    await expectForbidden(await beta.issue([]), /one name/);
  });

  test('refuses two names in one certificate', async () => {
    await expectForbidden(await beta.issue(['mcloud://beta/b-1', 'mcloud://beta/b-2']), /one name/);
  });

  test('refuses a DNS name that is spelt to look like a URI beside it', async () => {
    await expectForbidden(await beta.issue([], ['x, URI:mcloud://beta/b-1']), /one name/);
    await expectForbidden(await beta.issue([], ['mcloud://beta/b-1']), /one name/);
  });

  test('does not finish a handshake with an authority outside the ring, or without a certificate', async () => {
    await expect(ask(await stranger.issue(['mcloud://beta/b-1']))).rejects.toMatchObject({
      code: 'UNREACHABLE',
    });
    const code = await new Promise((resolve) => {
      const socket = connect({ port: listener.port, host: '127.0.0.1', ca: alpha.pem });
      socket.on('error', (error) => resolve('code' in error ? error.code : error.message));
      socket.on('data', () => resolve('answered'));
      socket.write('GET /v1/bytes HTTP/1.1\r\nhost: x\r\n\r\n');
    });
    expect(code).toBe('ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED');
    expect(router.seen).toEqual([]);
  });

  test('refuses a certificate of an authority that only has the name of the right one', async () => {
    const { cert } = await stranger.issue(['mcloud://beta/b-1']);
    expect(() => peerOf(new X509Certificate(cert), peers)).toThrow(/authority of domain beta/);
    expect(() => peerOf(undefined, peers)).toThrow(/client certificate/);
  });

  test('does not open for two domains whose authorities share a name, as TLS would try only one', async () => {
    const [first, second] = peers;
    const impostor = { ...second, domain: domainId('gamma'), certificateAuthority: stranger.pem };
    const port = listenPeer({
      address: { port: 0 },
      tls: await alpha.issue(['mcloud://alpha/a-1']),
      router,
      log: recordingLog(),
      peers: () => [first, second, impostor] as readonly PeerDomain[],
    });
    await expect(port).rejects.toMatchObject({ code: 'RING_REFUSED' });
    await expect(port).rejects.toThrow(/beta and gamma/);
  });

  test('judges a kept connection again when another ring document is in force', async () => {
    const transport = transportOf(await beta.issue(['mcloud://beta/b-1']));
    expect((await post(transport)).status).toBe(200);
    peers = sections(['a-1', 'a-2'], ['b-2']);
    expect((await post(transport)).status).toBe(403);
    await transport.close();
  });

  test('has no operator: a token is not looked at', async () => {
    const transport = transportOf(await beta.issue(['mcloud://beta/b-1']));
    const request = {
      method: 'GET' as const,
      path: '/v1/bytes',
      body: new Uint8Array(),
      contentType: '',
      token: 'anything',
    };
    expect((await transport.send('a-1', request, { timeoutMs: 5_000 })).status).toBe(200);
    expect(router.seen[0]?.caller.kind).toBe('peer');
    await transport.close();
  });
});
