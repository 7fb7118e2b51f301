import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The project's folder. */
export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** Folders of the product: what is published, apart from documents. */
export const PRODUCT = ['src', 'node', 'sensor-client', 'operator-cli'] as const;

const SKIPPED = new Set(['node_modules', 'dist', '.git']);

/**
 * Files under a folder whose name ends in `ending`, as paths from the root with slashes, sorted. Folders of tools are not
 * entered: what lies in them comes and goes while the tests run.
 */
export function filesUnder(folder: string, ending: string): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true })
    .flatMap((entry) => {
      const path = posix.join(folder, entry.name);
      if (entry.isDirectory()) return SKIPPED.has(entry.name) ? [] : filesUnder(path, ending);
      return entry.isFile() && entry.name.endsWith(ending) ? [path] : [];
    })
    .sort();
}

export function productFiles(): string[] {
  return PRODUCT.flatMap((folder) => filesUnder(folder, '.ts'));
}

export function testFiles(): string[] {
  return filesUnder('test', '.ts');
}

export function readText(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

/** Source text without its comments; strings that look like comments do not occur in specifiers. */
export function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|[^:'"`])\/\/[^\n]*/g, '$1');
}

/** Module specifiers that a file imports or re-exports, also by `import()`. */
export function importsOf(path: string): string[] {
  const code = withoutComments(readText(path));
  const found = code.matchAll(/\bfrom\s+'([^']+)'|\bimport\s+'([^']+)'|\bimport\(\s*'([^']+)'\s*\)/g);
  return [...found].map(([, from, bare, dynamic]) => from ?? bare ?? dynamic ?? '');
}

/** A relative specifier as a path from the root. */
export function resolveImport(path: string, specifier: string): string {
  return join(dirname(path), specifier).split(sep).join('/');
}

/** Rows of every table in a Markdown text: their cells without surrounding blanks. */
export function tableRows(markdown: string): string[][] {
  return markdown
    .split('\n')
    .filter((line) => line.startsWith('|') && !/^\|[-: |]+\|$/.test(line))
    .map((line) =>
      line
        .slice(1, -1)
        .split(' | ')
        .map((cell) => cell.trim()),
    );
}

/** A cell of the form `name` without its backticks; undefined for any other cell. */
export function codeCell(cell: string | undefined): string | undefined {
  return /^`([^`]+)`$/.exec(cell ?? '')?.[1];
}
