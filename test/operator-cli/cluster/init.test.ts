import { X509Certificate } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadNodeConfig } from '../../../node/config.ts';
import type { ClusterMaterial, DevelopmentClusterOptions } from '../../../operator-cli/cluster/index.ts';
import {
  consecutivePorts,
  createDevelopmentCluster,
  givenPorts,
  hostPerNode,
  originOf,
  readOperatorConfig,
  writeCluster,
} from '../../../operator-cli/cluster/index.ts';
import { toBase64Url } from '../../../src/foundation/index.ts';
import { cryptoRandomBytes } from '../../../src/platform/crypto-random.ts';
import { nodeVerifier, publicKeyFromPem } from '../../../src/platform/ed25519.ts';
import { p256FromPem } from '../../../src/platform/p256.ts';
import { openRingDocument, openSensorBundle, readSensorBundle } from '../../../src/ring/index.ts';

const options: DevelopmentClusterOptions = {
  domains: 3,
  nodesPerDomain: 2,
  acceptors: 1,
  replicas: 1,
  addresses: consecutivePorts('127.0.0.1', 7_001),
  randomBytes: cryptoRandomBytes,
  clock: { now: () => Date.now() },
};
let material: ClusterMaterial;
let parent: string;

beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'mcloud-init-'));
  material = await createDevelopmentCluster(options);
});

afterAll(() => rm(parent, { recursive: true, force: true }));

describe('a development cluster', () => {
  it('has a ring document of the asked shape, marked as development', () => {
    const { ring } = material;
    expect(ring).toMatchObject({ epoch: 1, acceptors: 1, development: true });
    expect(
      ring.domains.map(({ domain, nodes }) => [domain, ...nodes.map(({ id, url }) => `${id} ${url}`)]),
    ).toEqual([
      ['cloud-a', 'cloud-a-1 https://127.0.0.1:7001', 'cloud-a-2 https://127.0.0.1:7003'],
      ['cloud-b', 'cloud-b-1 https://127.0.0.1:7005', 'cloud-b-2 https://127.0.0.1:7007'],
      ['cloud-c', 'cloud-c-1 https://127.0.0.1:7009', 'cloud-c-2 https://127.0.0.1:7011'],
    ]);
  });

  it('has certificates under each domain’s authority in the ring document', () => {
    for (const [i, domain] of material.domains.entries()) {
      const authority = new X509Certificate(material.ring.domains[i]!.certificateAuthority);
      for (const { publicTls, peerTls } of domain.nodes) {
        for (const { certificatePem } of [publicTls, peerTls]) {
          expect(new X509Certificate(certificatePem).verify(authority.publicKey)).toBe(true);
        }
      }
    }
  });

  it('has a sensor bundle that opens, and that opens no longer when its pins or its word are changed', async () => {
    const bundle = material.sensorBundle;
    expect((await openSensorBundle(bundle, nodeVerifier)).hash).toBe(material.ring.hash);
    const { 'cloud-a': a, 'cloud-b': b, ...others } = bundle.domainKeys;
    for (const changed of [
      { ...bundle, development: false },
      { ...bundle, operatorKey: a! },
      { ...bundle, domainKeys: { 'cloud-a': b!, 'cloud-b': a!, ...others } },
      { ...bundle, domainKeys: others },
    ]) {
      await expect(openSensorBundle(changed, nodeVerifier)).rejects.toMatchObject({ code: 'RING_REFUSED' });
    }
  });

  it('takes its addresses from the plan', async () => {
    const compose = await createDevelopmentCluster({
      ...options,
      domains: 2,
      nodesPerDomain: 1,
      addresses: hostPerNode(443),
    });
    expect(compose.ring.domains[0]!.nodes[0]).toMatchObject({
      url: 'https://cloud-a-1',
      peerUrl: 'https://cloud-a-1:444',
    });
    expect(compose.domains[0]!.nodes[0]!.address.listenHost).toBe('0.0.0.0');
    expect(originOf('::1', 7_001)).toBe('https://[::1]:7001');
    expect(() => givenPorts('127.0.0.1', [1, 2, 3])('b', 1)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    );
  });

  it.each<[string, Partial<DevelopmentClusterOptions>, string]>([
    ['one domain', { domains: 1 }, 'INVALID_ARGUMENT'],
    ['seventeen domains', { domains: 17 }, 'INVALID_ARGUMENT'],
    ['no nodes', { nodesPerDomain: 0 }, 'SCHEMA_MISMATCH'],
    ['more replicas than nodes', { replicas: 3 }, 'RING_REFUSED'],
    ['two nodes at one address', { addresses: () => options.addresses('x', 0) }, 'RING_REFUSED'],
  ])('is refused with %s', async (_, change, code) => {
    await expect(createDevelopmentCluster({ ...options, ...change })).rejects.toMatchObject({ code });
  });
});

describe('a written cluster', () => {
  it('is a folder that nodes, sensors and the operator can use as it is', async () => {
    const folder = join(parent, 'new', 'cluster');
    await writeCluster(folder, material);

    const bundle = readSensorBundle(await readFile(join(folder, 'sensor.json'), 'utf8'));
    expect(bundle).toEqual(material.sensorBundle);
    const operator = readOperatorConfig(await readFile(join(folder, 'operator.json'), 'utf8'));
    const ring = await openRingDocument(
      (await readFile(join(folder, operator.ring), 'utf8')).trim(),
      nodeVerifier,
    );
    expect(ring.hash).toBe(material.ring.hash);
    const key = await readFile(join(folder, operator.key), 'utf8');
    expect(toBase64Url(publicKeyFromPem(key))).toBe(ring.operatorKey);

    for (const { domain, key: domainKey, sealingKey, nodes } of ring.domains) {
      const pem = await readFile(join(folder, domain, 'domain.key'), 'utf8');
      expect(toBase64Url(publicKeyFromPem(pem))).toBe(domainKey);
      for (const node of nodes) {
        const config = loadNodeConfig(join(folder, domain, node.id, 'node.json'), {});
        expect(config).toMatchObject({ nodeId: node.id, domain, storeId: node.storeId });
        expect(`https://${config.publicListen.host}:${config.publicListen.port}`).toBe(node.url);
        expect(`https://${config.peerListen.host}:${config.peerListen.port}`).toBe(node.peerUrl);
        expect((await readFile(config.ring, 'utf8')).trim()).toBe(ring.jws);
        const sealing = p256FromPem(await readFile(config.sealingKey, 'utf8'));
        expect(toBase64Url(sealing.publicKey)).toBe(sealingKey);
        for (const { cert, key: keyFile } of [config.tls, config.peerTls]) {
          new X509Certificate(await readFile(cert));
          await readFile(keyFile);
        }
      }
    }
  });

  it('keeps every key to its owner', async () => {
    const folder = join(parent, 'modes');
    await writeCluster(folder, material);
    const names = await readdir(folder, { recursive: true });
    const keys = names.filter((name) => name.endsWith('.key'));
    expect(keys).toHaveLength(2 + 3 * 3 + 6 * 3);
    for (const key of keys) expect((await stat(join(folder, key))).mode & 0o777).toBe(0o600);
    for (const name of names.filter((name) => !name.endsWith('.key'))) {
      const path = join(folder, name);
      if ((await stat(path)).isFile()) expect(await readFile(path, 'utf8')).not.toContain('PRIVATE');
    }
  });

  it('never replaces a folder or a file that exists', async () => {
    const folder = join(parent, 'existing');
    await writeCluster(folder, material);
    const before = await readFile(join(folder, 'operator.key'), 'utf8');
    const other = await createDevelopmentCluster({ ...options, domains: 2, nodesPerDomain: 1 });
    await expect(writeCluster(folder, other)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('does not exist yet'),
    });
    expect(await readFile(join(folder, 'operator.key'), 'utf8')).toBe(before);

    await writeFile(join(parent, 'file'), '');
    for (const path of ['file', join('file', 'below')]) {
      await expect(writeCluster(join(parent, path), other)).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
      });
    }
  });
});
