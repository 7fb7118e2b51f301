import { X509Certificate } from 'node:crypto';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadNodeConfig } from '../../../node/config.ts';
import { nodeVerifier } from '../../../src/platform/index.ts';
import {
  openRingDocument,
  openSection,
  openSensorBundle,
  readSensorBundle,
} from '../../../src/ring/index.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { cli } from '../support/cli.ts';

/** Three domains and an operator, each with a folder of its own, as if on computers of their own. */
async function parties() {
  const workingFolder = await temporaryFolder();
  const run = (...args: readonly string[]) => cli(args, { workingFolder });
  const at = (...path: readonly string[]) => join(workingFolder, ...path);
  const makeDomain = (name: string, ...more: readonly string[]) =>
    run(
      ...['domain', 'init', name, '--domain', name, '--operator-name', `${name} Ltd`],
      ...['--provider', `Provider of ${name}`, '--node', `${name}-1=${name}-1.example`],
      ...['--node', `${name}-2=${name}-2.example`, ...more],
    );
  for (const name of ['cloud-a', 'cloud-b', 'cloud-c']) {
    expect(await makeDomain(name)).toMatchObject({ code: 0 });
  }
  expect(await run('operator', 'init', 'operator')).toMatchObject({ code: 0, err: '' });
  const config = ['--config', 'operator/operator.json'];
  const assemble = (...args: readonly string[]) => run('ring', 'assemble', ...args, ...config);
  const sections = ['cloud-a/section.jws', 'cloud-b/section.jws', 'cloud-c/section.jws'];
  return { run, at, makeDomain, assemble, sections };
}

describe('a domain', () => {
  it('makes keys that only it has, and a section that opens', async () => {
    const { at } = await parties();
    const names = await readdir(at('cloud-a'), { recursive: true });
    expect(names.filter((name) => name.endsWith('.key')).toSorted()).toEqual([
      'ca.key',
      'cloud-a-1/peer.key',
      'cloud-a-1/sealing.key',
      'cloud-a-1/tls.key',
      'cloud-a-2/peer.key',
      'cloud-a-2/sealing.key',
      'cloud-a-2/tls.key',
      'domain.key',
      'sealing.key',
    ]);
    for (const name of names) {
      const file = await stat(at('cloud-a', name));
      if (!file.isFile()) continue;
      if (name.endsWith('.key')) expect(file.mode & 0o777).toBe(0o600);
      else expect(await readFile(at('cloud-a', name), 'utf8')).not.toContain('PRIVATE');
    }
    const authority = new X509Certificate(await readFile(at('cloud-a', 'ca.pem')));
    const node = loadNodeConfig(at('cloud-a', 'cloud-a-1', 'node.json'), {});
    expect(node).toMatchObject({ publicListen: { host: '0.0.0.0', port: 7_400 } });
    expect(new X509Certificate(await readFile(node.tls.cert)).verify(authority.publicKey)).toBe(true);
  });

  it('has as many replicas as were asked for, two unless it has one node, and never fewer without a word', async () => {
    const { run, at, makeDomain } = await parties();
    const refused = await makeDomain('cloud-d', '--replicas', '3');
    expect(refused).toMatchObject({ code: 2, out: '' });
    expect(refused.err).toContain(`expected --replicas of at most the domain's nodes, 2, got 3`);
    const replicasOf = async (name: string) =>
      (await openSection((await readFile(at(name, 'section.jws'), 'utf8')).trim(), nodeVerifier)).replicas;
    expect(await replicasOf('cloud-a')).toBe(2);
    const alone = ['--domain', 'e', '--operator-name', 'E', '--provider', 'P', '--node', 'e-1=e-1.example'];
    expect(await run('domain', 'init', 'e', ...alone)).toMatchObject({ code: 0 });
    expect(await replicasOf('e')).toBe(1);
    expect(await run('cluster', 'init', 'c', '--nodes', '1', '--replicas', '2')).toMatchObject({ code: 2 });
  });

  it('prints the key it has to publish', async () => {
    const { makeDomain } = await parties();
    const made = JSON.parse((await makeDomain('cloud-d', '--json')).out);
    expect(made).toMatchObject({
      key: expect.stringMatching(/^[\w-]{43}$/),
      nodes: [
        {
          id: 'cloud-d-1',
          url: 'https://cloud-d-1.example:7400',
          peerUrl: 'https://cloud-d-1.example:7401',
        },
        { id: 'cloud-d-2' },
      ],
    });
  });

  it.each([
    ['two nodes of one id', ['--node', 'cloud-d-1=elsewhere.example'], 2, 'every id of --node once'],
    ['two nodes of one host', ['--node', 'cloud-d-3=cloud-d-1.example'], 2, 'every host of --node once'],
    ['one port for both', ['--peer-port', '7400'], 2, '--public-port and --peer-port to differ, got 7400'],
    ['a node without host', ['--node', 'cloud-d-3'], 2, 'a node and its host'],
    ['a bad id', ['--node', 'Cloud=x.example'], 2, 'a node id'],
    ['no name', ['--provider', ''], 4, 'provider'],
  ])('is refused with %s', async (_, more, code, message) => {
    const { makeDomain, at } = await parties();
    const run = await makeDomain('cloud-d', ...more);
    expect(run).toMatchObject({ code, out: '' });
    expect(run.err).toContain(message);
    await expect(stat(at('cloud-d'))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('never makes new keys over old ones', async () => {
    const { makeDomain, run, at } = await parties();
    const before = await readFile(at('cloud-a', 'domain.key'), 'utf8');
    expect(await makeDomain('cloud-a')).toMatchObject({ code: 2, out: '' });
    expect(await run('operator', 'init', 'operator')).toMatchObject({ code: 2, out: '' });
    expect(await readFile(at('cloud-a', 'domain.key'), 'utf8')).toBe(before);
  });
});

describe('a ring of independent domains', () => {
  it('is assembled from their sections, word for word, with the key of the operator alone', async () => {
    const { assemble, at, sections } = await parties();
    expect(await assemble(...sections, '--json')).toMatchObject({ code: 0, err: '' });
    const ring = await openRingDocument(
      (await readFile(at('operator', 'ring.jws'), 'utf8')).trim(),
      nodeVerifier,
    );
    expect(ring).toMatchObject({ epoch: 1, acceptors: 3, development: false, previous: null });
    for (const [i, section] of sections.entries()) {
      expect(ring.domains[i]?.jws).toBe((await readFile(at(section), 'utf8')).trim());
    }
  });

  it('is refused with a changed, doubled, missing or foreign section, and nothing is written', async () => {
    const { assemble, at, sections } = await parties();
    const [a = '', b = '', c = ''] = sections;
    const text = await readFile(at(b), 'utf8');
    const [header, , signature] = text.trim().split('.');
    const body = (await readFile(at(c), 'utf8')).split('.')[1];
    await writeFile(at('forged.jws'), `${header}.${body}.${signature}\n`);
    for (const [files, code, message] of [
      [[a, 'forged.jws'], 4, 'SIGNATURE_INVALID'],
      [[a, a], 4, 'every domain id once'],
      [[a], 2, '2 to 16 sections'],
      [[a, 'operator/operator.json'], 4, 'SCHEMA_MISMATCH'],
      [[a, 'nowhere.jws'], 2, 'a section at'],
    ] as const) {
      const run = await assemble(...files);
      expect(run).toMatchObject({ code, out: '' });
      expect(run.err).toContain(message);
    }
    await expect(stat(at('operator', 'ring.jws'))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('is never written over another one, and followed only by its successor', async () => {
    const { assemble, at, sections } = await parties();
    await assemble(...sections);
    const again = await assemble(...sections);
    expect(again).toMatchObject({ code: 2, out: '' });
    const next = [...sections, '--previous', 'operator/ring.jws', '--out', 'next.jws'];
    expect(JSON.parse((await assemble(...next, '--json')).out)).toMatchObject({ epoch: 2 });
    const other = await openRingDocument((await readFile(at('next.jws'), 'utf8')).trim(), nodeVerifier);
    expect(other.previous).toMatch(/^[0-9a-f]{64}$/);
    const smaller = await assemble(
      ...[...sections.slice(1), '--previous', 'operator/ring.jws', '--out', 'small.jws'],
    );
    expect(smaller).toMatchObject({ code: 4, out: '' });
    expect(smaller.err).toContain('expected --placement-from');
  });

  it('says when one name stands behind two domains', async () => {
    const { assemble, makeDomain, sections } = await parties();
    await makeDomain('cloud-d', '--provider', 'PROVIDER of cloud-a');
    const { code, err } = await assemble(...sections, 'cloud-d/section.jws');
    expect(code).toBe(0);
    expect(err).toBe(
      'sensors refuse streams over domains that share one provider provider of cloud-a: cloud-a, cloud-d\n',
    );
  });
});

describe('joining a ring', () => {
  it('gives every node of the domain the document, and again what follows it', async () => {
    const { run, at, assemble, sections } = await parties();
    await assemble(...sections);
    const joined = await run('domain', 'join', 'cloud-b', 'operator/ring.jws');
    expect(joined.code).toBe(0);
    expect(joined.out).toContain('m-cloud-node --config cloud-b/cloud-b-2/node.json');
    const config = loadNodeConfig(at('cloud-b', 'cloud-b-2', 'node.json'), {});
    const ring = await readFile(at('operator', 'ring.jws'), 'utf8');
    expect(await readFile(config.ring, 'utf8')).toBe(ring);
    await assemble(...sections, '--previous', 'operator/ring.jws', '--out', 'next.jws');
    expect(await run('domain', 'join', 'cloud-b', 'next.jws')).toMatchObject({ code: 0 });
    expect(await run('domain', 'join', 'cloud-b', 'operator/ring.jws')).toMatchObject({ code: 4, out: '' });
    expect(await readFile(config.ring, 'utf8')).toBe(await readFile(at('next.jws'), 'utf8'));
  });

  it('is refused where the domain is not listed as it signed itself, or one party holds all keys', async () => {
    const { run, assemble, makeDomain, sections } = await parties();
    await assemble(...sections.slice(0, 2));
    const absent = await run('domain', 'join', 'cloud-c', 'operator/ring.jws');
    expect(absent).toMatchObject({ code: 4, out: '' });
    expect(absent.err).toContain('expected domain cloud-c in the ring document');
    await makeDomain('cloud-b-again', '--domain', 'cloud-b');
    const twin = await run('domain', 'join', 'cloud-b-again', 'operator/ring.jws');
    expect(twin).toMatchObject({ code: 4, out: '' });
    expect(twin.err).toContain('expected the section of section.jws');
    await run('cluster', 'init', 'development');
    const development = await run('domain', 'join', 'cloud-a', 'development/ring.jws');
    expect(development).toMatchObject({ code: 4, out: '' });
    expect(development.err).toContain('got a development ring');
    expect(await run('domain', 'join', 'operator', 'operator/ring.jws')).toMatchObject({ code: 2, out: '' });
  });
});

describe('the bundle for sensors', () => {
  it('pins the key of every domain', async () => {
    const { run, at, assemble, sections } = await parties();
    const { domains } = JSON.parse((await assemble(...sections, '--json')).out);
    const pins = domains.flatMap(({ domain, key }: Record<string, string>) => ['--pin', `${domain}=${key}`]);
    const made = await run('ring', 'bundle', 'operator/ring.jws', '--out', 'sensor.json', ...pins, '--json');
    expect(made).toMatchObject({ code: 0, err: '' });
    const bundle = readSensorBundle(await readFile(at('sensor.json'), 'utf8'));
    expect((await openSensorBundle(bundle, nodeVerifier)).development).toBe(false);
    expect(Object.keys(bundle.domainKeys)).toEqual(['cloud-a', 'cloud-b', 'cloud-c']);
    const unpinned = await run('ring', 'bundle', 'operator/ring.jws', '--out', 'other.json');
    expect(unpinned.err).toContain('compare these keys');
  });

  it('is refused for a ring with other keys, other domains or too few pins', async () => {
    const { run, at, assemble, sections } = await parties();
    const { domains } = JSON.parse((await assemble(...sections, '--json')).out);
    const [a, b, c] = domains.map(({ domain, key }: Record<string, string>) => `${domain}=${key}`);
    const swapped = `cloud-c=${domains[0].key}`;
    for (const [pins, code] of [
      [[a, b], 4],
      [[a, b, swapped], 4],
      [[a, b, c, `cloud-d=${domains[0].key}`], 4],
      [['cloud-a=short'], 2],
      [[a, a], 2],
    ] as const) {
      const flags = pins.flatMap((pin: string) => ['--pin', pin]);
      const run1 = await run('ring', 'bundle', 'operator/ring.jws', '--out', 'sensor.json', ...flags);
      expect(run1).toMatchObject({ code, out: '' });
    }
    await expect(stat(at('sensor.json'))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
