import { describe, expect, test } from 'vitest';
import { filesUnder, importsOf, productFiles, resolveImport } from './repository.ts';

/** The core from the bottom up; a layer imports itself and what stands before it. */
const LAYERS = [
  'foundation',
  'arithmetic',
  'sharing',
  'statistics',
  'ring',
  'protocol',
  'ports',
  'consensus',
  'rounds',
];

/** What the real ports build on; they stand beside the core, not on top of it. */
const BELOW_PLATFORM = ['foundation', 'ring', 'protocol', 'ports', 'platform'];

/** Packages without I/O, a clock or randomness of their own. */
const CORE_PACKAGES = ['@noble/hashes/', 'bigint-crypto-utils', 'typebox'];

interface Import {
  readonly from: string;
  readonly to: string;
}

const imports: readonly Import[] = productFiles().flatMap((from) =>
  importsOf(from)
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) => ({ from, to: resolveImport(from, specifier) })),
);

const folderOf = (path: string): string => path.split('/', 1)[0] ?? '';
const layerOf = (path: string): string => (path.startsWith('src/') ? (path.split('/')[1] ?? '') : '');
const shown = (bad: readonly Import[]): string[] => bad.map(({ from, to }) => `${from} -> ${to}`);

describe('layers of the core', () => {
  test('every folder of src is a layer or the platform', () => {
    const folders = new Set(filesUnder('src', '.ts').map(layerOf));
    expect([...folders].filter((name) => name !== 'platform' && !LAYERS.includes(name))).toEqual([]);
  });

  test('a layer imports only itself and the layers below it', () => {
    const bad = imports.filter(({ from, to }) => {
      const layer = layerOf(from);
      if (layer === '' || layer === 'platform') return false;
      const below = LAYERS.slice(0, LAYERS.indexOf(layer) + 1);
      return !below.includes(layerOf(to));
    });
    expect(shown(bad)).toEqual([]);
  });

  test('the platform builds on foundation, ring, protocol and ports', () => {
    const bad = imports.filter(
      ({ from, to }) => layerOf(from) === 'platform' && !BELOW_PLATFORM.includes(layerOf(to)),
    );
    expect(shown(bad)).toEqual([]);
  });

  test('the core imports no package that does I/O', () => {
    const bad = filesUnder('src', '.ts')
      .filter((path) => layerOf(path) !== 'platform')
      .flatMap((path) =>
        importsOf(path)
          .filter((name) => !name.startsWith('.'))
          .filter((name) => !CORE_PACKAGES.some((allowed) => name.startsWith(allowed)))
          .map((name) => `${path} -> ${name}`),
      );
    expect(bad).toEqual([]);
  });
});

describe('programs above the core', () => {
  test('only what runs on a real computer imports the platform', () => {
    const bad = imports.filter(({ from, to }) => {
      if (layerOf(to) !== 'platform' || layerOf(from) === 'platform') return false;
      if (folderOf(from) !== 'sensor-client') return folderOf(from) === 'src';
      // The SDK itself runs in a browser too.
      return !/^sensor-client\/(node-ports|main)\.ts$|^sensor-client\/cli\//.test(from);
    });
    expect(shown(bad)).toEqual([]);
  });

  test('node, sensor-client and operator-cli do not import each other, the embedded cluster apart', () => {
    const programs = ['node', 'sensor-client', 'operator-cli'];
    const bad = imports.filter(({ from, to }) => {
      if (from.startsWith('operator-cli/embedded/')) return folderOf(to) === 'test';
      return folderOf(to) === 'test' || (folderOf(from) !== folderOf(to) && programs.includes(folderOf(to)));
    });
    expect(shown(bad)).toEqual([]);
  });

  test('the SDK takes nothing from Node outside its real ports and its command', () => {
    const bad = filesUnder('sensor-client', '.ts')
      .filter((path) => !/^sensor-client\/(node-ports|main)\.ts$|^sensor-client\/cli\//.test(path))
      .filter((path) => importsOf(path).some((name) => name.startsWith('node:')));
    expect(bad).toEqual([]);
  });
});
