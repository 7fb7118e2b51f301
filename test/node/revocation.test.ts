import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  nextBatches,
  openRosterLog,
  pushRoster,
  requireReached,
} from '../../operator-cli/authority/index.ts';
import { EngineError, toBase64Url, toHex } from '../../src/foundation/index.ts';
import { cryptoRandomBytes, nodeVerifier, signerFromPem, systemClock } from '../../src/platform/index.ts';
import { operations, readingId } from '../../src/protocol/index.ts';
import type { NodeId, WindowId } from '../../src/ring/index.ts';
import { callOperation } from '../../src/rounds/index.ts';
import { TIMEOUT } from '../support/bad-input.ts';
import { type ClusterClient, connectCluster, localCluster } from '../support/cluster-client.ts';
import { createTestSensor, type TestSensor } from '../support/enrolment.ts';
import { rawReading } from '../support/raw-reading.ts';
import { type RealNodes, startRealNodes } from '../support/real-nodes.ts';

const WITHIN_MS = 1_000;
/** A computer that does other work as well may miss a second; one that misses three in turn is too slow, or we are. */
const ATTEMPTS = 3;

let nodes: RealNodes;
let client: ClusterClient;
let window: WindowId;
const documents: string[] = [];

beforeAll(async () => {
  const material = await localCluster(3, 2);
  nodes = await startRealNodes(material);
  client = await connectCluster(material, { enrolment: 'required' });
  window = await client.openWindow();
});

afterAll(async () => {
  await client?.close();
  await nodes?.close();
});

const members = () =>
  client.material.ring.domains.flatMap(({ nodes: own }, index) => own.map(({ id }) => ({ node: id, index })));

/** The next batches of the cluster's authority, signed and kept in its log. */
async function batchesOf(changes: { enrol?: readonly TestSensor[]; revoke?: readonly TestSensor[] }) {
  const { authority } = client.material;
  const name = toBase64Url(authority.publicKey);
  const log = await openRosterLog(name, documents, nodeVerifier);
  const { enrol = [], revoke = [] } = changes;
  const next = await nextBatches(
    log,
    {
      enrol: enrol.map(({ publicKey }) => publicKey),
      revoke: revoke.map(({ id }) => toHex(id)),
      streams: null,
    },
    signerFromPem(authority.privateKeyPem),
    nodeVerifier,
  );
  documents.push(...next.map(({ jws }) => jws));
  return openRosterLog(name, documents, nodeVerifier);
}

/** What `device enrol` and `device revoke` do with a log. */
async function push({ batches }: Awaited<ReturnType<typeof batchesOf>>): Promise<void> {
  const ports = { transport: client.transport, clock: systemClock(), randomBytes: cryptoRandomBytes };
  const signal = AbortSignal.timeout(TIMEOUT.timeoutMs);
  requireReached(await pushRoster(ports, client.material.ring, batches, signal));
}

/** What a node answers a new share of the sensor, or the code of why it does not answer. */
async function answerOf(sensor: TestSensor, { node, index }: { node: NodeId; index: number }) {
  const entry = { readingId: readingId(cryptoRandomBytes(16)), sensorId: sensor.id, count: 1 };
  const { stream, transport, material } = client;
  const reading = rawReading({ ring: material.ring, stream, transport, window, reading: '1', entry });
  try {
    const { packets } = await callOperation(
      transport,
      node,
      operations.UPLOAD,
      await reading.uploadRequest(index),
      TIMEOUT,
    );
    return packets[0]?.answer;
  } catch (error) {
    if (error instanceof EngineError) return error.code;
    throw error;
  }
}

async function enrolled(): Promise<TestSensor> {
  const sensor = createTestSensor();
  await push(await batchesOf({ enrol: [sensor] }));
  for (const member of members()) {
    await expect.poll(() => answerOf(sensor, member), { timeout: TIMEOUT.timeoutMs }).toBe('STORED');
  }
  return sensor;
}

/** Milliseconds from the start of `tell` until the last node refuses a share of the sensor. */
async function refusedAfter(sensor: TestSensor, tell: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  const told = tell();
  const times = members().map(async (member) => {
    while ((await answerOf(sensor, member)) !== 'SENSOR_REVOKED') {
      if (performance.now() - began > TIMEOUT.timeoutMs) throw new Error(`${member.node} refuses nothing`);
    }
    return performance.now() - began;
  });
  const [latest] = await Promise.all([Promise.all(times).then((all) => Math.max(...all)), told]);
  return latest;
}

async function bestOf(measure: () => Promise<number>): Promise<number> {
  let best = await measure();
  for (let again = 1; again < ATTEMPTS && best >= WITHIN_MS; again++) best = Math.min(best, await measure());
  return best;
}

describe('a revoked sensor', () => {
  it('is refused by every node within a second of the authority telling them', async () => {
    const took = await bestOf(async () => {
      const sensor = await enrolled();
      const log = await batchesOf({ revoke: [sensor] });
      return refusedAfter(sensor, () => push(log));
    });
    expect(took).toBeLessThan(WITHIN_MS);
  });

  it('is refused by every node within a second when one node was told', async () => {
    const took = await bestOf(async () => {
      const sensor = await enrolled();
      const document = (await batchesOf({ revoke: [sensor] })).batches.at(-1)?.jws ?? expect.fail('no batch');
      const [told = expect.fail('no node')] = members();
      return refusedAfter(sensor, () =>
        callOperation(client.transport, told.node, operations.PUT_ROSTER, { document }, TIMEOUT),
      );
    });
    expect(took).toBeLessThan(WITHIN_MS);
  });

  it('is never served by a node that was away when it was revoked, from its first answer on', async () => {
    const sensor = await enrolled();
    const away = members().at(-1) ?? expect.fail('no node');
    await nodes.stop(away.node);
    await push(await batchesOf({ revoke: [sensor] }));
    expect(await answerOf(sensor, away)).toBe('UNREACHABLE');
    const answers = new Set<unknown>();
    let serving = false;
    const started = nodes.start(away.node).then(() => {
      serving = true;
    });
    while (!serving) answers.add(await answerOf(sensor, away));
    await started;
    answers.add(await answerOf(sensor, away));
    expect(answers).toContain('SENSOR_REVOKED');
    for (const silent of ['UNREACHABLE', 'NOT_READY', 'SENSOR_REVOKED']) answers.delete(silent);
    expect([...answers]).toEqual([]);
  });
});
