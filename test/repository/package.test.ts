import { execSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { importsOf, productFiles, readText, testFiles } from './repository.ts';

interface Manifest {
  readonly bin: Readonly<Record<string, string>>;
  readonly scripts: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

const manifest: Manifest = JSON.parse(readText('package.json'));

/** Tools that are run and not imported. */
const RUN = ['@biomejs/biome', '@types/node', '@types/oidc-provider', '@types/pg', 'tsx', 'typescript'];

/** Names of packages that files import. */
function packagesOf(paths: readonly string[]): Set<string> {
  return new Set(
    paths
      .flatMap(importsOf)
      .filter((name) => !name.startsWith('.') && !name.startsWith('node:') && !name.startsWith('m-cloud'))
      .map((name) => name.split('/', name.startsWith('@') ? 2 : 1).join('/')),
  );
}

const byProduct = packagesOf(productFiles());
const byTests = packagesOf(testFiles());

describe('package.json', () => {
  test('lists as dependencies exactly what the product imports', () => {
    expect([...byProduct].sort()).toEqual(Object.keys(manifest.dependencies).sort());
  });

  test('lists no development dependency that nothing uses', () => {
    const unused = Object.keys(manifest.devDependencies).filter(
      (name) => !byTests.has(name) && !RUN.includes(name),
    );
    expect(unused).toEqual([]);
  });

  test('lists everything that the tests import', () => {
    const known = { ...manifest.dependencies, ...manifest.devDependencies };
    expect([...byTests].filter((name) => !Object.hasOwn(known, name))).toEqual([]);
  });
});

// A program of its own, which on a busy computer waits its turn for longer than any test in this process.
const PACK_TIMEOUT_MS = 300_000;

test('the package has everything that is promised, and no tests and maps of what is not in it', {
  timeout: PACK_TIMEOUT_MS,
}, () => {
  const command = 'npm pack --dry-run --json --ignore-scripts --loglevel=error';
  const [packed]: readonly { readonly files: readonly { readonly path: string }[] }[] = JSON.parse(
    execSync(command, { encoding: 'utf8' }),
  );
  const paths = (packed?.files ?? []).map(({ path }) => path);
  expect(paths).toEqual(
    expect.arrayContaining(['README.md', 'docs/PROTOCOL.md', 'test/vectors/messages.json']),
  );
  expect(paths.filter((path) => /(?<!\.d)\.ts$|\.map$|^dist\/test/.test(path))).toEqual([]);
});

describe('commands in the documents', () => {
  const blocks = ['README.md', 'ARCHITECTURE.md', 'docs/PROTOCOL.md'].flatMap((path) =>
    [...readText(path).matchAll(/^```(?:sh|bash|console)\n([\s\S]*?)^```/gm)].flatMap(([, block = '']) =>
      block.split('\n'),
    ),
  );

  test('name npm scripts that exist', () => {
    const named = blocks.flatMap((line) => [...line.matchAll(/npm run (?:--silent )?([a-z-]+)/g)]);
    expect(named.length).toBeGreaterThan(0);
    const missing = named.map(([, script = '']) => script).filter((script) => !(script in manifest.scripts));
    expect(missing).toEqual([]);
  });

  test('name commands of the package that exist', () => {
    const named = blocks.flatMap((line) => [...line.matchAll(/(?:^|\s|\$ )(m-cloud[a-z-]*)(?=\s|$)/g)]);
    const missing = named.map(([, name = '']) => name).filter((name) => !(name in manifest.bin));
    expect(missing).toEqual([]);
  });
});
