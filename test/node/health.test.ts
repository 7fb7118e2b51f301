import type { AddressInfo } from 'node:net';
import { createServer, type Server } from 'node:net';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { askHealth } from '../../node/health.ts';
import { listenPublic } from '../../node/http/index.ts';
import {
  type ClusterMaterial,
  createDevelopmentCluster,
  hostPerNode,
  type NodeMaterial,
} from '../../operator-cli/cluster/index.ts';
import { cryptoRandomBytes, systemClock } from '../../src/platform/index.ts';
import { nodeId } from '../../src/ring/index.ts';
import { expectCode } from '../support/bad-input.ts';
import { fakeRouter } from '../support/fake-router.ts';
import { recordingLog } from '../support/recording-log.ts';

const clock = systemClock();
let material: ClusterMaterial;
let node: NodeMaterial;
let other: NodeMaterial;
let foreign: NodeMaterial;

beforeAll(async () => {
  // As in containers: the ring document names hosts that are not the address the node is asked at.
  material = await createDevelopmentCluster({
    ...{ domains: 2, nodesPerDomain: 2, acceptors: 1, replicas: 1 },
    addresses: hostPerNode(7_400),
    randomBytes: cryptoRandomBytes,
    clock,
  });
  const [a, b] = material.domains;
  node = a!.nodes[0]!;
  other = a!.nodes[1]!;
  foreign = b!.nodes[0]!;
});

/** The health of `node` when the port it listens on shows the certificate of `shown`. */
async function healthWith(shown: NodeMaterial, readiness: { ready: boolean; reasons: string[] }) {
  const listener = await listenPublic({
    address: { host: '0.0.0.0', port: 0 },
    tls: { cert: shown.publicTls.certificatePem, key: shown.publicTls.privateKeyPem },
    router: fakeRouter(),
    log: recordingLog(),
    clock,
    operatorKey: () => material.operator.publicKey,
    audience: shown.domain,
    readiness: () => readiness,
  });
  onTestFinished(() => listener.close());
  return ask(listener.port);
}

function ask(port: number, timeoutMs?: number) {
  const config = { domain: node.domain, nodeId: node.id, publicListen: { host: '0.0.0.0', port } };
  return askHealth(config, material.ring, timeoutMs);
}

test('a node that serves is ready, asked at its own address under the name the ring gives it', async () => {
  expect(await healthWith(node, { ready: true, reasons: [] })).toEqual({ ready: true, reasons: [] });
});

test('a node that does not serve yet says why', async () => {
  const starting = { ready: false, reasons: ['starting'] };
  expect(await healthWith(node, starting)).toEqual(starting);
});

test('another node on the port is not taken for this one, be it of the domain or not', async () => {
  const ready = { ready: true, reasons: [] };
  const wrongName = await expectCode(healthWith(other, ready), 'UNREACHABLE');
  expect(wrongName.message).toContain('ERR_TLS_CERT_ALTNAME_INVALID');
  await expectCode(healthWith(foreign, ready), 'UNREACHABLE');
});

test('a port nobody listens on, and one that never answers, are no health', async () => {
  // It reads what comes and says nothing.
  const silent: Server = createServer((socket) => socket.resume());
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const { port } = silent.address() as AddressInfo;
  const late = await expectCode(ask(port, 50), 'DEADLINE_EXCEEDED');
  await new Promise((resolve) => silent.close(resolve));
  const away = await expectCode(ask(port), 'UNREACHABLE');
  for (const { message } of [late, away]) expect(message).toContain(`the node at https://127.0.0.1:${port}`);
});

test('a node that the ring document does not list has no health', async () => {
  const config = { domain: node.domain, nodeId: nodeId('nobody'), publicListen: { host: '::', port: 1 } };
  await expectCode(askHealth(config, material.ring), 'RING_REFUSED');
});
