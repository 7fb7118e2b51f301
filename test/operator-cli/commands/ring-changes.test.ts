import { X509Certificate } from 'node:crypto';
import { copyFile, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadNodeConfig } from '../../../node/config.ts';
import { toBase64Url } from '../../../src/foundation/index.ts';
import { nodeVerifier, p256FromPem } from '../../../src/platform/index.ts';
import { openRingDocument, openSection } from '../../../src/ring/index.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { cli } from '../support/cli.ts';

const NAMES = ['a', 'b'];
const SECTIONS = NAMES.map((name) => `${name}/section.jws`);

/** Two domains of two nodes whose ring document is in their nodes' folders. */
async function ringOfTwo() {
  const workingFolder = await temporaryFolder();
  const at = (...path: readonly string[]) => join(workingFolder, ...path);
  const run = (...args: readonly string[]) => cli(args, { workingFolder });
  const config = ['--config', 'operator/operator.json'];
  const assemble = (...args: readonly string[]) => run('ring', 'assemble', ...args, ...config);
  for (const name of NAMES) {
    await run(
      ...[
        'domain',
        'init',
        name,
        '--domain',
        name,
        '--operator-name',
        `${name} Ltd`,
        '--provider',
        `P ${name}`,
      ],
      ...['--node', `${name}-1=${name}-1.example`, '--node', `${name}-2=${name}-2.example`],
    );
  }
  await run('operator', 'init', 'operator');
  expect(await assemble(...SECTIONS)).toMatchObject({ code: 0 });
  for (const name of NAMES) await run('domain', 'join', name, 'operator/ring.jws');
  const text = async (...path: readonly string[]) => (await readFile(at(...path), 'utf8')).trim();
  const next = (...args: readonly string[]) =>
    assemble(...SECTIONS, '--previous', 'operator/ring.jws', '--out', 'ring-2.jws', ...args);
  const ringOf = async (...path: readonly string[]) => openRingDocument(await text(...path), nodeVerifier);
  return { at, run, next, text, ringOf };
}

describe('a node that is added to a domain', () => {
  it('gets keys of its own, and the next document says from when it has its part', async () => {
    const { at, run, next, text, ringOf } = await ringOfTwo();
    const added = await run('domain', 'add-node', 'a', 'a-3', 'a-3.example', '--json');
    expect(JSON.parse(added.out)).toMatchObject({ version: 2, nodes: [{}, {}, { id: 'a-3' }] });
    const settings = loadNodeConfig(at('a', 'a-3', 'node.json'), {});
    const section = await openSection(await text('a', 'section.jws'), nodeVerifier);
    expect(section.nodes[2]?.storeId).toBe(settings.storeId);
    const refused = await next();
    expect(refused).toMatchObject({ code: 4, out: '' });
    expect(refused.err).toContain('expected --placement-from');
    expect(await next('--placement-from', '+1h')).toMatchObject({ code: 0 });
    expect(await ringOf('ring-2.jws')).toMatchObject({ epoch: 2, placementEpoch: 2 });
    expect(await run('domain', 'join', 'a', 'ring-2.jws')).toMatchObject({ code: 0 });
    expect((await ringOf('a', 'a-3', 'ring.jws')).epoch).toBe(2);
  });

  it('gets the settings that the nodes of a domain share, and the keys that they name', async () => {
    const { at, run, next } = await ringOfTwo();
    await run('domain', 'renew', 'a', 'sealing-key');
    const first = at('a', 'a-1', 'node.json');
    const shared = {
      enrolmentAuthorities: ['A'.repeat(43)],
      minSensorsFloor: 50,
      tokenIssuer: { issuer: 'https://id.example', jwks: 'https://id.example/keys' },
    };
    await writeFile(first, JSON.stringify({ ...JSON.parse(await readFile(first, 'utf8')), ...shared }));
    expect(await run('domain', 'add-node', 'a', 'a-3', 'a-3.example')).toMatchObject({
      code: 0,
      err: expect.stringContaining(
        'took enrolmentAuthorities, allowOpenEnrolment, formerSealingKeys, minSensorsFloor, tokenIssuer from a-1/node.json',
      ),
    });
    const settings = loadNodeConfig(at('a', 'a-3', 'node.json'), {});
    expect(settings).toMatchObject({ ...shared, formerSealingKeys: [at('a', 'a-3', 'sealing-1.key')] });
    expect(await readFile(at('a', 'a-3', 'sealing-1.key'), 'utf8')).toBe(
      await readFile(at('a', 'a-1', 'sealing-1.key'), 'utf8'),
    );
    expect(await next('--placement-from', '+1h')).toMatchObject({ code: 0 });
  });

  it('is refused where there is one of its name, or the folder is no domain’s', async () => {
    const { run, text } = await ringOfTwo();
    const before = await text('a', 'section.jws');
    expect(await run('domain', 'add-node', 'a', 'a-2', 'other.example')).toMatchObject({ code: 2, out: '' });
    expect(await run('domain', 'add-node', 'nowhere', 'a-3', 'a-3.example')).toMatchObject({ code: 2 });
    expect(await text('a', 'section.jws')).toBe(before);
  });
});

describe('a store that is replaced', () => {
  it('is declared lost by its domain, and the node starts on an empty folder', async () => {
    const { at, run, next, text, ringOf } = await ringOfTwo();
    const before = loadNodeConfig(at('a', 'a-1', 'node.json'), {});
    const replaced = JSON.parse((await run('node', 'replace-store', 'a', 'a-1', '--json')).out);
    expect(replaced).toMatchObject({ node: 'a-1', version: 2, lost: before.storeId });
    const after = loadNodeConfig(at('a', 'a-1', 'node.json'), {});
    expect(after.storeId).toBe(replaced.storeId);
    expect(after.dataFolder).not.toBe(before.dataFolder);
    await expect(stat(after.dataFolder)).rejects.toMatchObject({ code: 'ENOENT' });
    const section = await openSection(await text('a', 'section.jws'), nodeVerifier);
    expect(section.lostStores).toEqual([before.storeId]);
    expect(await next('--placement-from', '+1h')).toMatchObject({ code: 0 });
    const { domains } = await ringOf('ring-2.jws');
    expect(domains[0]?.nodes[0]).toMatchObject({ id: 'a-1', storeId: replaced.storeId });
  });

  it('is refused for a node that the domain does not have', async () => {
    const { run } = await ringOfTwo();
    const refused = await run('node', 'replace-store', 'a', 'b-1');
    expect(refused).toMatchObject({ code: 2, out: '' });
    expect(refused.err).toContain('a-1, a-2');
  });
});

describe('a domain that makes anew', () => {
  const issued = (authority: string, certificate: string) => {
    const [by, leaf] = [new X509Certificate(authority), new X509Certificate(certificate)];
    return leaf.checkIssued(by) && leaf.verify(by.publicKey);
  };
  const renew = (run: Awaited<ReturnType<typeof ringOfTwo>>['run'], what: string) =>
    run('domain', 'renew', 'a', what, '--json');

  it('its nodes’ certificates keeps its section', async () => {
    const { at, run, text } = await ringOfTwo();
    const before = { section: await text('a', 'section.jws'), tls: await text('a', 'a-1', 'tls.pem') };
    expect(JSON.parse((await renew(run, 'certificates')).out)).toMatchObject({
      renewed: 'certificates',
      version: 1,
    });
    expect(await text('a', 'section.jws')).toBe(before.section);
    expect(await text('a', 'a-1', 'tls.pem')).not.toBe(before.tls);
    const authority = await text('a', 'ca.pem');
    for (const node of ['a-1', 'a-2']) {
      for (const name of ['tls', 'peer']) {
        expect(issued(authority, await text('a', node, `${name}.pem`))).toBe(true);
        expect((await stat(at('a', node, `${name}.key`))).mode & 0o077).toBe(0);
      }
    }
    const { subjectAltName } = new X509Certificate(await text('a', 'a-2', 'peer.pem'));
    expect(subjectAltName).toContain('mcloud://a/a-2');
    expect(subjectAltName).toContain('DNS:a-2.example');
  });

  it('its authority’s certificate goes on trusting the nodes that it has', async () => {
    const { run, next, text, ringOf } = await ringOfTwo();
    const before = await text('a', 'ca.pem');
    expect(await renew(run, 'authority')).toMatchObject({ code: 0 });
    const after = await text('a', 'ca.pem');
    expect(after).not.toBe(before);
    expect(issued(after, await text('a', 'a-1', 'peer.pem'))).toBe(true);
    expect(await next()).toMatchObject({ code: 0 });
    expect((await ringOf('ring-2.jws')).domains[0]?.certificateAuthority.trim()).toBe(after);
  });

  it('its authority trusts only nodes with new certificates', async () => {
    const { run, next, text } = await ringOfTwo();
    const [before, tls] = [await text('a', 'ca.pem'), await text('a', 'a-1', 'tls.pem')];
    expect(await renew(run, 'authority-key')).toMatchObject({ code: 0 });
    const after = await text('a', 'ca.pem');
    expect(issued(after, tls)).toBe(false);
    expect(issued(after, await text('a', 'a-1', 'tls.pem'))).toBe(true);
    expect(issued(before, await text('a', 'a-1', 'tls.pem'))).toBe(false);
    expect(await next()).toMatchObject({ code: 0 });
  });

  it('its sealing key keeps the one before for what sensors still send', async () => {
    const { at, run, next, text, ringOf } = await ringOfTwo();
    const before = await text('a', 'sealing.key');
    expect(await renew(run, 'sealing-key')).toMatchObject({ code: 0 });
    const settings = loadNodeConfig(at('a', 'a-2', 'node.json'), {});
    expect(settings.formerSealingKeys).toEqual([at('a', 'a-2', 'sealing-1.key')]);
    expect(await text('a', 'a-2', 'sealing-1.key')).toBe(before);
    expect(await text('a', 'a-2', 'sealing.key')).not.toBe(before);
    expect(await next()).toMatchObject({ code: 0 });
    const { publicKey } = p256FromPem(await text('a', 'a-2', 'sealing.key'));
    expect((await ringOf('ring-2.jws')).domains[0]?.sealingKey).toBe(toBase64Url(publicKey));
  });

  it('its sealing keys before the last are kept, and one too many is refused before anything changes', async () => {
    const { at, run, text } = await ringOfTwo();
    const first = await text('a', 'sealing.key');
    for (let times = 0; times < 2; times++)
      expect(await renew(run, 'sealing-key')).toMatchObject({ code: 0 });
    const settings = loadNodeConfig(at('a', 'a-2', 'node.json'), {});
    expect(settings.formerSealingKeys).toEqual([
      at('a', 'a-2', 'sealing-2.key'),
      at('a', 'a-2', 'sealing-1.key'),
    ]);
    // The ring document of that time still names the first one: without it the node would not start.
    expect(await text('a', 'a-2', 'sealing-1.key')).toBe(first);
    const section = await text('a', 'section.jws');
    const refused = await renew(run, 'sealing-key');
    expect(refused).toMatchObject({ code: 2, out: '' });
    expect(refused.err).toContain('expected fewer than 2 formerSealingKeys in');
    expect(await text('a', 'section.jws')).toBe(section);
  });

  it('its key is followed from the old one, and signs what comes next', async () => {
    const { run, next, text, ringOf } = await ringOfTwo();
    const [before] = (await ringOf('operator', 'ring.jws')).domains;
    const old = await text('a', 'domain.key');
    const renewed = JSON.parse((await renew(run, 'domain-key')).out);
    expect(renewed.key).not.toBe(before?.key);
    expect(await text('a', 'domain-1.key')).toBe(old);
    expect(await next()).toMatchObject({ code: 0 });
    const [section] = (await ringOf('ring-2.jws')).domains;
    expect(section).toMatchObject({ key: renewed.key, rotatedFrom: before?.key });
    expect(await run('domain', 'add-node', 'a', 'a-3', 'a-3.example')).toMatchObject({ code: 0 });
    expect(await openSection(await text('a', 'section.jws'), nodeVerifier)).toMatchObject({
      key: renewed.key,
    });
  });

  it('nothing where its folder is not whole, or does not know what is asked for', async () => {
    const { at, run, text } = await ringOfTwo();
    expect(await run('domain', 'renew', 'nowhere', 'domain-key')).toMatchObject({ code: 2, out: '' });
    expect(await run('domain', 'renew', 'a', 'everything')).toMatchObject({ code: 2, out: '' });
    const section = await text('a', 'section.jws');
    for (const name of ['domain.key', 'sealing.key']) await copyFile(at('b', name), at('a', name));
    for (const what of ['domain-key', 'sealing-key', 'authority']) {
      const refused = await renew(run, what);
      expect(refused).toMatchObject({ code: 2, out: '' });
      expect(refused.err).toContain('of section.jws');
    }
    expect(await text('a', 'section.jws')).toBe(section);
  });
});
