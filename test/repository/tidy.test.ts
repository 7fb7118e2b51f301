import { describe, expect, test } from 'vitest';
import { filesUnder, productFiles, readText, testFiles, withoutComments } from './repository.ts';

/** A file longer than this has two subjects. */
const LINES_MAX = 320;

const SELF = 'test/repository/tidy.test.ts';
const product = productFiles();
const tests = testFiles().filter((path) => path !== SELF);
const documents = ['README.md', 'ARCHITECTURE.md', 'CHANGELOG.md', ...filesUnder('docs', '.md')];

/** Lines that match, as "path:line text". */
function findings(paths: readonly string[], pattern: RegExp, strip = (text: string) => text): string[] {
  return paths.flatMap((path) =>
    strip(readText(path))
      .split('\n')
      .flatMap((line, i) => (pattern.test(line) ? [`${path}:${i + 1} ${line.trim().slice(0, 90)}`] : [])),
  );
}

describe('files of the product', () => {
  test('are not too long', () => {
    const long = product
      .map((path) => ({ path, lines: readText(path).split('\n').length - 1 }))
      .filter(({ lines }) => lines > LINES_MAX);
    expect(long).toEqual([]);
  });

  test('read no clock, draw no randomness and print nothing in the core', () => {
    const core = product.filter((path) => path.startsWith('src/') && !path.startsWith('src/platform/'));
    const pattern = /Math\.random|Date\.now|new Date\(|\bconsole\.|\bprocess\.|\bsetTimeout\(|\bcrypto\./;
    expect(findings(core, pattern, withoutComments)).toEqual([]);
  });

  test('never use the weak random generator, nor print past their own output', () => {
    expect(findings(product, /Math\.random|\bconsole\./, withoutComments)).toEqual([]);
  });

  test('switch no certificate check off', () => {
    expect(findings(product, /rejectUnauthorized: false|NODE_TLS_REJECT_UNAUTHORIZED/)).toEqual([]);
  });
});

/** Vitest takes settings and reporters by the default export of their file. */
const LOADED_BY_VITEST = ['test/vitest.config.ts', 'test/attack/vitest.config.ts', 'test/attack/reporter.ts'];

describe('every source file', () => {
  test('has no default export', () => {
    const paths = [...product, ...tests].filter((path) => !LOADED_BY_VITEST.includes(path));
    expect(findings(paths, /^export default\b|\bas default\b/)).toEqual([]);
  });

  test('carries no unfinished note without the number of an issue', () => {
    const notes = findings([...product, ...tests], /\b(?:TODO|FIXME|XXX|HACK)\b/);
    expect(notes.filter((note) => !/#\d+/.test(note))).toEqual([]);
  });

  test('hides no test', () => {
    const hidden = /\b(?:test|it|describe|suite)\.(?:skip|only|todo|fails)\b|\b(?:xit|xdescribe|fit)\(/;
    expect(findings(tests, hidden)).toEqual([]);
  });

  test('cites documents of the project, by their titles', () => {
    const cited = findings([...product, ...tests], /\bDESIGN\b/);
    expect(cited).toEqual([]);
    const headings = [...readText('docs/PROTOCOL.md').matchAll(/^## (.*)$/gm)].map(([, title]) => title);
    const titles = [...product, ...tests].flatMap((path) =>
      [...readText(path).matchAll(/docs\/PROTOCOL\.md, "([^"]+)"/g)].map(([, title = '']) =>
        title.replace(/\n \* /g, ' '),
      ),
    );
    expect(titles.length).toBeGreaterThan(0);
    expect(titles.filter((title) => !headings.includes(title))).toEqual([]);
  });

  test('waits for no wall clock in a test', () => {
    expect(findings(tests, /setTimeout\(resolve|setTimeout\b.*timers\/promises/, withoutComments)).toEqual(
      [],
    );
  });

  test('and every document names no path of somebody’s computer', () => {
    const pattern = /(?:^|[\s'"`(=])\/(?:tmp|work|home|root|Users)\//;
    expect(findings([...product, ...tests, ...documents, 'package.json'], pattern)).toEqual([]);
  });
});

test('every test file of a product file stands at its mirrored path', () => {
  const mirrored = tests.filter((path) =>
    /^test\/(?:src|node|sensor-client|operator-cli)\/.*\.test\.ts$/.test(path),
  );
  const sources = new Set(product);
  const folders = new Set(
    product.flatMap((path) => path.split('/').map((_, i, parts) => parts.slice(0, i).join('/'))),
  );
  const lost = mirrored.filter((path) => {
    const source = path.slice('test/'.length).replace(/\.test\.ts$/, '');
    return !sources.has(`${source}.ts`) && !folders.has(source.split('/').slice(0, -1).join('/'));
  });
  expect(lost).toEqual([]);
});
