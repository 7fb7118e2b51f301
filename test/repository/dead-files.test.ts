import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { importsOf, productFiles, ROOT, readText, resolveImport } from './repository.ts';

interface Manifest {
  readonly bin: Readonly<Record<string, string>>;
  readonly exports: Readonly<Record<string, string>>;
}

const { bin, exports }: Manifest = JSON.parse(readText('package.json'));

/** A published file as the source it is compiled from. */
function sourceOf(published: string): string {
  return published.replace(/^\.\/dist\//, '').replace(/\.js$/, '.ts');
}

const entries = [...Object.values(bin), ...Object.values(exports)]
  .filter((path) => path.startsWith('./dist/'))
  .map(sourceOf);

test('every command and every export of the package has its source', () => {
  expect(entries.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
});

test('every source file is reached from a command or an export', () => {
  const reached = new Set<string>();
  const waiting = entries.filter((path) => existsSync(join(ROOT, path)));
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (reached.has(path)) continue;
    reached.add(path);
    for (const specifier of importsOf(path)) {
      if (specifier.startsWith('.')) waiting.push(resolveImport(path, specifier));
    }
  }
  expect(productFiles().filter((path) => !reached.has(path))).toEqual([]);
});
