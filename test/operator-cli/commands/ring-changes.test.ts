import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadNodeConfig } from '../../../node/config.ts';
import { nodeVerifier } from '../../../src/platform/index.ts';
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
