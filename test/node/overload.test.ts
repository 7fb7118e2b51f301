import { connect as connectTcp } from 'node:net';
import { connect } from 'node:tls';
import { Agent, request } from 'undici';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  type ClusterMaterial,
  createDevelopmentCluster,
  givenPorts,
  type NodeMaterial,
} from '../../operator-cli/cluster/index.ts';
import { findFreePorts } from '../../operator-cli/embedded/free-ports.ts';
import { createLinkTransport, cryptoRandomBytes, systemClock } from '../../src/platform/index.ts';
import { operations } from '../../src/protocol/index.ts';
import { callOperation } from '../../src/rounds/index.ts';
import { type ClusterClient, connectCluster } from '../support/cluster-client.ts';
import { type RealNodes, startRealNodes } from '../support/real-nodes.ts';

/** What a node lets one address ask in a second here, and all together hold in bodies under way. */
const ADMITTED_PER_SECOND = 10;
const BODY_BYTES_ADMITTED = 4_194_304;
/** The least that a flood lasts, milliseconds, and how many times more than what is let in it must ask. */
const FLOOD_MS = 2_000;
const FLOOD_FACTOR = 10;
/** Addresses of loopback that the flood comes from; sensors, operator and peers have 127.0.0.1. */
const ATTACKERS = ['127.0.0.2', '127.0.0.3'];
const CONNECTIONS_EACH = 40;
/** What the process may take beyond what it had, bytes; the flood's own buffers lie in it as well. */
const GROWTH_BYTES_MAX = 268_435_456;
const READINGS = ['21.5', '-3.2', '0', '17', '20.1', '8.4'];

let material: ClusterMaterial;
let nodes: RealNodes;
let client: ClusterClient;

beforeAll(async () => {
  material = await createDevelopmentCluster({
    domains: 3,
    nodesPerDomain: 1,
    acceptors: 3,
    replicas: 1,
    addresses: givenPorts('127.0.0.1', await findFreePorts('127.0.0.1', 6)),
    randomBytes: cryptoRandomBytes,
    clock: systemClock(),
  });
  nodes = await startRealNodes(material, {
    publicShedding: { requestsPerSecond: ADMITTED_PER_SECOND },
    publicLimits: {
      bodyBytesInFlightMax: BODY_BYTES_ADMITTED,
      headersMs: 1_000,
      requestMs: 1_000,
      sweepMs: 250,
    },
  });
  client = await connectCluster(material);
});
afterAll(async () => {
  await client?.close();
  await nodes?.close();
});

it('refuses ten times what it admits, loses nothing it acknowledged, and answers its peers meanwhile', async () => {
  const [attacked, peer] = material.domains.flatMap((domain) => domain.nodes);
  if (attacked === undefined || peer === undefined) throw new Error('expected two nodes');
  const window = await client.openWindow();
  const sensor = await client.sensor();
  const before = process.memoryUsage().rss;
  const ending = new AbortController();
  const slow = slowBodies(attacked);
  const flood = startFlood(attacked, ending.signal);
  const peers = askAsPeer(peer, attacked, ending.signal);

  const summary = await sensor.uploadMany(READINGS, { window, deadlineMs: 50_000 });
  await flood.enough;
  ending.abort();
  const answers = await flood.ended;
  const { asked, failed } = await peers;
  const growth = process.memoryUsage().rss - before;

  expect([...answers.keys()].filter((status) => ![400, 429, 503].includes(status))).toEqual([]);
  expect(answers.get(429) ?? 0).toBeGreaterThan(0);
  expect(answers.get(503) ?? 0).toBeGreaterThan(0);
  expect(flood.withoutAdvice()).toBe(0);
  expect(asked).toBeGreaterThan(0);
  expect(failed).toEqual([]);
  expect(growth).toBeLessThan(GROWTH_BYTES_MAX);
  expect(summary).toMatchObject({ committed: READINGS.length, failed: 0 });
  // Bodies that never come are cut off, each connection with it.
  await slow;
  await client.expectResult(window, READINGS);
}, 120_000);

/** Announces as many bytes as the node lets in, and sends none; resolves when the node has hung up. */
async function slowBodies({ url }: NodeMaterial): Promise<void> {
  const { hostname, port } = new URL(url);
  const ended = [1, 2].map(
    () =>
      new Promise<void>((resolve) => {
        const tcp = connectTcp({ host: hostname, port: Number(port), localAddress: '127.0.0.4' });
        const socket = connect({ socket: tcp, rejectUnauthorized: false });
        socket.on('error', () => {});
        socket.on('close', () => resolve());
        socket.resume();
        socket.write(
          `POST /v1/values/upload HTTP/1.1\r\nhost: x\r\ncontent-type: application/octet-stream\r\ncontent-length: 2097152\r\n\r\n`,
        );
      }),
  );
  await Promise.all(ended);
}

/** Asks without a pause from two addresses until it is stopped, and counts what comes back. */
function startFlood({ url }: NodeMaterial, signal: AbortSignal) {
  const answers = new Map<number, number>();
  let withoutAdvice = 0;
  let done: () => void = () => {};
  const enough = new Promise<void>((resolve) => {
    done = resolve;
  });
  const started = Date.now();

  async function attack(agent: Agent): Promise<void> {
    while (!signal.aborted) {
      const { statusCode, headers, body } = await request(`${url}/v1/flags/get`, {
        method: 'POST',
        headers: { 'content-type': 'application/octet-stream' },
        body: new Uint8Array(64),
        dispatcher: agent,
      });
      await body.dump();
      answers.set(statusCode, (answers.get(statusCode) ?? 0) + 1);
      if (statusCode >= 429 && headers['retry-after'] !== '1') withoutAdvice += 1;
      const all = [...answers.values()].reduce((sum, count) => sum + count, 0);
      const admitted = answers.get(400) ?? 0;
      if (all > (FLOOD_FACTOR + 1) * admitted && Date.now() - started > FLOOD_MS && answers.has(503)) done();
    }
  }

  const agents = ATTACKERS.map(
    (localAddress) =>
      new Agent({
        connections: CONNECTIONS_EACH,
        pipelining: 1,
        localAddress,
        connect: { rejectUnauthorized: false },
      }),
  );
  const ended = Promise.all(
    agents.flatMap((agent) => Array.from({ length: CONNECTIONS_EACH }, () => attack(agent))),
  ).then(async () => {
    await Promise.all(agents.map((agent) => agent.close()));
    return answers;
  });
  ended.catch(() => done());
  return { enough, ended, withoutAdvice: () => withoutAdvice };
}

/** Asks the attacked node's peer port one question after the other, as another node of the ring. */
async function askAsPeer(peer: NodeMaterial, attacked: NodeMaterial, signal: AbortSignal) {
  const trust = material.domains.find(({ domain }) => domain === attacked.domain)?.authority.certificatePem;
  const transport = createLinkTransport({
    targets: () => ({ origin: attacked.peerUrl, trust: trust ?? '', pool: attacked.domain }),
    clientCertificate: { cert: peer.peerTls.certificatePem, key: peer.peerTls.privateKeyPem },
  });
  const failed: unknown[] = [];
  let asked = 0;
  while (!signal.aborted) {
    asked += 1;
    await callOperation(
      transport,
      attacked.id,
      operations.RECALL,
      { storeId: peer.storeId },
      { timeoutMs: 5_000 },
    ).catch((error: unknown) => failed.push(error));
  }
  await transport.close();
  return { asked, failed };
}
