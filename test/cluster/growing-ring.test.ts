import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { addNode, assembleRing, replaceStore, writeCluster } from '../../operator-cli/cluster/index.ts';
import { findFreePorts } from '../../operator-cli/embedded/free-ports.ts';
import { cryptoRandomBytes } from '../../src/platform/index.ts';
import type { RingDocument, WindowId } from '../../src/ring/index.ts';
import { nodeId, windowId } from '../../src/ring/index.ts';
import { type ClusterClient, connectCluster, localCluster } from '../support/cluster-client.ts';
import { expectExact } from '../support/exact-result.ts';
import { buildPrograms, type NodeProcesses, nodeProcesses } from '../support/node-processes.ts';

const DOMAINS = ['cloud-a', 'cloud-b', 'cloud-c'];
const HOST = '127.0.0.1';
/** From publishing a document until its placement begins. */
const LEAD_MS = 10_000;
/** Nothing seals by itself during the test. */
const WINDOW_MS = 3_600_000;
/** Readings that each window must have by the end of each stage. */
const READINGS_PER_STAGE = 12;

let client: ClusterClient;
let nodes: NodeProcesses;
let cluster: string;
let cleanUp: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'mcloud-test-'));
  cleanUp = [() => rm(folder, { recursive: true, force: true })];
  const built = join(folder, 'built');
  cluster = join(folder, 'cluster');
  const material = await localCluster(3, 2, { acceptors: 3, replicas: 2 });
  await Promise.all([buildPrograms(built), writeCluster(cluster, material)]);
  const ids = DOMAINS.flatMap((domain) => [1, 2, 3].map((i) => [domain, `${domain}-${i}`] as const));
  nodes = nodeProcesses(
    join(built, 'node/main.js'),
    new Map(ids.map(([domain, id]) => [id, join(cluster, domain, id, 'node.json')])),
  );
  cleanUp.push(() => nodes.killAll('SIGKILL'));
  await Promise.all(ids.filter(([, id]) => !id.endsWith('-3')).map(([, id]) => nodes.start(id)));
  client = await connectCluster(material, {
    fields: [{ name: 'x', unit: '', decimals: 0, offset: '0', min: '0', max: '1000000' }],
  });
  cleanUp.push(() => client.close());
});

afterAll(async () => {
  for (const clean of cleanUp.reverse()) await clean();
});

/** The document over the sections that lie in the domains' folders now, given to the nodes. */
async function publishNext(previous: RingDocument, placementFrom: number): Promise<RingDocument> {
  const sections = await Promise.all(
    DOMAINS.map((domain) => readFile(join(cluster, domain, 'section.jws'), 'utf8')),
  );
  const ring = await assembleRing({
    sections: sections.map((section) => section.trim()),
    operatorKeyPem: await readFile(join(cluster, 'operator.key'), 'utf8'),
    acceptors: 3,
    previous,
    placementFrom,
  });
  expect(await client.operator.publishRing(ring.jws)).toMatchObject({ epoch: ring.epoch, inForce: true });
  return ring;
}

/** Puts the document into a node's folder and starts it, as "domain join" and the node's owner do. */
async function startWith(domain: string, id: string, ring: RingDocument): Promise<void> {
  await writeFile(join(cluster, domain, id, 'ring.jws'), `${ring.jws}\n`);
  await nodes.start(id);
}

it('a cluster grows by a node in each domain and a node loses its disk, while every reading counts once', {
  timeout: 240_000,
}, async () => {
  const sensor = await client.sensor();
  const committed = new Map<WindowId, string[]>([[await client.openWindow(), []]]);
  const ending = new AbortController();
  let next = 1;
  /** Uploads into every window there is, one reading after the other, until the end. */
  const uploading = (async () => {
    while (!ending.signal.aborted) {
      for (const [window, readings] of committed) {
        const reading = String(next++);
        await sensor.upload(reading, { window });
        readings.push(reading);
      }
    }
  })();
  const stage = async () => {
    const wanted = [...committed].map(
      ([window, { length }]) => [window, length + READINGS_PER_STAGE] as const,
    );
    // An upload that fails ends the test with what it says, not with a wait.
    const reached = expect
      .poll(() => wanted.every(([window, count]) => (committed.get(window)?.length ?? 0) >= count), {
        timeout: 120_000,
      })
      .toBe(true);
    await Promise.race([reached, uploading]);
    await reached;
  };
  const openAt = async (window: WindowId) => {
    await client.operator.openWindow(client.stream, {
      window,
      notBefore: window,
      latest: window + WINDOW_MS,
    });
    committed.set(window, []);
  };

  await stage();

  // Every domain makes its third node by itself; the operator only assembles.
  const ports = await findFreePorts(HOST, 2 * DOMAINS.length);
  const source = { randomBytes: cryptoRandomBytes, nowMs: Date.now() };
  for (const [i, domain] of DOMAINS.entries()) {
    const [publicPort = 0, peerPort = 0] = ports.slice(2 * i);
    const address = { host: HOST, listenHost: HOST, publicPort, peerPort };
    await addNode(join(cluster, domain), nodeId(`${domain}-3`), address, undefined, source);
  }
  const grown = await publishNext(client.material.ring, Date.now() + LEAD_MS);
  await Promise.all(DOMAINS.map((domain) => startWith(domain, `${domain}-3`, grown)));
  await openAt(windowId(grown.placementFrom));
  await stage();

  await nodes.kill('cloud-b-2', 'SIGKILL');
  await rm(join(cluster, 'cloud-b', 'cloud-b-2', 'data'), { recursive: true });
  await replaceStore(join(cluster, 'cloud-b'), nodeId('cloud-b-2'), cryptoRandomBytes);
  await stage();
  const replaced = await publishNext(grown, Date.now() + LEAD_MS);
  await startWith('cloud-b', 'cloud-b-2', replaced);
  await openAt(windowId(replaced.placementFrom));
  await stage();
  ending.abort();
  await uploading;

  for (const [window, readings] of committed) expectExact(await client.compute(window), readings);
  expect(committed.size).toBe(3);
});
