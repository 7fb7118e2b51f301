import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { loadNodeConfig } from '../../node/config.ts';
import type { NodeMaterial } from '../../operator-cli/cluster/index.ts';
import { cli } from '../operator-cli/support/cli.ts';
import { temporaryFolder } from '../support/folders.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const text = readFileSync(join(ROOT, 'docker-compose.yml'), 'utf8');
// As the file spells it, for programs that fill it in.
const CLUSTER = ['$', '{MCLOUD_CLUSTER:-./cluster}'].join('');

/** Everything indented under a key of this depth, as its own lines. */
function block(of: string, key: string, indent: number): string {
  const start = new RegExp(`^ {${indent}}${key}:.*\\n`, 'm').exec(of);
  if (start === null) throw new Error(`expected ${key} in the compose file`);
  const rest = of.slice(start.index + start[0].length);
  const end = new RegExp(`^ {0,${indent}}[^\\s#]`, 'm').exec(rest);
  return end === null ? rest : rest.slice(0, end.index);
}

const services = block(text, 'services', 0);
const keysOf = (part: string): string[] =>
  [...part.matchAll(/^ {2}([a-z][\w-]*):/gm)].map(([, key = '']) => key);
const nodes = keysOf(services).filter((name) => name.startsWith('cloud-'));

describe('docker-compose.yml', () => {
  test('has a service for every node of "cluster init --host-per-node", and operator and sensor', async () => {
    const workingFolder = await temporaryFolder();
    const made = await cli(['cluster', 'init', 'c', '--host-per-node', '--json'], { workingFolder });
    const listed: Pick<NodeMaterial, 'id' | 'domain' | 'url'>[] = JSON.parse(made.out).nodes;
    expect(nodes).toEqual(listed.map(({ id }) => id));
    expect(keysOf(services)).toEqual([...nodes, 'operator', 'sensor']);
    for (const { id, domain, url } of listed) {
      const config = loadNodeConfig(join(workingFolder, 'c', domain, id, 'node.json'), {});
      const { port } = config.publicListen;
      expect(config.publicListen.host).toBe('0.0.0.0');
      expect(url).toBe(`https://${id}:${port}`);
      expect(block(services, id, 2)).toContain(`- "127.0.0.1:${port}:${port}"\n`);
    }
  });

  test('names only files that "cluster init" writes, and gives a node those of its own folder alone', async () => {
    const workingFolder = await temporaryFolder();
    await cli(['cluster', 'init', 'c', '--host-per-node'], { workingFolder });
    const named = [...text.matchAll(/\$\{MCLOUD_CLUSTER:-\.\/cluster\}\/([\w./-]+)/g)].map(
      ([, path = '']) => path,
    );
    expect(named.length).toBe(6 * 7 + 4);
    expect(named.filter((path) => !existsSync(join(workingFolder, 'c', path)))).toEqual([]);
    for (const id of nodes) {
      const folder = `${CLUSTER}/${id.replace(/-\d$/, '')}/${id}/`;
      const paths = block(services, id, 2)
        .split('\n')
        .filter((line) => line.includes(CLUSTER));
      expect(paths.filter((line) => !line.includes(folder))).toEqual([]);
    }
  });

  test('keeps every key a secret and every store on a volume of its own', () => {
    const secrets = block(text, 'secrets', 0);
    expect(services).not.toMatch(/\.key:.*:ro/);
    for (const id of nodes) {
      const service = block(services, id, 2);
      expect(service).toContain(`- ${id}:/data\n`);
      for (const name of ['tls', 'peer', 'sealing']) {
        expect(service).toContain(`- source: ${id}-${name}\n        target: /etc/m-cloud/${name}.key\n`);
        expect(block(secrets, `${id}-${name}`, 2)).toContain(`/${id}/${name}.key\n`);
      }
    }
    expect(keysOf(block(text, 'volumes', 0))).toEqual(nodes);
  });

  test('confines every program, and waits with operator and sensor for healthy nodes', () => {
    const program = block(text, 'x-program', 0);
    for (const rule of ['user: ', 'read_only: true', '- ALL', '- no-new-privileges', '- /tmp']) {
      expect(program).toContain(rule);
    }
    for (const name of ['operator', 'sensor']) {
      expect(block(services, name, 2)).toContain('<<: *program\n');
      expect(block(services, name, 2)).toContain('depends_on: *all-healthy\n');
    }
    for (const id of nodes) expect(block(services, id, 2)).toContain('<<: *node\n');
    expect(keysOf(block(text, 'x-all-healthy', 0))).toEqual(nodes);
  });

  test('is read by old and new programs: no version, no name', () => {
    expect(text).not.toMatch(/^(?:version|name):/m);
  });
});
