import { connect, createServer, type TLSSocket } from 'node:tls';
import fc from 'fast-check';
import { SignJWT } from 'jose';
import { afterAll, beforeAll, expect } from 'vitest';
import { ed25519PrivateKey, generateEd25519, mintOperatorToken } from '../../src/platform/index.ts';
import { createUndiciTransport } from '../../src/platform/undici-transport.ts';
import { encodeFrame, errorFromProblem, LINK_PROTOCOL, operations } from '../../src/protocol/index.ts';
import { callOperation } from '../../src/rounds/index.ts';
import { badInput, expectCode, TIMEOUT } from '../support/bad-input.ts';
import { type ClusterClient, connectCluster, localCluster } from '../support/cluster-client.ts';
import { expectForeignCertificatesRefused } from '../support/foreign-certificates.ts';
import { peerConnection } from '../support/peer-connection.ts';
import { rawReading } from '../support/raw-reading.ts';
import { type RealNodes, startRealNodes } from '../support/real-nodes.ts';
import { refused } from './attack.ts';
import { operationsFor } from './scene.ts';

let client: ClusterClient;
let nodes: RealNodes;
const { call, nodeOf } = badInput(() => client);

beforeAll(async () => {
  const material = await localCluster(3, 1);
  nodes = await startRealNodes(material);
  client = await connectCluster(material);
});

afterAll(async () => {
  await client?.close();
  await nodes?.close();
});

refused('F5', 'rows, sums and digests for a node of another domain', async () => {
  const peer = peerConnection(nodes, client.material, nodeOf(1));
  try {
    for (const { method, path } of operationsFor('domain')) {
      const request = { method, path, body: new Uint8Array(1), contentType: 'application/octet-stream' };
      const answer = await peer.send(nodeOf(0), request, TIMEOUT);
      const { code } = errorFromProblem(answer.status, answer.body, answer.contentType);
      expect(code, path).toBe('FORBIDDEN');
    }
  } finally {
    await peer.close();
  }
});

refused('F5', "another domain's server in place of the sensor's", async () => {
  const { ring } = client.material;
  const { cert, key } = nodes.optionsOf(nodeOf(0)).tls;
  let received = 0;
  const server = createServer({ cert, key }, (socket) => {
    socket.on('data', ({ length }) => {
      received += length;
    });
    socket.on('error', () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const transport = createUndiciTransport({
    targets: (node) => {
      const section = ring.domains.find(({ nodes: own }) => own.some(({ id }) => id === node));
      const trust = section?.certificateAuthority ?? '';
      return { origin: `https://127.0.0.1:${port}`, trust, pool: section?.domain ?? '' };
    },
  });
  const window = await client.openWindow();
  const reading = rawReading({ ring, stream: client.stream, transport, window, reading: '1' });
  await expectCode(reading.upload(1), 'UNREACHABLE');
  expect(received).toBe(0);
  await transport.close();
  await new Promise((resolve) => server.close(resolve));
});

refused('certificate', 'a node under the certificate of another domain, or of none', () =>
  expectForeignCertificatesRefused(nodes, client.material, nodeOf(0), nodeOf(2)),
);

refused('token', 'forged, expired, for another domain, of algorithm none', async () => {
  const { privateKeyPem } = client.material.operator;
  const [here = '', elsewhere = ''] = client.material.domains.map(({ domain }) => domain);
  const stranger = await generateEd25519();
  const nowMs = Date.now();
  const token = { privateKeyPem, domain: here, subject: 'mallory', scopes: ['status'], nowMs };
  const good = await mintOperatorToken(token);
  const [header = '', payload = '', signature = ''] = good.split('.');
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const none = part({ alg: 'none', typ: 'mcloud-operator+jwt' });
  const claims = { aud: here, sub: 'mallory', scope: 'status', iat: nowMs / 1_000, exp: nowMs / 1_000 + 60 };
  const hmac = await new SignJWT(claims)
    .setProtectedHeader({ alg: 'HS256', typ: 'mcloud-operator+jwt' })
    .sign(Buffer.from(client.material.ring.operatorKey, 'base64url'));
  const document = await new SignJWT(claims)
    .setProtectedHeader({ alg: 'EdDSA', typ: 'mcloud-stream+jws' })
    .sign(ed25519PrivateKey(privateKeyPem));
  const bad = [
    await mintOperatorToken({ ...token, privateKeyPem: stranger.privateKeyPem }),
    await mintOperatorToken({ ...token, domain: elsewhere }),
    await mintOperatorToken({ ...token, nowMs: nowMs - 3_600_000 }),
    await mintOperatorToken({ ...token, nowMs: nowMs + 3_600_000 }),
    await mintOperatorToken({ ...token, seconds: 86_400 }),
    `${none}.${payload}.`,
    `${none}.${payload}.${signature}`,
    `${header}.${part({ ...claims, scope: 'status compute' })}.${signature}`,
    hmac,
    document,
  ];
  await call(nodeOf(0), operations.READ_STATUS, null, good);
  for (const forged of bad) {
    await expectCode(call(nodeOf(0), operations.READ_STATUS, null, forged), 'UNAUTHENTICATED');
  }
  const logs = nodes.logLines.join('\n');
  for (const secret of [good, ...bad]) expect(logs).not.toContain(secret.split('.')[1]);
});

/** A connection of node 1 to the peer port of node 0, which says what the test wants. */
function rawLink(protocol?: string): Promise<TLSSocket> {
  const { peerListen } = nodes.optionsOf(nodeOf(0));
  const ca = client.material.ring.domains[0]?.certificateAuthority ?? '';
  const { cert, key } = nodes.optionsOf(nodeOf(1)).peerTls;
  const offered = protocol === undefined ? {} : { ALPNProtocols: [protocol] };
  return new Promise((resolve, reject) => {
    const socket = connect({ port: peerListen.port, host: '127.0.0.1', ca, cert, key, ...offered }, () =>
      resolve(socket),
    );
    socket.on('error', reject);
  });
}

const hungUp = (socket: TLSSocket): Promise<void> =>
  new Promise((resolve) => {
    if (socket.destroyed) resolve();
    socket.once('close', () => resolve());
    socket.resume();
  });

/** A frame of the kind with whatever length, call and rest. */
const anyFrame = fc
  .tuple(fc.integer({ min: 0, max: 255 }), fc.nat(0xffffffff), fc.uint8Array({ maxLength: 60 }))
  .map(([kind, length, rest]) => {
    const bytes = new Uint8Array(9 + rest.length);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, length);
    view.setUint8(4, kind % 5 === 0 ? kind : kind % 5);
    bytes.set(rest, 9);
    return bytes;
  });

refused(
  'link',
  'frames that are none, hostile lengths, other protocols, and calls that never end',
  async () => {
    const never: TLSSocket[] = [];
    const http = await rawLink().catch(() => null);
    http?.write('POST /peer/v1/flags/vote HTTP/1.1\r\nhost: x\r\n\r\n');
    if (http !== null) await hungUp(http);
    await expect(rawLink('http/1.1')).rejects.toThrow();
    const spoil = async (pieces: readonly Uint8Array[]) => {
      const socket = await rawLink(LINK_PROTOCOL);
      socket.on('error', () => {});
      for (const piece of pieces) socket.write(piece);
      // A part of a frame is not wrong yet: it is left open with all the others.
      never.push(socket);
    };
    const anything = fc.array(fc.oneof(anyFrame, fc.uint8Array({ maxLength: 80 })), { maxLength: 4 });
    await fc.assert(fc.asyncProperty(anything, spoil), { numRuns: 300 });
    const large = new Uint8Array(1_000);
    const unread = await rawLink(LINK_PROTOCOL);
    unread.pause();
    for (let call = 0; call < 2_000; call++) {
      unread.write(encodeFrame({ kind: 'request', call, target: 'POST /peer/v1/nothing', body: large }));
    }
    const window = await client.openWindow();
    await (await client.sensor()).upload('21.5', { window });
    await client.expectResult(window, ['21.5']);
    const peer = peerConnection(nodes, client.material, nodeOf(1));
    await callOperation(peer, nodeOf(0), operations.READ_RING, null, TIMEOUT).finally(() => peer.close());
    for (const socket of [...never, unread]) socket.destroy();
    expect(nodes.logLines.filter((line) => line.includes('unforeseen'))).toEqual([]);
  },
);

/** Everything a public port answers to some bytes until it hangs up. */
async function exchange(bytes: string): Promise<string> {
  const { publicListen, ring: _ } = nodes.optionsOf(nodeOf(0));
  const ca = client.material.ring.domains[0]?.certificateAuthority ?? '';
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect({ port: publicListen.port, host: '127.0.0.1', ca }, () => socket.write(bytes));
    socket.on('data', (chunk) => {
      answer += chunk.toString();
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(answer));
  });
}

const get = (path: string, ...headers: readonly string[]) =>
  exchange([`GET ${path} HTTP/1.1`, 'host: x', 'connection: close', ...headers, '', ''].join('\r\n'));

refused('injection', 'paths, queries and headers that lead elsewhere', async () => {
  const paths = [
    '/peer/v1/values/rows',
    '/v1/../peer/v1/values/rows',
    '/v1/%2e%2e/peer/v1/values/rows',
    '/v1//status',
    '/V1/STATUS',
    '/v1/status/',
    '/v1/status%00',
    '/v1/stream?stream=../../etc/passwd',
    '/v1/stream?stream[]=1&stream=2',
    '/v1/stream?__proto__[x]=1',
    '/v1/rings?from=1%0d%0aset-cookie:%20x',
    '/%c0%ae%c0%ae/ring',
  ];
  for (const path of paths) {
    const answer = await get(path);
    expect(answer, path).toMatch(/^HTTP\/1\.1 4\d\d /);
    expect(answer, path).not.toMatch(/set-cookie|root:/i);
  }
  const claims = [
    'x-forwarded-for: 127.0.0.1',
    'x-original-url: /v1/status',
    'x-http-method-override: POST',
    'x-forwarded-client-cert: URI=mcloud://a/a1',
    'authorization: Bearer ',
  ];
  expect(await get('/v1/status', ...claims.slice(0, 4))).toMatch(/^HTTP\/1\.1 401 /);
  for (const claim of claims) expect(await get('/v1/status', claim)).toMatch(/^HTTP\/1\.1 4\d\d /);
  const smuggled = await exchange(
    'POST /v1/flags/get HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nGET /v1/status HTTP/1.1\r\nhost: x\r\n\r\n',
  );
  expect(smuggled).toMatch(/^HTTP\/1\.1 400 /);
  expect(smuggled.match(/^HTTP\/1\.1 /gm)).toHaveLength(1);
});
